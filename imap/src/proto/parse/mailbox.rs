//! Mailbox names, and the commands that name mailboxes.

use super::atoms;
use super::command::Command;
use super::cursor::Cursor;
use super::list::ListPattern;
use super::syntax::{Parsed, Syntax};
use super::utf7;

/// The name of a mailbox, in Unicode, whole: `INBOX` in upper case, no control characters, not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailboxName(String);

impl MailboxName {
    /// Separates the levels of the hierarchy.
    pub const DELIMITER: char = '/';
    /// Bytes of the longest name that is accepted.
    pub const MAX: usize = 1024;

    /// A name from its text. `None` when it is empty, too long, or has control characters.
    ///
    /// `INBOX` is recognised in any case, RFC 3501 section 5.1, and also as the first level of a longer name, so that
    /// no second inbox comes to be as a parent.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        if name.is_empty() || name.len() > Self::MAX || name.chars().any(char::is_control) {
            return None;
        }
        let (first, rest) = match name.split_once(Self::DELIMITER) {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        if !first.eq_ignore_ascii_case("INBOX") {
            return Some(MailboxName(name.to_owned()));
        }
        Some(MailboxName(match rest {
            Some(rest) => format!("INBOX{}{rest}", Self::DELIMITER),
            None => "INBOX".to_owned(),
        }))
    }

    /// The name in Unicode.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this the inbox?
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// `mailbox`, RFC 3501 section 9: an astring in modified UTF-7.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let bytes = cursor.astring()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Syntax::Utf8)?;
        utf7::decode(text).and_then(|name| Self::new(&name)).ok_or(Syntax::Mailbox)
    }
}

/// What STATUS can tell of a mailbox, RFC 3501 section 6.3.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusItem {
    /// Messages in the mailbox.
    Messages,
    /// Messages with \Recent.
    Recent,
    /// The next UID.
    UidNext,
    /// The validity of UIDs.
    UidValidity,
    /// Messages without \Seen.
    Unseen,
}

impl StatusItem {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StatusItem::Messages => "MESSAGES",
            StatusItem::Recent => "RECENT",
            StatusItem::UidNext => "UIDNEXT",
            StatusItem::UidValidity => "UIDVALIDITY",
            StatusItem::Unseen => "UNSEEN",
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = cursor.word();
        let all = [Self::Messages, Self::Recent, Self::UidNext, Self::UidValidity, Self::Unseen];
        all.into_iter().find(|item| item.name() == word).ok_or(Syntax::StatusItem)
    }
}

/// Items of one STATUS; there are five.
const MAX_STATUS_ITEMS: usize = 16;

/// ` mailbox`.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Parsed<MailboxName> {
    cursor.space()?;
    MailboxName::parse(cursor)
}

/// ` mailbox`, with a delimiter at its end left out: RFC 3501 section 6.3.3 has clients say so that they will make
/// inferior names.
pub(super) fn name_to_create(cursor: &mut Cursor<'_>) -> Parsed<MailboxName> {
    let name = name(cursor)?;
    match name.as_str().strip_suffix(MailboxName::DELIMITER) {
        Some(shorter) => MailboxName::new(shorter).ok_or(Syntax::Mailbox),
        None => Ok(name),
    }
}

/// ` mailbox mailbox`, RFC 3501 section 6.3.5.
pub(super) fn rename(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    Ok(Command::Rename { from: name(cursor)?, to: name_to_create(cursor)? })
}

/// ` reference pattern`, RFC 3501 sections 6.3.8 and 6.3.9.
pub(super) fn reference_and_pattern(cursor: &mut Cursor<'_>) -> Parsed<(String, ListPattern)> {
    cursor.space()?;
    let reference = wild(cursor, atoms::is_astring)?;
    cursor.space()?;
    let pattern = wild(cursor, atoms::is_list)?;
    Ok((reference, ListPattern::new(pattern)))
}

/// ` mailbox (items)`, RFC 3501 section 6.3.10.
pub(super) fn status(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = name(cursor)?;
    cursor.space()?;
    let items = cursor.list(MAX_STATUS_ITEMS, StatusItem::parse)?;
    if items.is_empty() { Err(Syntax::List) } else { Ok(Command::Status { mailbox, items }) }
}

/// A reference or a pattern: like a name, but it may be empty.
fn wild(cursor: &mut Cursor<'_>, class: fn(u8) -> bool) -> Parsed<String> {
    let bytes = cursor.string_or(class)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Syntax::Utf8)?;
    if text.len() > MailboxName::MAX {
        return Err(Syntax::Mailbox);
    }
    utf7::decode(text).filter(|name| !name.chars().any(char::is_control)).ok_or(Syntax::Mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, want) in [
            ("inbox", Some("INBOX")),
            ("InBox/Sub", Some("INBOX/Sub")),
            ("inboxes", Some("inboxes")),
            ("a/inbox", Some("a/inbox")),
            ("Entwürfe", Some("Entwürfe")),
            ("", None),
            ("a\nb", None),
            ("a\u{85}b", None),
        ] {
            assert_eq!(MailboxName::new(name).as_ref().map(MailboxName::as_str), want, "{name:?}");
        }
        assert!(MailboxName::new(&"x".repeat(MailboxName::MAX)).is_some());
        assert!(MailboxName::new(&"x".repeat(MailboxName::MAX + 1)).is_none());
    }

    #[test]
    fn a_control_character_in_base64_is_no_way_around() {
        assert_eq!(MailboxName::parse(&mut Cursor::new(b"a&AAo-b")), Err(Syntax::Mailbox));
    }
}
