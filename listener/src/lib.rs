//! Everything between a listening socket and a protocol session.

pub mod session;
