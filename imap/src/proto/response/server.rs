//! What the server says of itself: CAPABILITY, NAMESPACE (RFC 2342), ID (RFC 2971), ENABLED (RFC 5161).

use super::string::{self, atom, string};
use crate::proto::parse::MailboxName;

/// `* CAPABILITY …`
pub fn capability(capabilities: &[&str], out: &mut Vec<u8>) {
    words(b"* CAPABILITY", capabilities, out);
}

/// `* ENABLED …`
pub fn enabled(capabilities: &[&str], out: &mut Vec<u8>) {
    words(b"* ENABLED", capabilities, out);
}

/// `* NAMESPACE (("" "/")) NIL NIL`: one personal namespace and no others.
pub fn namespace(out: &mut Vec<u8>) {
    let delimiter = MailboxName::DELIMITER;
    out.extend_from_slice(format!("* NAMESPACE ((\"\" \"{delimiter}\")) NIL NIL\r\n").as_bytes());
}

/// `* ID ("name" "value" …)`; with no fields, `NIL`.
pub fn id(fields: &[(&str, &str)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ID ");
    if fields.is_empty() {
        out.extend_from_slice(b"NIL");
    } else {
        string::list(fields, out, |(name, value), out| {
            string(name.as_bytes(), out);
            out.push(b' ');
            string(value.as_bytes(), out);
        });
    }
    out.extend_from_slice(b"\r\n");
}

fn words(start: &[u8], words: &[&str], out: &mut Vec<u8>) {
    out.extend_from_slice(start);
    for word in words {
        out.push(b' ');
        atom(word, out);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut out = Vec::new();
        capability(&["IMAP4rev1", "LITERAL-"], &mut out);
        enabled(&[], &mut out);
        namespace(&mut out);
        id(&[], &mut out);
        id(&[("name", "Bulk\"head"), ("version", "1")], &mut out);
        let want = "* CAPABILITY IMAP4rev1 LITERAL-\r\n* ENABLED\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n* ID NIL\r\n\
                    * ID (\"name\" \"Bulk\\\"head\" \"version\" \"1\")\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }
}
