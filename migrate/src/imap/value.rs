//! The values of a server's data: atoms, strings and lists of them (RFC 9051 section 4).

use super::error::ImapError;

/// How deep lists are in lists at the most.
const DEPTH_MAX: usize = 16;

/// A piece of a response: what is in a line, and the literals between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In a line, without its end and without the announcement of a literal.
    Text(Vec<u8>),
    /// A literal.
    Literal(Vec<u8>),
    /// A literal that was passed on and is not here.
    Elsewhere,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// An atom, a number, a flag, `NIL`.
    Atom(Vec<u8>),
    /// A quoted string, or a literal.
    String(Vec<u8>),
    /// A parenthesised list.
    List(Vec<Value>),
    /// A literal that was passed on.
    Elsewhere,
}

impl Value {
    /// An atom or a string.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Value::Atom(text) | Value::String(text) => Some(text),
            Value::List(_) | Value::Elsewhere => None,
        }
    }

    /// Is it that atom, in whatever case?
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Value::Atom(atom) if atom.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// A number without a sign.
    pub(super) fn number<N: std::str::FromStr>(&self) -> Option<N> {
        let Value::Atom(atom) = self else { return None };
        if !atom.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(atom).ok()?.parse().ok()
    }

    /// What is in a list.
    pub(super) fn list(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }
}

/// The values of a whole response.
///
/// # Errors
/// [`ImapError::Syntax`] for what is no IMAP.
pub(super) fn values(parts: &[Part]) -> Result<Vec<Value>, ImapError> {
    let mut reading = Reading::default();
    for part in parts {
        match part {
            Part::Text(text) => reading.text(text)?,
            Part::Literal(literal) => reading.put(Value::String(literal.clone())),
            Part::Elsewhere => reading.put(Value::Elsewhere),
        }
    }
    if reading.open.is_empty() { Ok(reading.values) } else { Err(ImapError::Syntax("a list is not closed")) }
}

/// The values so far: those of the innermost open list, and what is around it.
#[derive(Default)]
struct Reading {
    values: Vec<Value>,
    open: Vec<Vec<Value>>,
}

impl Reading {
    fn text(&mut self, text: &[u8]) -> Result<(), ImapError> {
        let mut rest = text;
        while let Some((first, behind)) = rest.split_first() {
            rest = match first {
                b' ' => behind,
                b'(' => {
                    self.enter()?;
                    behind
                }
                b')' => {
                    self.leave()?;
                    behind
                }
                b'"' => {
                    let (string, behind) = quoted(behind)?;
                    self.put(Value::String(string));
                    behind
                }
                _ => {
                    let ends = |byte: &u8| matches!(byte, b' ' | b'(' | b')' | b'"');
                    let (atom, behind) = rest.split_at(rest.iter().position(ends).unwrap_or(rest.len()));
                    self.put(Value::Atom(atom.to_vec()));
                    behind
                }
            };
        }
        Ok(())
    }

    fn put(&mut self, value: Value) {
        self.values.push(value);
    }

    fn enter(&mut self) -> Result<(), ImapError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(ImapError::Syntax("lists in lists in lists"));
        }
        self.open.push(std::mem::take(&mut self.values));
        Ok(())
    }

    fn leave(&mut self) -> Result<(), ImapError> {
        let around = self.open.pop().ok_or(ImapError::Syntax("a list is closed that was not opened"))?;
        let list = std::mem::replace(&mut self.values, around);
        self.put(Value::List(list));
        Ok(())
    }
}

/// A quoted string from behind its first quote on, and what is behind it.
fn quoted(text: &[u8]) -> Result<(Vec<u8>, &[u8]), ImapError> {
    let (mut string, mut rest) = (Vec::new(), text);
    loop {
        rest = match rest {
            [b'"', behind @ ..] => return Ok((string, behind)),
            [b'\\', escaped, behind @ ..] => {
                string.push(*escaped);
                behind
            }
            [byte, behind @ ..] => {
                string.push(*byte);
                behind
            }
            [] => return Err(ImapError::Syntax("a quoted string has no end")),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Value>, ImapError> {
        values(&[Part::Text(text.into())])
    }

    #[test]
    fn atoms_strings_and_lists() {
        let read = read(r#"7 FETCH (FLAGS (\Seen work) "a \"b\\" BODY[] NIL)"#).unwrap();
        assert_eq!(read[0].number::<u32>(), Some(7));
        assert!(read[1].is("fetch") && read[1].number::<u32>().is_none());
        let items = read[2].list().unwrap();
        assert_eq!(items[1].list().unwrap()[0].text(), Some(&b"\\Seen"[..]));
        assert_eq!(items[2], Value::String(br#"a "b\"#.to_vec()));
        assert!(items[3].is("BODY[]") && items[4].is("nil") && items.len() == 5);
    }

    #[test]
    fn literals_are_values_where_they_stand() {
        let parts = [
            Part::Text(b"LIST () \"/\" (".to_vec()),
            Part::Literal(b"a (b\r\n".to_vec()),
            Part::Elsewhere,
            Part::Text(b" x)".to_vec()),
        ];
        let list = [Value::String(b"a (b\r\n".to_vec()), Value::Elsewhere, Value::Atom(b"x".to_vec())];
        assert_eq!(values(&parts).unwrap()[3].list().unwrap(), list);
    }

    #[test]
    fn what_is_no_imap_is_refused() {
        for text in ["(", ")", "\"", "\"\\", "(a))", &"(".repeat(100_000)] {
            assert!(read(text).is_err(), "{} bytes", text.len());
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[a-zA-Z0-9\\\\*\\[\\]{}$.-]{1,9}".prop_map(|atom| Value::Atom(atom.into())),
            proptest::collection::vec(any::<u8>(), 0..9).prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| proptest::collection::vec(inner, 0..5).prop_map(Value::List))
    }

    /// As a server writes it: a string as a literal wherever it cannot be quoted.
    fn written(values: &[Value], parts: &mut Vec<Part>, text: &mut Vec<u8>) {
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                text.push(b' ');
            }
            match value {
                Value::Atom(atom) => text.extend(atom),
                Value::String(string) if string.contains(&b'\n') || string.contains(&b'\r') => {
                    parts.push(Part::Text(std::mem::take(text)));
                    parts.push(Part::Literal(string.clone()));
                }
                Value::String(string) => {
                    text.push(b'"');
                    for byte in string {
                        if matches!(byte, b'"' | b'\\') {
                            text.push(b'\\');
                        }
                        text.push(*byte);
                    }
                    text.push(b'"');
                }
                Value::List(list) => {
                    text.push(b'(');
                    written(list, parts, text);
                    text.push(b')');
                }
                Value::Elsewhere => parts.push(Part::Elsewhere),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in proptest::collection::vec(any_value(), 0..6)) {
            let (mut parts, mut text) = (Vec::new(), Vec::new());
            written(&all, &mut parts, &mut text);
            parts.push(Part::Text(text));
            prop_assert_eq!(values(&parts).unwrap(), all);
        }

        #[test]
        fn whatever_comes_is_no_more_than_it_was(text in r#"[ ()"\\a{}0-9\r\n]{0,64}"#) {
            fn size(values: &[Value]) -> usize {
                values.iter().map(|value| value.text().map_or(1, <[u8]>::len) + value.list().map_or(0, size)).sum()
            }
            if let Ok(values) = read(&text) {
                prop_assert!(size(&values) <= text.len());
            }
        }
    }
}
