//! USER and PASS, RFC 1939 section 7.

use ipc::mail::Password;

use crate::proto::context::{Context, Security, Verdict};
use crate::proto::opening::Opening;
use crate::proto::reply;
use crate::proto::state::{Naming, State};

/// Whether there is such a user is not told before the password is there.
pub(super) fn user(context: &Context, name: String, out: &mut Vec<u8>) -> (State, Verdict) {
    if let Some(refused) = refused_in_plain(context, out) {
        return refused;
    }
    reply::ok("And the password?", out);
    (State::Authorization(Naming::Named(name)), Verdict::Good)
}

pub(super) fn pass(naming: Naming, password: Password, out: &mut Vec<u8>) -> (State, Verdict) {
    match naming {
        Naming::Named(name) => (State::Opening(Box::new(Opening::new(name, password))), Verdict::Good),
        Naming::Nobody | Naming::Sasl => {
            reply::err("Say USER first.", out);
            (State::Authorization(Naming::Nobody), Verdict::Bad)
        }
    }
}

/// Nobody logs in in plain, RFC 8314 section 4.1: not even the name is taken, so that no client goes on to say the password.
pub(super) fn refused_in_plain(context: &Context, out: &mut Vec<u8>) -> Option<(State, Verdict)> {
    if context.security == Security::Tls {
        return None;
    }
    reply::err("Logins are possible over TLS only: say STLS first.", out);
    Some((State::Authorization(Naming::Nobody), Verdict::Bad))
}
