//! Reads tokens off the front of one whole command, its literals inline.

use std::borrow::Cow;

use super::atoms;
use super::literal;
use super::syntax::{Parsed, Syntax};

/// What of a command is not yet parsed.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// At the front of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// What is not yet parsed.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Is everything parsed?
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Steps over `byte` when it is next.
    pub(super) fn skip(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Steps over `byte`, which must be next.
    pub(super) fn expect(&mut self, byte: u8, otherwise: Syntax) -> Parsed<()> {
        if self.skip(byte) { Ok(()) } else { Err(otherwise) }
    }

    /// The space between two arguments.
    pub(super) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', Syntax::Space)
    }

    /// The end of the command. Spaces before it are forgiven: clients leave them.
    pub(super) fn end(&mut self) -> Parsed<()> {
        while self.skip(b' ') {}
        if self.is_empty() { Ok(()) } else { Err(Syntax::Trailing) }
    }

    /// As many bytes as are of the class, possibly none.
    pub(super) fn take_while(&mut self, class: impl Fn(u8) -> bool) -> &'a [u8] {
        let count = self.rest.iter().take_while(|byte| class(**byte)).count();
        self.take(count).unwrap_or_default()
    }

    /// Exactly `count` bytes, if there are so many.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(front)
    }

    /// An atom.
    pub(super) fn atom(&mut self) -> Parsed<&'a str> {
        match std::str::from_utf8(self.take_while(atoms::is_atom)) {
            Ok(atom) if !atom.is_empty() => Ok(atom),
            _ => Err(Syntax::Atom),
        }
    }

    /// A name made of letters, digits, dots and hyphens, in upper case: what commands, items and keys are called.
    pub(super) fn word(&mut self) -> String {
        let word = self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        word.iter().map(|byte| char::from(byte.to_ascii_uppercase())).collect()
    }

    /// `number`: 32 bits, RFC 3501 section 9.
    pub(super) fn number(&mut self) -> Parsed<u32> {
        u32::try_from(self.number64()?).map_err(|_| Syntax::Number)
    }

    /// `nz-number`: a number that is not zero.
    pub(super) fn nz_number(&mut self) -> Parsed<u32> {
        match self.number()? {
            0 => Err(Syntax::Number),
            number => Ok(number),
        }
    }

    /// `number64` of RFC 9051, of 63 bits.
    pub(super) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let text = std::str::from_utf8(digits).map_err(|_| Syntax::Number)?;
        text.parse().ok().filter(|number| *number <= i64::MAX as u64).ok_or(Syntax::Number)
    }

    /// `string`: quoted or literal.
    pub(super) fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => Err(Syntax::String),
        }
    }

    /// `astring`: an atom or a string.
    pub(super) fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.string_or(atoms::is_astring)
    }

    /// An `astring` that is UTF-8.
    pub(super) fn text(&mut self) -> Parsed<String> {
        String::from_utf8(self.astring()?.into_owned()).map_err(|_| Syntax::Utf8)
    }

    /// Unquoted characters of the class, or a string.
    pub(super) fn string_or(&mut self, class: impl Fn(u8) -> bool) -> Parsed<Cow<'a, [u8]>> {
        if let Some(b'"' | b'{') = self.peek() {
            return self.string();
        }
        match self.take_while(class) {
            [] => Err(Syntax::String),
            atom => Ok(Cow::Borrowed(atom)),
        }
    }

    /// Steps over `NIL` when it is next.
    pub(super) fn nil(&mut self) -> bool {
        match self.rest.split_at_checked(3) {
            Some((front, rest)) if front.eq_ignore_ascii_case(b"NIL") => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// `"(" [item *(SP item)] ")"` with at most `cap` items.
    pub(super) fn list<T>(
        &mut self,
        cap: usize,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', Syntax::List)?;
        if self.skip(b')') {
            return Ok(Vec::new());
        }
        let items = self.spaced(cap, &mut item)?;
        self.expect(b')', Syntax::List)?;
        Ok(items)
    }

    /// `item *(SP item)` with at most `cap` items.
    pub(super) fn spaced<T>(
        &mut self,
        cap: usize,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.skip(b' ') {
            if items.len() >= cap {
                return Err(Syntax::TooMany);
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.expect(b'"', Syntax::String)?;
        let plain = self.take_while(is_quotable);
        if self.skip(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        loop {
            self.expect(b'\\', Syntax::String)?;
            match self.take(1) {
                Some(escaped @ (b"\\" | b"\"")) => text.extend_from_slice(escaped),
                _ => return Err(Syntax::String),
            }
            text.extend_from_slice(self.take_while(is_quotable));
            if self.skip(b'"') {
                return Ok(Cow::Owned(text));
            }
        }
    }

    fn literal(&mut self) -> Parsed<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(Syntax::String)?;
        let line = self.take(end.saturating_add(1)).unwrap_or_default();
        let header =
            literal::Header::at_end_of(line).filter(|header| header.start == 0).ok_or(Syntax::String)?;
        let size = usize::try_from(header.size).map_err(|_| Syntax::String)?;
        let text = self.take(size).ok_or(Syntax::String)?;
        // CHAR8 of RFC 3501 section 9 leaves out NUL
        if text.contains(&0) { Err(Syntax::String) } else { Ok(text) }
    }
}

/// QUOTED-CHAR but for the escapes, and any 8-bit: clients quote UTF-8, and what it says is checked where it is used.
fn is_quotable(byte: u8) -> bool {
    !matches!(byte, 0 | b'\r' | b'\n' | b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        for (text, want) in [
            (&b"\"\""[..], Some(&b""[..])),
            (b"\"a b\"", Some(b"a b")),
            (br#""a\"b\\""#, Some(br#"a"b\"#)),
            (br#""a\b""#, None),
            (b"\"a", None),
            (b"\"a\\", None),
            (b"\"a\r\nb\"", None),
            (b"{0}\r\n", Some(b"")),
            (b"{3}\r\na\"b", Some(b"a\"b")),
            (b"{3+}\na\nb", Some(b"a\nb")),
            (b"{3}\r\nab", None),
            (b"{1}\r\n\0", None),
            (b"{1}x", None),
            (b"{}\r\n", None),
        ] {
            let mut cursor = Cursor::new(text);
            let got = cursor.string().ok();
            assert_eq!(got.as_deref(), want, "{}", text.escape_ascii());
            assert!(want.is_none() || cursor.is_empty(), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn numbers() {
        for (text, want) in [
            ("0", Some(0)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("99999999999999999999999", None),
            ("", None),
            ("-1", None),
            ("+1", None),
        ] {
            assert_eq!(Cursor::new(text.as_bytes()).number().ok(), want, "{text}");
        }
        assert_eq!(Cursor::new(b"0").nz_number(), Err(Syntax::Number));
        assert_eq!(Cursor::new(b"9223372036854775808").number64(), Err(Syntax::Number));
    }
}
