//! STORE and COPY, RFC 3501 sections 6.4.6 and 6.4.7, and MOVE, RFC 6851.

use super::command::{By, Command};
use super::cursor::Cursor;
use super::flag::Flag;
use super::mailbox;
use super::sequence::SequenceSet;
use super::syntax::{Parsed, Syntax};

/// What STORE does with the flags it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `FLAGS`: these and no others (\Recent stays).
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// Does STORE tell the new flags?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// An untagged FETCH for each message.
    Told,
    /// `.SILENT`
    Silent,
}

/// What becomes of a message that is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Original {
    /// COPY
    Stays,
    /// MOVE
    Leaves,
}

/// ` sequence-set change flags`
pub(super) fn store(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    cursor.space()?;
    let set = SequenceSet::parse(cursor)?;
    cursor.space()?;
    let change = match cursor.peek() {
        Some(b'+') => Change::Add,
        Some(b'-') => Change::Remove,
        _ => Change::Replace,
    };
    if change != Change::Replace {
        cursor.take(1);
    }
    let echo = match cursor.word().as_str() {
        "FLAGS" => Echo::Told,
        "FLAGS.SILENT" => Echo::Silent,
        _ => return Err(Syntax::StoreItem),
    };
    cursor.space()?;
    let flags = Flag::parse_bare_or_list(cursor)?;
    Ok(Command::Store { by, set, change, echo, flags })
}

/// ` sequence-set mailbox`
pub(super) fn copy(cursor: &mut Cursor<'_>, by: By, original: Original) -> Parsed<Command> {
    cursor.space()?;
    let set = SequenceSet::parse(cursor)?;
    Ok(Command::Copy { by, set, mailbox: mailbox::name(cursor)?, original })
}

#[cfg(test)]
mod tests {
    use super::super::{MailboxName, command};
    use super::*;

    #[test]
    fn copies_and_moves() {
        for (text, by, original) in [
            ("COPY 2:4 x", By::Sequence, Original::Stays),
            ("UID COPY 2:4 x", By::Uid, Original::Stays),
            ("MOVE 2:4 x", By::Sequence, Original::Leaves),
            ("UID MOVE 2:4 x", By::Uid, Original::Leaves),
        ] {
            let tagged = command(format!("a {text}").as_bytes()).unwrap();
            let Command::Copy { by: got, mailbox, original: becomes, .. } = tagged.command else {
                panic!("{text}")
            };
            assert_eq!((got, becomes, mailbox), (by, original, MailboxName::new("x").unwrap()), "{text}");
        }
    }
}
