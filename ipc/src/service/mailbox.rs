//! `mailbox`: one logged-in session's channel to the store. It is bound to one account for good; no request names one.
//!
//! Requests are answered in order; structures and bodies of at most a chunk may be asked for ahead ([`Foreseen`]), everything
//! else one at a time. The only frame the store sends unasked is [`MailboxReply::Dirty`]:
//! one bit, "the selected mailbox has changes", set again only after the next [`MailboxRequest::Changes`].
//! When the store dies the session has ended: nothing reconnects in silence, and the user logs in again.

mod ahead;
mod client;
mod rows;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::frame::Message;
use crate::mail::{MailboxId, ModSeq, Seconds, SystemFlags, TransactionId, Uid, UidRange};

pub use ahead::{AHEAD, AHEAD_BYTES, Foreseen, PLANNED_MAX};
pub use client::MailboxClient;
pub use rows::{FlagChange, MailboxRow, MailboxStatus, MessageRow, SpecialUse};

/// How long a client waits for one reply.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Rows in one page.
pub const ROWS_MAX: usize = 1024;
/// Keywords a mailbox can have: a bit each.
pub const KEYWORDS_MAX: usize = 64;
/// The most bytes of a keyword.
pub const KEYWORD_LENGTH_MAX: usize = 255;
/// The most bytes of a mailbox name, hierarchy included.
pub const NAME_MAX: usize = 1024;
/// Ranges in one request.
pub const RANGES_MAX: usize = 8192;
/// Between levels of hierarchy in a name.
pub const HIERARCHY: char = '/';

/// The most levels of hierarchy in a name.
pub const LEVELS_MAX: usize = 64;
/// Mailboxes an account can have.
pub const MAILBOXES_MAX: usize = 10_000;
/// Names an account can subscribe to.
pub const SUBSCRIPTIONS_MAX: usize = 20_000;
/// The highest UIDVALIDITY or next UID that a mailbox takes over: there have to be some left above.
pub const ADOPTED_MAX: u32 = u32::MAX - (1 << 24);
/// Messages one copy or move takes.
pub const COPY_MAX: usize = 100_000;

/// Can this be the whole name of a mailbox? No empty level, no control character, nothing longer or deeper than the limits;
/// the inbox is written `INBOX`, at the top of what is beneath it as well.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut levels = name.split(HIERARCHY);
    name.len() <= NAME_MAX
        && levels.clone().count() <= LEVELS_MAX
        && levels.clone().all(|level| !level.is_empty() && !level.chars().any(char::is_control))
        && levels.next().is_some_and(|top| top == INBOX || !top.eq_ignore_ascii_case(INBOX))
}

/// The name of the inbox.
pub const INBOX: &str = "INBOX";

