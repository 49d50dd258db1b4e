//! STLS, RFC 2595 section 4.

use crate::proto::context::{Context, Security, Verdict};
use crate::proto::reply;
use crate::proto::state::{Naming, State};

pub(super) fn stls(context: &Context, naming: Naming, out: &mut Vec<u8>) -> (State, Verdict) {
    match context.security {
        Security::Plain => {
            reply::ok("Begin TLS.", out);
            (State::StartTls, Verdict::Good)
        }
        Security::Tls => {
            reply::err("TLS is active already.", out);
            (State::Authorization(naming), Verdict::Bad)
        }
    }
}
