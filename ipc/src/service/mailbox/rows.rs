//! What is listed: mailboxes, their counters, and messages.

use serde::{Deserialize, Serialize};

use crate::mail::{MailboxId, ModSeq, Seconds, SystemFlags, TransactionId, Uid};

/// The special use of a mailbox (RFC 6154).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SpecialUse {
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

/// A mailbox as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxRow {
    /// Its id.
    pub id: MailboxId,
    /// Its whole name in UTF-8; `INBOX` is the inbox.
    pub name: String,
    /// Its special use.
    pub special_use: Option<SpecialUse>,
    /// Is it subscribed?
    pub subscribed: bool,
}

/// The counters of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxStatus {
    /// UIDVALIDITY
    pub uid_validity: u32,
    /// The UID the next message gets at the least.
    pub uid_next: Uid,
    /// The highest mod-sequence there was.
    pub highest_modseq: ModSeq,
    /// How many messages.
    pub messages: u32,
    /// How many of them without `\Seen`.
    pub unseen: u32,
    /// How many of them no session has been told of as recent yet.
    pub recent: u32,
}

/// A message as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its UID.
    pub uid: Uid,
    /// When it last changed.
    pub modseq: ModSeq,
    /// Its system flags.
    pub flags: SystemFlags,
    /// Its keywords: bit n is the n-th of the mailbox's keyword table.
    pub keywords: u64,
    /// When it arrived.
    pub internal_date: Seconds,
    /// Its size in bytes, as it is sent out.
    pub size: u32,
    /// The transaction it came by: its id in every log.
    pub id: TransactionId,
    /// A parser panicked on it: it is text that nobody parses.
    pub opaque: bool,
}

/// What to do with flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlagChange {
    /// These, and no others.
    Replace,
    /// These as well.
    Add,
    /// Not these.
    Remove,
}
