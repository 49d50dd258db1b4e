//! The server side of SMTP (RFC 5321, RFC 6409) and LMTP (RFC 2033) without sockets, files or clock.
//!
//! [`SmtpSession`] is a [`listener::session::Session`]: bytes of the client go in, replies and questions ([`Ask`]) come out, and
//! whoever drives it performs the questions and hands back an [`Answer`]. What a line means is decided in `parse`,
//! what a command does in `command`, one file each; [`data`] finds the end of a message.

mod address;
mod ask;
mod command;
mod completion;
mod context;
mod counted;
pub mod data;
mod discarded;
mod hops;
mod incoming;
mod limits;
mod line;
mod parse;
mod received;
mod reply;
mod scan;
mod service;
mod session;
mod source;
mod state;

pub use address::{Address, Domain, ForwardPath, ReversePath};
pub use ask::{
    Answer, Ask, Begin, Begun, Body, Commit, Failure, Login, Outcome, Rejection, Target, TransactionId,
    Verdict,
};
pub use limits::{MAX_CHUNK, MAX_HOPS, MAX_TARGETS, MIN_RECIPIENTS, Settings, StartTls};
pub use parse::{ClientName, Command, MailFrom, Mechanism, RcptTo, Refusal, parse};
pub use scan::Scanned;
pub use service::Service;
pub use session::SmtpSession;
