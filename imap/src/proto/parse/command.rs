//! Commands, and the table of their names.

use super::auth::{self, Secret};
use super::cursor::Cursor;
use super::extensions::{self, ClientId};
use super::fetch::{self, FetchItem};
use super::flag::Flag;
use super::list::ListPattern;
use super::mailbox::{self, MailboxName, StatusItem};
use super::search::{self, Search};
use super::sequence::SequenceSet;
use super::special_use::{self, WantedUse};
use super::store::{self, Change, Echo, Original};
use super::syntax::{Parsed, Syntax};
use super::tag::Tag;

/// A command and its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// To be echoed in the response.
    pub tag: Tag,
    /// What is asked.
    pub command: Command,
}

/// A command that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The tag, if there was one. Without it the refusal is untagged.
    pub tag: Option<Tag>,
    /// What is wrong.
    pub why: Syntax,
}

/// What a client can ask. APPEND is not among these: see [`super::Outcome::Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names and arguments are those of the RFC sections given")]
pub enum Command {
    /// RFC 3501 section 6.1.1
    Capability,
    /// RFC 3501 section 6.1.2
    Noop,
    /// RFC 3501 section 6.1.3
    Logout,
    /// RFC 3501 section 6.2.1
    StartTls,
    /// RFC 3501 section 6.2.2. The mechanism is in upper case, the initial response (RFC 4959) decoded.
    Authenticate { mechanism: String, initial: Option<Secret> },
    /// RFC 3501 section 6.2.3
    Login { user: String, password: Secret },
    /// RFC 3501 section 6.3.1
    Select(MailboxName),
    /// RFC 3501 section 6.3.2
    Examine(MailboxName),
    /// RFC 3501 section 6.3.3; RFC 6154 section 3
    Create { mailbox: MailboxName, wanted: WantedUse },
    /// RFC 3501 section 6.3.4
    Delete(MailboxName),
    /// RFC 3501 section 6.3.5
    Rename { from: MailboxName, to: MailboxName },
    /// RFC 3501 section 6.3.6
    Subscribe(MailboxName),
    /// RFC 3501 section 6.3.7
    Unsubscribe(MailboxName),
    /// RFC 3501 section 6.3.8
    List { reference: String, pattern: ListPattern },
    /// RFC 3501 section 6.3.9
    Lsub { reference: String, pattern: ListPattern },
    /// RFC 3501 section 6.3.10
    Status { mailbox: MailboxName, items: Vec<StatusItem> },
    /// RFC 3501 section 6.4.1
    Check,
    /// RFC 3501 section 6.4.2
    Close,
    /// RFC 3691
    Unselect,
    /// RFC 3501 section 6.4.3
    Expunge,
    /// RFC 4315 section 2.1
    UidExpunge(SequenceSet),
    /// RFC 3501 sections 6.4.4 and 6.4.8
    Search { by: By, search: Search },
    /// RFC 3501 sections 6.4.5 and 6.4.8
    Fetch { by: By, set: SequenceSet, items: Vec<FetchItem> },
    /// RFC 3501 sections 6.4.6 and 6.4.8
    Store { by: By, set: SequenceSet, change: Change, echo: Echo, flags: Vec<Flag> },
    /// RFC 3501 sections 6.4.7 and 6.4.8; RFC 6851
    Copy { by: By, set: SequenceSet, mailbox: MailboxName, original: Original },
    /// RFC 2177
    Idle,
    /// RFC 2342
    Namespace,
    /// RFC 2971
    Id(ClientId),
    /// RFC 5161. Capabilities in upper case.
    Enable(Vec<String>),
}

/// How messages are named in a command and its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By sequence number.
    Sequence,
    /// By UID: the command came with the prefix `UID`.
    Uid,
}

/// Parses one whole command: its lines with its literals inline, without the last line's end.
///
/// # Errors
/// [`Refused`] when it is not of the grammar of RFC 3501 section 9 and the extensions named at [`Command`], or exceeds the
/// limits on counts and nesting.
pub fn command(bytes: &[u8]) -> Result<Tagged, Refused> {
    let mut cursor = Cursor::new(bytes);
    let tag = Tag::parse(&mut cursor).map_err(|why| Refused { tag: None, why })?;
    match after_tag(&mut cursor) {
        Ok(command) => Ok(Tagged { tag, command }),
        Err(why) => Err(Refused { tag: Some(tag), why }),
    }
}

