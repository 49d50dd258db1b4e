//! RETR and TOP, RFC 1939 sections 5 and 7.

use super::no_message;
use crate::proto::context::Verdict;
use crate::proto::maildrop::Maildrop;
use crate::proto::state::State;
use crate::proto::transfer::Transfer;

pub(super) fn retr(mut maildrop: Box<Maildrop>, number: u32, out: &mut Vec<u8>) -> (State, Verdict) {
    let Some(message) = maildrop.message(number) else { return no_message(maildrop, out) };
    let soon = maildrop.retrieved(number);
    (State::Sending(maildrop, Box::new(Transfer::whole(message, soon))), Verdict::Good)
}

pub(super) fn top(maildrop: Box<Maildrop>, number: u32, lines: u32, out: &mut Vec<u8>) -> (State, Verdict) {
    let Some(message) = maildrop.message(number) else { return no_message(maildrop, out) };
    (State::Sending(maildrop, Box::new(Transfer::top(message, lines))), Verdict::Good)
}
