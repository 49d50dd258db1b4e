//! The lists of LIST and UIDL, told in pieces: a maildrop may hold more than is to be in memory as text.

use super::limits::PENDING_OUTPUT;
use super::maildrop::{Maildrop, Message};
use super::reply;

/// What is told of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// LIST: octets.
    Size,
    /// UIDL: its unique id.
    UniqueId,
}

impl Column {
    /// What is told of one message, behind its number.
    pub(super) fn of(self, number: u32, message: Message, maildrop: &Maildrop) -> String {
        match self {
            Column::Size => format!("{number} {}", message.size),
            Column::UniqueId => format!("{number} {}", maildrop.unique_id(message)),
        }
    }
}

/// A list that is being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    column: Column,
    /// The number that is next.
    next: u32,
}

impl Listing {
    pub(super) fn new(column: Column) -> Self {
        Listing { column, next: 1 }
    }

    /// Tells as much as may wait to be sent; `None` when that was all.
    pub(super) fn tell(self, maildrop: &Maildrop, out: &mut Vec<u8>) -> Option<Listing> {
        for (number, message) in maildrop.from(self.next) {
            if out.len() >= PENDING_OUTPUT {
                return Some(Listing { next: number, ..self });
            }
            reply::item(&self.column.of(number, message, maildrop), out);
        }
        reply::end(out);
        None
    }
}
