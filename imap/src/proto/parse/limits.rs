//! How much a client may send.

/// What the reader accepts, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All lines of one command together.
    pub lines: usize,
    /// One literal that is an argument.
    pub literal: usize,
    /// All of one command, without the message of an APPEND.
    pub command: usize,
    /// A refused literal that the client does not wait to be asked for (LITERAL+, RFC 7888 section 4): so much is read and
    /// thrown away; for more the connection is closed.
    pub swallowed: u64,
    /// The message of an APPEND.
    pub message: u64,
}

/// What is thrown away of anybody.
const SWALLOWED: u64 = 1 << 20;

impl Limits {
    /// For who has not logged in: room for a name, a password, a token. A message of whatever size is offered to the session,
    /// which refuses every APPEND for its state, not for its size.
    #[must_use]
    pub fn before_login() -> Self {
        Limits {
            lines: 16 << 10,
            literal: 4 << 10,
            command: 24 << 10,
            swallowed: SWALLOWED,
            message: u64::MAX,
        }
    }

    /// For who has logged in and may append messages of this size.
    #[must_use]
    pub fn after_login(message: u64) -> Self {
        Limits {
            lines: 64 << 10,
            literal: 64 << 10,
            command: 256 << 10,
            // what could have been appended to another mailbox is no reason to send its client away
            swallowed: message.max(SWALLOWED),
            message,
        }
    }
}
