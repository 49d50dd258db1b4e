//! The clients that make the load: SMTP and LMTP, IMAP, POP3. They trust the servers' replies only as far as they need to.

mod imap;
mod pop3;
mod smtp;
mod wire;

pub use imap::Imap;
pub use pop3::Pop3;
pub use smtp::{Greeting, Smtp};
pub use wire::{Place, Tls, Wire};
