//! Flags and keywords, RFC 3501 section 2.3.2.

use std::hash::{Hash, Hasher};

use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// A flag that a client may set. (\Recent is not one of them.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// \Answered
    Answered,
    /// \Flagged
    Flagged,
    /// \Deleted
    Deleted,
    /// \Seen
    Seen,
    /// \Draft
    Draft,
    /// A keyword.
    Keyword(Keyword),
}

impl Flag {
    /// Flags in one command or one message.
    pub const MAX: usize = 128;

    /// The system flags.
    pub const SYSTEM: [Flag; 5] = [Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Seen, Flag::Draft];

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Flag::Answered => "\\Answered",
            Flag::Flagged => "\\Flagged",
            Flag::Deleted => "\\Deleted",
            Flag::Seen => "\\Seen",
            Flag::Draft => "\\Draft",
            Flag::Keyword(keyword) => keyword.as_str(),
        }
    }

    /// `flag`, RFC 3501 section 9.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.skip(b'\\') {
            return Keyword::parse(cursor).map(Flag::Keyword);
        }
        let name = cursor.atom().map_err(|_| Syntax::Flag)?;
        let known =
            |flag: &Flag| flag.name().strip_prefix('\\').is_some_and(|flag| flag.eq_ignore_ascii_case(name));
        Self::SYSTEM.into_iter().find(known).ok_or(Syntax::Flag)
    }

    /// `flag-list`: possibly empty, in parentheses. A flag named twice is there once.
    pub(super) fn parse_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        cursor.list(Self::MAX, Self::parse).map(distinct)
    }

    /// `flag-list / (flag *(SP flag))`, as STORE has it.
    pub(super) fn parse_bare_or_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        match cursor.peek() {
            Some(b'(') => Self::parse_list(cursor),
            _ => cursor.spaced(Self::MAX, Self::parse).map(distinct),
        }
    }
}

/// A keyword: an atom. It keeps the case in which it came, and is compared without regard to it.
#[derive(Clone, Debug)]
pub struct Keyword(String);

impl Keyword {
    /// Bytes of the longest keyword that is accepted.
    pub const MAX: usize = 100;

    /// A keyword from its text; `None` if it is no atom or too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut cursor = Cursor::new(text.as_bytes());
        Self::parse(&mut cursor).ok().filter(|_| cursor.is_empty())
    }

    /// As it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match cursor.atom() {
            Ok(atom) if atom.len() <= Self::MAX => Ok(Keyword(atom.to_owned())),
            _ => Err(Syntax::Flag),
        }
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl Hash for Keyword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

fn distinct(flags: Vec<Flag>) -> Vec<Flag> {
    let mut distinct: Vec<Flag> = Vec::with_capacity(flags.len());
    for flag in flags {
        if !distinct.contains(&flag) {
            distinct.push(flag);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags() {
        for (text, want) in [
            ("\\Seen", Ok("\\Seen")),
            ("\\sEEN", Ok("\\Seen")),
            ("$Forwarded", Ok("$Forwarded")),
            ("NonJunk", Ok("NonJunk")),
            ("\\Recent", Err(Syntax::Flag)),
            ("\\*", Err(Syntax::Flag)),
            ("\\Unknown", Err(Syntax::Flag)),
            ("\\", Err(Syntax::Flag)),
            ("", Err(Syntax::Flag)),
        ] {
            let got = Flag::parse(&mut Cursor::new(text.as_bytes()));
            assert_eq!(got.as_ref().map(Flag::name).map_err(|why| *why), want, "{text}");
        }
    }

    #[test]
    fn keywords() {
        assert_eq!(Keyword::new("$Junk"), Keyword::new("$junk"));
        for text in ["", "a b", "a]", "\\Seen", "ü", &"k".repeat(Keyword::MAX + 1)] {
            assert_eq!(Keyword::new(text), None, "{text}");
        }
    }

    #[test]
    fn twice_is_once() {
        let flags = Flag::parse_list(&mut Cursor::new(b"(\\Seen a \\SEEN A)")).unwrap();
        assert_eq!(flags.len(), 2);
    }
}
