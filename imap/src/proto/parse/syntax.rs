//! Why a command is refused.

/// What is wrong with a command. The text is fit for the client's eyes and quotes nothing of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Syntax {
    /// No tag, or one with characters that a tag cannot have.
    #[error("Missing or invalid tag")]
    Tag,
    /// A tag alone.
    #[error("Missing command")]
    NoCommand,
    /// Not a command of this server.
    #[error("Unknown command")]
    UnknownCommand,
    /// An argument is missing, or is not set off by a single space.
    #[error("Missing argument")]
    Space,
    /// There is more after the last argument.
    #[error("Unexpected argument")]
    Trailing,
    /// Not an atom.
    #[error("Invalid atom")]
    Atom,
    /// Not a number, or out of range.
    #[error("Invalid number")]
    Number,
    /// Neither quoted nor literal, an unfinished quoted string, or a NUL, CR or LF where none may be.
    #[error("Invalid string")]
    String,
    /// Text that is not UTF-8.
    #[error("Text is not UTF-8")]
    Utf8,
    /// APPEND without its message.
    #[error("Missing message literal")]
    NoLiteral,
    /// A parenthesis is missing.
    #[error("Invalid list")]
    List,
    /// An unknown system flag, or a keyword that is too long.
    #[error("Invalid flag")]
    Flag,
    /// Empty, too long, with control characters, or not modified UTF-7.
    #[error("Invalid mailbox name")]
    Mailbox,
    /// Not a sequence set.
    #[error("Invalid sequence set")]
    SequenceSet,
    /// Not a date, or a day that the calendar does not have.
    #[error("Invalid date")]
    Date,
    /// Not a section of a message.
    #[error("Invalid section")]
    Section,
    /// Not something to be fetched.
    #[error("Unknown FETCH item")]
    FetchItem,
    /// Not something to be stored.
    #[error("Unknown STORE item")]
    StoreItem,
    /// Not a parameter of CREATE.
    #[error("Unknown CREATE parameter")]
    CreateParameter,
    /// Not something that STATUS tells.
    #[error("Unknown STATUS item")]
    StatusItem,
    /// Not a search key.
    #[error("Unknown SEARCH key")]
    SearchKey,
    /// Not base64, or not what the mechanism says.
    #[error("Invalid SASL response")]
    Sasl,
    /// Nested more deeply than is accepted.
    #[error("Too deeply nested")]
    TooDeep,
    /// More items, numbers or literals than are accepted.
    #[error("Too many arguments")]
    TooMany,
}

/// What a parser of this module returns.
pub(super) type Parsed<T> = Result<T, Syntax>;
