//! APPEND up to its message, RFC 3501 section 6.3.11.

use super::cursor::Cursor;
use super::date;
use super::flag::Flag;
use super::literal::{Header, LiteralKind};
use super::mailbox::{self, MailboxName};
use super::syntax::{Parsed, Syntax};
use super::tag::Tag;

/// An APPEND whose message has yet to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The tag of the command.
    pub tag: Tag,
    /// Where to.
    pub mailbox: MailboxName,
    /// Flags of the new message.
    pub flags: Vec<Flag>,
    /// Its internal date in seconds since 1970; `None`: now.
    pub date: Option<i64>,
    /// Octets of the message.
    pub size: u64,
    /// Does the client wait to be asked for them?
    pub kind: LiteralKind,
}

/// What a literal of an APPEND is for.
pub(super) enum Purpose {
    /// It is the name of the mailbox.
    Mailbox,
    /// It is the message.
    Message(Details),
}

/// The arguments of an APPEND before its message.
pub(super) struct Details {
    mailbox: MailboxName,
    flags: Vec<Flag>,
    date: Option<i64>,
}

/// What the literal announced after `arguments` (all between the command's name and the brace) is for.
pub(super) fn purpose(arguments: &[u8]) -> Parsed<Purpose> {
    if arguments == b" " {
        return Ok(Purpose::Mailbox);
    }
    let mut cursor = Cursor::new(arguments);
    let mailbox = mailbox::name(&mut cursor)?;
    cursor.space()?;
    let mut flags = Vec::new();
    if cursor.peek() == Some(b'(') {
        flags = Flag::parse_list(&mut cursor)?;
        cursor.space()?;
    }
    let mut date = None;
    if cursor.peek() == Some(b'"') {
        date = Some(date::date_time(&mut cursor)?);
        cursor.space()?;
    }
    if cursor.is_empty() {
        Ok(Purpose::Message(Details { mailbox, flags, date }))
    } else {
        Err(Syntax::NoLiteral)
    }
}

impl Append {
    pub(super) fn new(tag: Tag, header: Header, details: Details) -> Self {
        let Details { mailbox, flags, date } = details;
        Append { tag, mailbox, flags, date, size: header.size, kind: header.kind }
    }
}
