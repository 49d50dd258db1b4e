//! What goes wrong between us and somebody else's IMAP server.

use std::io;

/// Why a server's mail could not be read. What a server said is in it as it said it: whoever shows it takes care.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// Nobody is reached there.
    #[error("{place}: {source}")]
    Connect {
        /// The host and port.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The connection ended, or nothing came for too long.
    #[error("the connection to the server: {0}")]
    Io(#[from] io::Error),
    /// No certificate that is trusted, or none at all.
    #[error("TLS: {0}")]
    Tls(String),
    /// The certificates that are to be trusted cannot be read.
    #[error("the certificates to trust: {0}")]
    Roots(String),
    /// The server does not offer what it takes to be safe: STARTTLS, or a login after it.
    #[error("the server {0}")]
    Unsafe(&'static str),
    /// The login is refused.
    #[error("the server refuses the login: {0}")]
    Login(String),
    /// A command without which nothing goes on is refused.
    #[error("the server refuses {command}: {why}")]
    Refused {
        /// Which.
        command: &'static str,
        /// What it says.
        why: String,
    },
    /// The server ends the session.
    #[error("the server ends the session: {0}")]
    Bye(String),
    /// That is no IMAP, or not what was asked for.
    #[error("the server's answer makes no sense: {0}")]
    Syntax(&'static str),
    /// It sends more than is taken from it.
    #[error("the server sends more than {most} bytes of {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The most that is taken.
        most: u64,
    },
}
