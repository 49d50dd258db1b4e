//! What came of reading.

use super::append::Append;
use super::command::{Refused, Tagged};
use super::tag::Tag;

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All input is consumed, and there is no whole command yet.
    Incomplete,
    /// The client waits: send a continuation request, and read on.
    LiteralWanted {
        /// Octets that will come.
        size: u64,
    },
    /// A whole command, consumed with its line end.
    Command(Tagged),
    /// An APPEND up to its message, of which nothing is consumed. The session calls [`super::CommandReader::accept_message`]
    /// (and sends a continuation request if the literal is synchronizing) or [`super::CommandReader::refuse_message`].
    Append(Append),
    /// The line end behind the message of an accepted APPEND: the command is whole. Something else there is
    /// [`Outcome::Bad`] with the tag of the APPEND, and the message must not be kept.
    AppendEnd,
    /// Not a command. The reader goes on with the next by itself.
    Bad(Refused),
    /// Something is larger than the limits.
    TooLong {
        /// The tag of the command, if there was one.
        tag: Option<Tag>,
        /// What is possible afterwards.
        recovery: Recovery,
    },
}

/// What is possible after something too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Refuse the command with `[TOOBIG]` and read on; the reader knows where the next begins.
    Resume,
    /// Say `BYE` and close; the reader throws away all further input.
    Close,
}
