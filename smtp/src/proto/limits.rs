//! What bounds a session: constants of the protocol, and what the configuration chose.

use std::time::Duration;

use super::service::Service;

/// What the configuration says about a listener's sessions.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name, in the greeting and in `Received`.
    pub hostname: String,
    /// Octets of a message, as RFC 1870 counts them.
    pub max_message_size: u64,
    /// Recipients of one transaction. Values under [`MIN_RECIPIENTS`] count as that.
    pub max_recipients: usize,
    /// `MAIL` commands of one connection.
    pub max_transactions: u32,
    /// Is STARTTLS to be had on this listener?
    pub starttls: StartTls,
    /// What sessions are for.
    pub service: Service,
}

/// Whether a listener can negotiate TLS inside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// Yes, until it is done.
    Offered,
    /// No: there is no certificate, or TLS came first.
    Absent,
}

/// RFC 5321 section 4.5.3.1.8: a server has to take at least 100 recipients.
pub const MIN_RECIPIENTS: usize = 100;

/// Different targets of one transaction. One recipient can lead to a hundred, and the wire to the store takes so many.
pub const MAX_TARGETS: usize = 4096;

/// Bytes of one [`super::Ask::Chunk`]; the wire to the store takes twice as much. The smaller, the less a slow store
/// makes a thousand sessions hold.
pub const MAX_CHUNK: usize = 64 * 1024;

/// `Received` fields that a message may bring along. RFC 5321 section 6.3 would have the threshold "normally at least 100";
/// no honest way is a third of this today, and each round of a loop costs both hosts a message.
pub const MAX_HOPS: u32 = 50;

/// A command line with its CRLF. RFC 5321 section 4.5.3.1.4 says 512; SIZE adds 26 (RFC 1870 section 3) and 8BITMIME
/// adds 17 (RFC 6152 section 2) to MAIL, and a limit per verb would refuse nothing more that matters.
pub(super) const COMMAND_LINE: usize = 512 + 26 + 17;

/// The same, and a line of a SASL exchange, for those who log in: RFC 4954 section 4.
pub(super) const LOGIN_LINE: usize = 12_288;

/// What is skipped of an overlong command line before the client is given up.
pub(super) const SKIPPED_LINE: usize = 64 * 1024;

/// Octets of a refused message that are read at least before its client is given up; otherwise it is twice the limit of
/// a message. A client that hears the reply at the end doesn't come again with the same message.
pub(super) const MIN_DISCARDED: u64 = 1024 * 1024;

/// RFC 5321 section 4.5.3.1.3: a path with its brackets.
pub(super) const PATH: usize = 256;

/// RFC 5321 section 4.5.3.1.2.
pub(super) const DOMAIN: usize = 255;

/// RFC 5321 section 4.5.3.1.1. Only asked of recipients, which are ours; the local parts that mailing lists and
/// forwarders put into a reverse path are longer every day, and refusing those loses mail.
pub(super) const LOCAL_PART: usize = 64;

/// RFC 1035 section 2.3.4.
pub(super) const LABEL: usize = 63;

/// Commands that are wrong, or wrong where they stand.
pub(super) const BAD_COMMANDS: u32 = 10;

/// Commands without effect between two messages: NOOP, RSET, VRFY, HELP, EHLO, HELO.
pub(super) const IDLE_COMMANDS: u32 = 100;

/// Commands of any kind between two messages; several times what a transaction with all its recipients takes.
pub(super) const COMMANDS: u32 = 20_000;

/// Octets of a chunk (BDAT) that is no mere command. Exim sends 8 KiB at a time, and a large message in very many.
pub(super) const CHUNK: u64 = 1024;

/// Logins that may fail.
pub(super) const LOGINS: u32 = 3;

/// Recipients refused for good, in one connection: more is somebody reading our directory.
pub(super) const REFUSED_RECIPIENTS: u32 = 100;

/// Replies that may pile up before the driver sends them.
pub(super) const PENDING_OUTPUT: usize = 8 * 1024;

/// How long a client may take to log in: anybody can connect.
pub(super) const LOGIN_PATIENCE: Duration = Duration::from_secs(60);

/// RFC 5321 section 4.5.3.2.7: at least 5 minutes for the next command; data comes in blocks that get the same.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