/// What a session asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum MailboxRequest {
    /// The mailboxes, in the order of their ids, a page from behind `after`. → [`MailboxReply::Mailboxes`]
    List {
        /// The last id of the page before.
        after: Option<MailboxId>,
    },
    /// A mailbox's counters. → [`MailboxReply::Status`] or [`MailboxReply::Refused`]
    Status {
        /// Which.
        mailbox: MailboxId,
    },
    /// Make it the session's selected mailbox. → [`MailboxReply::Selected`]
    Select {
        /// Which.
        mailbox: MailboxId,
        /// For writing: takes the recent messages.
        write: bool,
    },
    /// Select none. → [`MailboxReply::Done`]
    Unselect,
    /// The selected mailbox's messages by rising UID, a page from behind `after`. → [`MailboxReply::Messages`]
    Messages {
        /// The last UID of the page before; 0 at first.
        after: Uid,
    },
    /// What changed after `since`, which the session has shown its user: what was expunged up to then need not be
    /// kept for it any longer. → [`MailboxReply::Changes`]
    Changes {
        /// A mod-sequence the store has named before.
        since: ModSeq,
    },
    /// The structure that was stored with the message. → [`MailboxReply::Structure`]
    Structure {
        /// Which.
        uid: Uid,
    },
    /// A run of the message's bytes, clipped to what there is. → [`MailboxReply::Body`], then chunks under credits
    Body {
        /// Which.
        uid: Uid,
        /// From.
        offset: u32,
        /// How many bytes.
        length: u32,
    },
    /// During a body from the store: chunks have been taken in. Not answered.
    Credit {
        /// How many.
        chunks: u8,
    },
    /// Change flags of messages of the selected mailbox; UIDs that are not there are passed over.
    /// → [`MailboxReply::Flagged`], as many frames as it takes, or [`MailboxReply::Refused`], which may come instead of the
    /// rest of them: of many messages some are changed, and then others
    Flags {
        /// Of which.
        uids: Vec<UidRange>,
        /// How.
        change: FlagChange,
        /// System flags.
        flags: SystemFlags,
        /// Keywords by name.
        keywords: Vec<String>,
    },
    /// Remove the messages of the selected mailbox that are flagged `\Deleted`. → [`MailboxReply::Changes`] may be asked
    /// for after [`MailboxReply::Done`], which says that it is durable.
    Expunge {
        /// Only these, if given (RFC 4315 section 2.1).
        uids: Option<Vec<UidRange>>,
    },
    /// A message follows in chunks (stream 0) under credits. Not answered but by credits, or
    /// [`MailboxReply::Refused`] when the store cannot go on with it.
    Append {
        /// The transaction.
        transaction: TransactionId,
    },
    /// The message is complete: make it durable. → [`MailboxReply::Appended`] or [`MailboxReply::Refused`]
    Commit {
        /// Where to.
        mailbox: MailboxId,
        /// System flags.
        flags: SystemFlags,
        /// Keywords by name.
        keywords: Vec<String>,
        /// The internal date; the time of arrival if none.
        internal_date: Option<Seconds>,
        /// The encoded structure, opaque to the store; empty if unknown.
        structure: Vec<u8>,
    },
    /// Make a mailbox. The levels above it need not be there. → [`MailboxReply::Created`] or [`MailboxReply::Refused`]
    Create {
        /// Its whole name in UTF-8, at most [`NAME_MAX`] bytes; see [`is_name`].
        name: String,
        /// Its special use, which no other mailbox of the account has then (RFC 6154 section 3).
        special_use: Option<SpecialUse>,
    },
    /// Remove a mailbox with its messages, but not those beneath it; never the inbox. A session that has it selected goes
    /// on seeing what it saw (messages, structures, bodies), is refused what would change it, and is told
    /// [`MailboxReply::Gone`] when it asks what changed. The name stays subscribed if it was. → [`MailboxReply::Done`]
    Delete {
        /// Which.
        mailbox: MailboxId,
    },
    /// Rename a mailbox and all beneath it, at once. Of the inbox, the messages go to a new mailbox of that name and the
    /// inbox stays, empty, with what is beneath it (RFC 9051 section 6.3.6); [`Refusal::Limit`] if they are more than
    /// [`COPY_MAX`]. UIDs and UIDVALIDITY stay, but for the inbox's messages. Subscriptions are of names and stay what they
    /// are: whoever renames a mailbox for good subscribes to the new name. → [`MailboxReply::Done`]
    Rename {
        /// Which.
        mailbox: MailboxId,
        /// Its new whole name; see [`is_name`].
        name: String,
    },
    /// Subscribe to a name or no longer; a name may be subscribed that is no mailbox (RFC 9051 section 6.3.7).
    /// → [`MailboxReply::Done`]
    Subscribe {
        /// The name, normalised as those of mailboxes are.
        name: String,
        /// From now on, or no longer.
        subscribed: bool,
    },
    /// Subscribed names, in their order, a page from behind `after`. → [`MailboxReply::Subscriptions`]
    Subscriptions {
        /// The last name of the page before.
        after: Option<String>,
    },
    /// Copy or move messages of the selected mailbox, all or none; UIDs that are not there are passed over. Flags,
    /// keywords and internal date go along. → [`MailboxReply::Copied`], as many frames as it takes, or
    /// [`MailboxReply::Refused`], which comes instead of the first: [`Refusal::NoMailbox`] if there is none to copy to,
    /// [`Refusal::NotSelected`] if there is none to copy from, [`Refusal::Limit`] for more messages than [`COPY_MAX`] or more
    /// keywords than a mailbox has
    Copy {
        /// Which.
        uids: Vec<UidRange>,
        /// Where to.
        to: MailboxId,
        /// Whether they leave the selected mailbox in the same commit (RFC 6851).
        remove: bool,
    },
    /// A parser panicked on this message: from now on its row says [`MessageRow::opaque`] to everybody, and it is served as
    /// text nobody parses. → [`MailboxReply::Done`]
    Distrust {
        /// Which, in the selected mailbox.
        uid: Uid,
    },
    /// In an import session only: the message is complete, and keeps the UID it had elsewhere. → [`MailboxReply::Appended`] with
    /// that UID, or, where it is not above all that the mailbox has given out, with the next one; or [`MailboxReply::Refused`]
    Import {
        /// Where to.
        mailbox: MailboxId,
        /// The UID it had, if it had one.
        uid: Option<Uid>,
        /// System flags.
        flags: SystemFlags,
        /// Keywords by name.
        keywords: Vec<String>,
        /// The internal date.
        internal_date: Seconds,
        /// The encoded structure, opaque to the store; empty if unknown.
        structure: Vec<u8>,
    },
    /// In an import session only: a mailbox takes over the UIDVALIDITY it had elsewhere, which it can while it has given out no
    /// UID, and gives out no UID below `uid_next` from now on. → [`MailboxReply::Done`], or [`MailboxReply::Refused`] with
    /// [`Refusal::Exists`] when it has given out UIDs of its own under another UIDVALIDITY
    Adopt {
        /// Which.
        mailbox: MailboxId,
        /// Its UIDVALIDITY elsewhere; at most [`ADOPTED_MAX`].
        uid_validity: Option<u32>,
        /// The UID that its next message would have got.
        uid_next: Uid,
    },
    /// Forget the message that was being appended. → [`MailboxReply::Done`], or the [`MailboxReply::Refused`] of the append
    /// if that crossed this on its way
    Abort,
}

