//! Strings, RFC 3501 section 4.3.

/// Octets of the longest string that is quoted rather than counted.
const MAX_QUOTED: usize = 1024;

/// A `string`: quoted if it is short and printable ASCII, otherwise a literal.
///
/// NUL, which no string can hold (CHAR8, RFC 3501 section 9), becomes a question mark.
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    if text.len() <= MAX_QUOTED && text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        quoted(text, out);
    } else {
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend(text.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }));
    }
}

/// An `nstring`: a string, or `NIL`.
pub fn nstring(text: Option<&[u8]>, out: &mut Vec<u8>) {
    match text {
        Some(text) => string(text, out),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// `"(" item *(SP item) ")"`
pub(super) fn list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut item: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(b'(');
    for (at, each) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        item(each, out);
    }
    out.push(b')');
}

/// Human readable text for the end of a line: what is not printable ASCII is left out, and it is never empty, RFC 3501
/// section 9 (`text`).
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    let before = out.len();
    out.extend(text.bytes().filter(|byte| matches!(byte, b' '..=b'~')));
    if out.len() == before {
        out.push(b'.');
    }
}

/// An atom. What an atom cannot hold is left out; of nothing an underscore is made.
pub(super) fn atom(text: &str, out: &mut Vec<u8>) {
    let before = out.len();
    out.extend(text.bytes().filter(|byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
    }));
    if out.len() == before {
        out.push(b'_');
    }
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::parse::{Command, command};

    #[test]
    fn strings() {
        for (text, want) in [
            (&b""[..], &b"\"\""[..]),
            (b"plain", b"\"plain\""),
            (br#"a"b\c"#, br#""a\"b\\c""#),
            (b"a\r\nb", b"{4}\r\na\r\nb"),
            (b"\xc3\xbc", b"{2}\r\n\xc3\xbc"),
            (b"a\0b", b"{3}\r\na?b"),
            (b"\x7f", b"{1}\r\n\x7f"),
        ] {
            let mut out = Vec::new();
            string(text, &mut out);
            assert_eq!(out, want, "{}", text.escape_ascii());
        }
        let mut out = Vec::new();
        string(&[b'x'; MAX_QUOTED + 1], &mut out);
        assert!(out.starts_with(b"{1025}\r\nxx"));
    }

    #[test]
    fn text_stays_on_its_line() {
        let mut out = Vec::new();
        text("a\r\n* BYE", &mut out);
        text("\n", &mut out);
        assert_eq!(out, b"a* BYE.");
    }

    proptest! {
        #[test]
        fn a_string_is_read_as_it_was_written(text in prop_oneof![any::<Vec<u8>>(), "[ -~]{0,40}".prop_map(String::into_bytes)]) {
            let mut line = b"a LOGIN u ".to_vec();
            string(&text, &mut line);
            let want: Vec<u8> = text.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }).collect();
            match command(&line).map(|tagged| tagged.command) {
                Ok(Command::Login { password, .. }) => prop_assert_eq!(password.as_bytes(), want),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
