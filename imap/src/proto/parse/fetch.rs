//! FETCH, RFC 3501 section 6.4.5.

use super::command::{By, Command};
use super::cursor::Cursor;
use super::section::{self, Section};
use super::sequence::SequenceSet;
use super::syntax::{Parsed, Syntax};

/// One thing to be fetched of each message. The macros are spelled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// `BODY`: the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822`: like `BODY[]`, answered under its own name. Sets \Seen.
    Rfc822,
    /// `RFC822.HEADER`: like `BODY.PEEK[HEADER]`, answered under its own name.
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT`: like `BODY[TEXT]`, answered under its own name. Sets \Seen.
    Rfc822Text,
    /// `UID`
    Uid,
    /// `BODY[section]<partial>` or `BODY.PEEK[section]<partial>`
    Section {
        /// Which octets of the message.
        section: Section,
        /// Which of those.
        partial: Option<Partial>,
        /// Does it set \Seen?
        seen: Seen,
    },
}

impl FetchItem {
    /// Items in one FETCH.
    pub const MAX: usize = 256;

    /// Does fetching it set \Seen? RFC 3501 section 6.4.5.
    #[must_use]
    pub fn seen(&self) -> Seen {
        match self {
            FetchItem::Rfc822 | FetchItem::Rfc822Text => Seen::Set,
            FetchItem::Section { seen, .. } => *seen,
            _ => Seen::Untouched,
        }
    }
}

/// Does fetching a text set \Seen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It does.
    Set,
    /// It is a look only.
    Untouched,
}

/// `<offset.count>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The first octet, from zero.
    pub offset: u32,
    /// Octets at most; not zero.
    pub count: u32,
}

/// ` sequence-set items`
pub(super) fn fetch(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    cursor.space()?;
    let set = SequenceSet::parse(cursor)?;
    cursor.space()?;
    let items = match cursor.peek() {
        Some(b'(') => cursor.list(FetchItem::MAX, item)?,
        _ => macro_or_item(cursor)?,
    };
    if items.is_empty() {
        return Err(Syntax::List);
    }
    Ok(Command::Fetch { by, set, items: distinct(items) })
}

fn macro_or_item(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Rfc822Size};
    match cursor.clone().word().as_str() {
        "ALL" => macro_word(cursor, [Flags, InternalDate, Rfc822Size, Envelope]),
        "FAST" => macro_word(cursor, [Flags, InternalDate, Rfc822Size]),
        "FULL" => macro_word(cursor, [Flags, InternalDate, Rfc822Size, Envelope, Body]),
        _ => Ok(vec![item(cursor)?]),
    }
}

fn macro_word<const N: usize>(cursor: &mut Cursor<'_>, items: [FetchItem; N]) -> Parsed<Vec<FetchItem>> {
    cursor.word();
    Ok(items.into())
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let word = cursor.word();
    let bracket = cursor.peek() == Some(b'[');
    Ok(match (word.as_str(), bracket) {
        ("BODY", true) => body_section(cursor, Seen::Set)?,
        ("BODY.PEEK", true) => body_section(cursor, Seen::Untouched)?,
        ("BODY", false) => FetchItem::Body,
        ("BODYSTRUCTURE", false) => FetchItem::BodyStructure,
        ("ENVELOPE", false) => FetchItem::Envelope,
        ("FLAGS", false) => FetchItem::Flags,
        ("INTERNALDATE", false) => FetchItem::InternalDate,
        ("RFC822", false) => FetchItem::Rfc822,
        ("RFC822.HEADER", false) => FetchItem::Rfc822Header,
        ("RFC822.SIZE", false) => FetchItem::Rfc822Size,
        ("RFC822.TEXT", false) => FetchItem::Rfc822Text,
        ("UID", false) => FetchItem::Uid,
        _ => return Err(Syntax::FetchItem),
    })
}

fn body_section(cursor: &mut Cursor<'_>, seen: Seen) -> Parsed<FetchItem> {
    let section = section::section(cursor)?;
    let partial = if cursor.skip(b'<') { Some(partial(cursor)?) } else { None };
    Ok(FetchItem::Section { section, partial, seen })
}

fn partial(cursor: &mut Cursor<'_>) -> Parsed<Partial> {
    let offset = cursor.number()?;
    cursor.expect(b'.', Syntax::Section)?;
    let count = cursor.nz_number()?;
    cursor.expect(b'>', Syntax::Section)?;
    Ok(Partial { offset, count })
}

/// An item asked for twice is answered once: a short command must not be answered by the same text 256 times.
fn distinct(items: Vec<FetchItem>) -> Vec<FetchItem> {
    let mut distinct: Vec<FetchItem> = Vec::with_capacity(items.len());
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}
