//! Mail on somebody else's server, read by IMAP (RFC 3501, RFC 9051): listed and fetched, and left as it is.
//!
//! It is a client of its own because those there are keep a whole message, or a whole answer, in memory before they hand it
//! on. Here a message streams, and everything a server can send has a bound.

mod body;
mod client;
mod command;
mod date;
mod error;
mod folders;
mod glob;
mod rows;
#[cfg(test)]
mod tests;
mod tls;
mod trust;
mod value;
mod wire;

pub use body::{Bodies, Body, Fetched};
pub use client::Client;
pub use error::ImapError;
pub use folders::{Plan, RemoteFolder, Wanted};
pub use rows::{Examined, Listed, Namespaces, Row};
pub use tls::{Security, Trust, connect};
pub use wire::Stream;