impl Message for MailboxRequest {}

/// Why a request was refused. The session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No such mailbox.
    NoMailbox,
    /// No such message, or none any longer.
    NoMessage,
    /// No mailbox is selected, or for reading only.
    NotSelected,
    /// A limit (keywords, size, mailboxes, subscriptions, messages of one copy) is reached.
    Limit,
    /// No space on the disk.
    Full,
    /// Its bytes on the disk are damaged; it is not served.
    Damaged,
    /// A mailbox of that name is there (or, of its subtree, would be there twice), or of that special use.
    Exists,
    /// That cannot be the name of a mailbox.
    Name,
    /// The inbox cannot be removed.
    Inbox,
}

/// What the store answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum MailboxReply {
    /// The selected mailbox has changes (unasked).
    Dirty,
    /// Done, and durable.
    Done,
    /// No.
    Refused(Refusal),
    /// A page of mailboxes.
    Mailboxes {
        /// At most [`ROWS_MAX`].
        rows: Vec<MailboxRow>,
        /// Are there more?
        more: bool,
    },
    /// Counters.
    Status(MailboxStatus),
    /// The mailbox is selected.
    Selected {
        /// Its counters; `recent` is what this session was given.
        status: MailboxStatus,
        /// The first UID that is recent for this session; none are when it equals `status.uid_next`.
        first_recent: Uid,
        /// Its keywords; a bit of [`MessageRow::keywords`] each.
        keywords: Vec<String>,
    },
    /// A page of messages.
    Messages {
        /// At most [`ROWS_MAX`], by rising UID.
        rows: Vec<MessageRow>,
        /// Are there more?
        more: bool,
    },
    /// What changed.
    Changes {
        /// New and changed messages, by rising UID.
        rows: Vec<MessageRow>,
        /// Messages that are gone.
        expunged: Vec<UidRange>,
        /// All up to here is in; ask again with it.
        until: ModSeq,
        /// Are there more changes right now?
        more: bool,
        /// The keyword table as it is now.
        keywords: Vec<String>,
    },
    /// The stored structure; empty when none was stored.
    Structure(Vec<u8>),
    /// That many bytes follow as chunks.
    Body {
        /// How many.
        length: u32,
    },
    /// Flags are changed: the rows as they are now, of the messages that were named and are there, by rising UID; a page
    /// of at most [`ROWS_MAX`] rows a frame, `more` when another frame follows at once.
    Flagged {
        /// The rows.
        rows: Vec<MessageRow>,
        /// The keyword table as it is now.
        keywords: Vec<String>,
        /// Another frame follows.
        more: bool,
    },
    /// The mailbox is made.
    Created {
        /// Its id.
        mailbox: MailboxId,
    },
    /// The selected mailbox was removed; none is selected any more.
    Gone,
    /// A page of subscribed names.
    Subscriptions {
        /// At most [`ROWS_MAX`].
        names: Vec<String>,
        /// Are there more?
        more: bool,
    },
    /// Messages are copied, durably: the n-th UID of `source` is now (also) the n-th of `copies`.
    Copied {
        /// Of the mailbox they are in now.
        uid_validity: u32,
        /// Of the selected mailbox, rising; at most [`RANGES_MAX`] ranges a frame.
        source: Vec<UidRange>,
        /// Of the other, rising; as many UIDs.
        copies: Vec<UidRange>,
        /// Another frame follows.
        more: bool,
    },
    /// During an append: chunks have been taken in.
    Credit {
        /// How many.
        chunks: u8,
    },
    /// The message is durable.
    Appended {
        /// Of the mailbox.
        uid_validity: u32,
        /// Of the message.
        uid: Uid,
    },
}

impl Message for MailboxReply {}
