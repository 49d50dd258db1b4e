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
    /// One literal that the client does not wait to be asked for, RFC 7888 section 5 (LITERAL-).
    pub unasked: u64,
    /// A literal of that kind that is read and thrown away rather than the connection closed.
    pub swallowed: u64,
    /// The message of an APPEND.
    pub message: u64,
}

impl Limits {
    /// For who has not logged in: room for a name, a password, a token. A message of whatever size is offered to the session,
    /// which refuses every APPEND for its state, not for its size.
    #[must_use]
    pub fn before_login() -> Self {
        Limits { lines: 16 << 10, literal: 4 << 10, command: 24 << 10, ..Limits::after_login(u64::MAX) }
    }

    /// For who has logged in and may append messages of this size.
    #[must_use]
    pub fn after_login(message: u64) -> Self {
        Limits {
            lines: 64 << 10,
            literal: 64 << 10,
            command: 256 << 10,
            unasked: 4096,
            swallowed: 1 << 20,
            message,
        }
    }
}
