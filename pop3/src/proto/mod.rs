//! The server side of POP3 (RFC 1939) without sockets, files or clock.
//!
//! [`Pop3Session`] is a [`listener::session::Session`]: bytes of the client go in, replies and questions ([`Ask`]) come out, and
//! whoever drives it performs the questions and hands back an [`Answer`].
//!
//! What is decided where the RFC leaves a choice:
//!
//! - The maildrop is INBOX as it was at the login. No lock is taken: the store keeps what another session expunges readable
//!   for this one, and a UID names the same message for ever, so several sessions on one maildrop do each other no harm
//!   and `[IN-USE]` (RFC 2449 section 8.1.2) is never said.
//! - RETR leaves `\Seen` as it is: POP3 knows no flags, and a copy that was fetched elsewhere was not read here.
//! - A size is the octets of the stored message, which are what RETR sends before dots are doubled. Only one that does not
//!   end with CRLF is followed by one more, for the end of the transfer to stand on a line of its own.
//! - Without QUIT nothing is removed: not when the connection breaks, not when the client is silent for too long.

mod ask;
mod command;
mod context;
mod limits;
mod listing;
mod maildrop;
mod opening;
mod parse;
mod reply;
mod session;
mod share;
mod state;
mod stuffing;
mod top;
mod transfer;
mod update;

pub use ask::{Answer, Ask, LoginOutcome};
pub use context::{Security, Settings};
pub use parse::{Command, Syntax, parse};
pub use session::Pop3Session;
pub use share::Shares;
