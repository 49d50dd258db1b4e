//! The `imap` role as a library, so that tests and fuzzers reach its protocol without a socket.

pub mod proto;
pub mod run;
