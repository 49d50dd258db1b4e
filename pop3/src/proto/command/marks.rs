//! DELE and RSET, RFC 1939 section 5: marks, of which the store learns by QUIT.

use super::no_message;
use crate::proto::context::Verdict;
use crate::proto::maildrop::Maildrop;
use crate::proto::reply;
use crate::proto::state::State;

pub(super) fn dele(mut maildrop: Box<Maildrop>, number: u32, out: &mut Vec<u8>) -> (State, Verdict) {
    if !maildrop.delete(number) {
        return no_message(maildrop, out);
    }
    reply::ok("Marked as deleted.", out);
    (State::Transaction(maildrop), Verdict::Good)
}

pub(super) fn rset(mut maildrop: Box<Maildrop>, out: &mut Vec<u8>) -> (State, Verdict) {
    maildrop.reset();
    let (count, octets) = maildrop.totals();
    reply::ok(&format!("{count} messages ({octets} octets)"), out);
    (State::Transaction(maildrop), Verdict::Good)
}
