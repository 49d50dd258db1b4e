//! AUTH PLAIN, RFC 5034, RFC 4616.

use ipc::mail::Password;

use super::login::refused_in_plain;
use crate::proto::context::{Context, Verdict};
use crate::proto::opening::Opening;
use crate::proto::parse::{Plain, without_end};
use crate::proto::reply::{self, Code};
use crate::proto::state::{Naming, State};

pub(super) fn auth(
    context: &Context,
    naming: Naming,
    mechanism: &str,
    initial: Option<&Password>,
    out: &mut Vec<u8>,
) -> (State, Verdict) {
    if mechanism != "PLAIN" {
        reply::err("Unknown mechanism.", out);
        return (State::Authorization(naming), Verdict::Bad);
    }
    if let Some(refused) = refused_in_plain(context, out) {
        return refused;
    }
    match initial {
        Some(initial) => decide(&initial.0, out),
        None => {
            reply::challenge(out);
            (State::Authorization(Naming::Sasl), Verdict::Good)
        }
    }
}

/// The line behind the challenge.
pub(in crate::proto) fn response(line: &[u8], out: &mut Vec<u8>) -> (State, Verdict) {
    match without_end(line) {
        b"*" => failed("Cancelled.", out),
        base64 => decide(base64, out),
    }
}

fn decide(base64: &[u8], out: &mut Vec<u8>) -> (State, Verdict) {
    let Ok(Plain { authorize, user, password }) = Plain::parse(base64) else {
        return failed("Not a response of this mechanism.", out);
    };
    if !authorize.is_empty() && authorize != user {
        reply::err_with(Code::Auth, "Nobody acts for somebody else here.", out);
        return (State::Authorization(Naming::Nobody), Verdict::Bad);
    }
    (State::Opening(Box::new(Opening::new(user, password))), Verdict::Good)
}

fn failed(why: &str, out: &mut Vec<u8>) -> (State, Verdict) {
    reply::err(why, out);
    (State::Authorization(Naming::Nobody), Verdict::Bad)
}