/// Names known to the table below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// APPEND: the last of its literals is streamed.
    Append,
    /// One whose literals are collected.
    Other,
}

/// The tag and the name of a command that is not yet whole, leaving the cursor before the arguments.
pub(super) fn preamble(cursor: &mut Cursor<'_>) -> Result<(Tag, Name), Refused> {
    let tag = Tag::parse(cursor).map_err(|why| Refused { tag: None, why })?;
    match name(cursor) {
        Ok(name) if name == "APPEND" => Ok((tag, Name::Append)),
        Ok(name) if WITH_ARGUMENTS.contains(&name.as_str()) => Ok((tag, Name::Other)),
        Ok(_) => Err(Refused { tag: Some(tag), why: Syntax::UnknownCommand }),
        Err(why) => Err(Refused { tag: Some(tag), why }),
    }
}

/// Commands that can have a literal in them. A literal of any other is refused unread.
const WITH_ARGUMENTS: [&str; 18] = [
    "AUTHENTICATE",
    "COPY",
    "CREATE",
    "DELETE",
    "EXAMINE",
    "FETCH",
    "ID",
    "LIST",
    "LOGIN",
    "LSUB",
    "MOVE",
    "RENAME",
    "SEARCH",
    "SELECT",
    "STATUS",
    "SUBSCRIBE",
    "UID",
    "UNSUBSCRIBE",
];

fn name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.expect(b' ', Syntax::NoCommand)?;
    match cursor.word() {
        name if name.is_empty() => Err(Syntax::NoCommand),
        name => Ok(name),
    }
}

fn after_tag(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let name = name(cursor)?;
    let command = match name.as_str() {
        "UID" => by_uid(cursor)?,
        _ => by_name(&name, cursor)?,
    };
    cursor.end()?;
    Ok(command)
}

fn by_name(name: &str, cursor: &mut Cursor<'_>) -> Parsed<Command> {
    Ok(match name {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "AUTHENTICATE" => auth::authenticate(cursor)?,
        "LOGIN" => auth::login(cursor)?,
        "SELECT" => Command::Select(mailbox::name(cursor)?),
        "EXAMINE" => Command::Examine(mailbox::name(cursor)?),
        "CREATE" => special_use::create(cursor)?,
        "DELETE" => Command::Delete(mailbox::name(cursor)?),
        "RENAME" => mailbox::rename(cursor)?,
        "SUBSCRIBE" => Command::Subscribe(mailbox::name(cursor)?),
        "UNSUBSCRIBE" => Command::Unsubscribe(mailbox::name(cursor)?),
        "LIST" => {
            let (reference, pattern) = mailbox::reference_and_pattern(cursor)?;
            Command::List { reference, pattern }
        }
        "LSUB" => {
            let (reference, pattern) = mailbox::reference_and_pattern(cursor)?;
            Command::Lsub { reference, pattern }
        }
        "STATUS" => mailbox::status(cursor)?,
        "APPEND" => return Err(Syntax::NoLiteral),
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "EXPUNGE" => Command::Expunge,
        "SEARCH" => search::search(cursor, By::Sequence)?,
        "FETCH" => fetch::fetch(cursor, By::Sequence)?,
        "STORE" => store::store(cursor, By::Sequence)?,
        "COPY" => store::copy(cursor, By::Sequence, Original::Stays)?,
        "MOVE" => store::copy(cursor, By::Sequence, Original::Leaves)?,
        "IDLE" => Command::Idle,
        "NAMESPACE" => Command::Namespace,
        "ID" => extensions::id(cursor)?,
        "ENABLE" => extensions::enable(cursor)?,
        _ => return Err(Syntax::UnknownCommand),
    })
}

fn by_uid(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    match cursor.word().as_str() {
        "SEARCH" => search::search(cursor, By::Uid),
        "FETCH" => fetch::fetch(cursor, By::Uid),
        "STORE" => store::store(cursor, By::Uid),
        "COPY" => store::copy(cursor, By::Uid, Original::Stays),
        "MOVE" => store::copy(cursor, By::Uid, Original::Leaves),
        "EXPUNGE" => {
            cursor.space()?;
            SequenceSet::parse(cursor).map(Command::UidExpunge)
        }
        _ => Err(Syntax::UnknownCommand),
    }
}
