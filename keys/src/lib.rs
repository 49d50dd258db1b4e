//! The role `keys`: private keys that answer questions and are never handed out.
//!
//! A reader asks it to sign a TLS handshake. It signs what has the form of a handshake and nothing else, so that a
//! hijacked reader can pretend to be this host while it is hijacked, and no longer.

pub mod identity;
pub mod input;
pub mod key_files;
pub mod role;
pub mod self_signed;
pub mod service;
pub mod ticket_keys;
