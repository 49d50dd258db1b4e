//! Tags.

use std::fmt;

use super::atoms;
use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// The tag of a command, safe to be echoed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(String);

impl Tag {
    /// Bytes of the longest tag that is accepted. RFC 3501 names no limit; clients use about six.
    pub const MAX: usize = 128;

    /// The tag as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `1*<any ASTRING-CHAR except "+">` before a space or the end, RFC 3501 section 9.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let tag = cursor.take_while(atoms::is_tag);
        if !matches!(cursor.peek(), Some(b' ') | None) {
            return Err(Syntax::Tag);
        }
        match std::str::from_utf8(tag) {
            Ok(text) if !text.is_empty() && text.len() <= Self::MAX => Ok(Tag(text.to_owned())),
            _ => Err(Syntax::Tag),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Tag(text.to_owned())
    }
}
