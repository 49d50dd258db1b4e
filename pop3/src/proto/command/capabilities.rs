//! CAPA, RFC 2449 section 5.

use crate::proto::context::{Context, Security};
use crate::proto::reply;

/// What holds in both states, and however secure the connection is.
const ALWAYS: [&str; 7] = [
    "TOP",
    "UIDL",
    "PIPELINING",
    "RESP-CODES",
    // RFC 3206 section 6
    "AUTH-RESP-CODE",
    "EXPIRE NEVER",
    "IMPLEMENTATION Bulkhead",
];

pub(super) fn tell(context: &Context, out: &mut Vec<u8>) {
    reply::ok("Capabilities follow.", out);
    let more: &[&str] = match context.security {
        Security::Plain => &["STLS"],
        Security::Tls => &["USER", "SASL PLAIN"],
    };
    for capability in ALWAYS.iter().chain(more) {
        reply::item(capability, out);
    }
    reply::end(out);
}
