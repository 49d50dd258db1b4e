//! What a SEARCH has to know of a header, found out piece by piece: a header can be long, and much be asked of it.

use mime::date::{Date, parse_mail_date};
use mime::header::{fields, find};
use mime::words;

use super::fold::folded;
use super::needle::Needle;
use crate::proto::parse::FieldName;

/// Octets that are looked at before others have their turn.
const OCTETS: usize = 64 * 1024;

/// A field that is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    name: Name,
    text: Needle,
}

/// Which fields are meant.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// Those of this name.
    Is(FieldName),
    /// All.
    Any,
}

/// What is known of the header of one message.
#[derive(Debug)]
pub(crate) struct Header {
    bytes: Vec<u8>,
    sent: Option<Date>,
    /// Which of the fields are there, as far as they were looked for.
    has: Vec<bool>,
}

impl Field {
    /// Of this name, with this text in it, in any case.
    pub(super) fn named(name: &FieldName, text: &str) -> Self {
        Field {
            name: Name::Is(name.clone()),
            text: Needle::new(folded(text.into()).into_owned().into_bytes()),
        }
    }

    /// Of whatever name, with this text in it, in any case.
    pub(super) fn any(text: &str) -> Self {
        Field { name: Name::Any, text: Needle::new(folded(text.into()).into_owned().into_bytes()) }
    }

    /// RFC 3501 section 6.4.4: "If the string to search is zero-length, this matches all messages that have a header line
    /// with the specified field-name regardless of the contents."
    fn is_in(&mut self, header: &[u8]) -> bool {
        let Field { name, text } = self;
        let mut meant = fields(header).filter(|field| name.is_of(field));
        meant.any(|field| text.is_in(folded(words::decode(&field.unfolded())).as_bytes()))
    }
}

impl Name {
    fn is_of(&self, field: &mime::header::Field<'_>) -> bool {
        match self {
            Name::Is(name) => field.is_named(name.as_str().as_bytes()),
            Name::Any => true,
        }
    }
}

impl Header {
    /// Of these octets, in which no field was looked for yet.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let sent = find(&bytes, b"Date").and_then(|date| parse_mail_date(date.value)).map(|sent| sent.date);
        Header { bytes, sent, has: Vec::new() }
    }

    /// Looks for some more of the fields. `false` when all have been looked for before.
    pub(crate) fn look(&mut self, wanted: &mut [Field]) -> bool {
        let known = self.has.len();
        let few = OCTETS.checked_div(self.bytes.len()).unwrap_or(OCTETS).max(1);
        let next = wanted.iter_mut().skip(known).take(few);
        self.has.extend(next.map(|field| field.is_in(&self.bytes)));
        self.has.len() > known
    }

    /// The day in its Date field.
    pub(super) fn sent(&self) -> Option<Date> {
        self.sent
    }

    /// Is the field with that number in it? `None` when it was not looked for yet.
    pub(super) fn has(&self, field: usize) -> Option<bool> {
        self.has.get(field).copied()
    }
}
