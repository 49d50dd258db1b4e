//! The `pop3` role as a library, so that tests reach its protocol without a socket.

pub mod proto;
pub mod run;
