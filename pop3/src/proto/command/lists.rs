//! STAT, LIST and UIDL, RFC 1939 sections 5 and 7.

use super::no_message;
use crate::proto::context::Verdict;
use crate::proto::listing::{Column, Listing};
use crate::proto::maildrop::Maildrop;
use crate::proto::reply;
use crate::proto::state::State;

pub(super) fn stat(maildrop: Box<Maildrop>, out: &mut Vec<u8>) -> (State, Verdict) {
    let (count, octets) = maildrop.totals();
    reply::ok(&format!("{count} {octets}"), out);
    (State::Transaction(maildrop), Verdict::Good)
}

pub(super) fn list(maildrop: Box<Maildrop>, number: Option<u32>, out: &mut Vec<u8>) -> (State, Verdict) {
    if let Some(number) = number {
        return one(maildrop, Column::Size, number, out);
    }
    let (count, octets) = maildrop.totals();
    reply::ok(&format!("{count} messages ({octets} octets)"), out);
    (State::Listing(maildrop, Listing::new(Column::Size)), Verdict::Good)
}

pub(super) fn uidl(maildrop: Box<Maildrop>, number: Option<u32>, out: &mut Vec<u8>) -> (State, Verdict) {
    if let Some(number) = number {
        return one(maildrop, Column::UniqueId, number, out);
    }
    reply::ok("Unique ids follow.", out);
    (State::Listing(maildrop, Listing::new(Column::UniqueId)), Verdict::Good)
}

fn one(maildrop: Box<Maildrop>, column: Column, number: u32, out: &mut Vec<u8>) -> (State, Verdict) {
    let Some(message) = maildrop.message(number) else { return no_message(maildrop, out) };
    reply::ok(&column.of(number, message, &maildrop), out);
    (State::Transaction(maildrop), Verdict::Good)
}
