//! What a commit group changes: complete, with old values, so that replaying a group never has to ask the index.
//!
//! These types are the format of a commit record's payload (docs/store-format.md). Variants are only ever added at the end.

use ipc::mail::{AccountId, MailboxId, ModSeq, Seconds, SystemFlags, TransactionId, Uid};
use ipc::service::mailbox::SpecialUse;
use serde::{Deserialize, Serialize};

/// One change. Bodies are named by their index among the bodies of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// An account that `auth` minted is set up.
    AccountCreated {
        /// Which.
        account: AccountId,
    },
    /// An account is gone with all its mail, for good.
    AccountRemoved {
        /// Which.
        account: AccountId,
    },
    /// A mailbox is made.
    MailboxCreated {
        /// Whose.
        account: AccountId,
        /// Its id, never used again in the account.
        mailbox: MailboxId,
        /// Its whole name.
        name: String,
        /// Its special use.
        special_use: Option<SpecialUse>,
        /// Never the same for two mailboxes of one name.
        uid_validity: u32,
    },
    /// A keyword gets the next bit of a mailbox's keyword table.
    KeywordAdded {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// What.
        keyword: String,
    },
    /// A message is added.
    MessageAdded {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Its UID.
        uid: Uid,
        /// Its state.
        state: State,
        /// When it arrived.
        internal_date: Seconds,
        /// Its size in bytes.
        size: u32,
        /// The transaction it came by.
        transaction: TransactionId,
        /// Its body in the group.
        body: u16,
        /// Its structure in the group, stored like a body; none if the reader did not give one.
        structure: Option<u16>,
    },
    /// A message's flags are changed.
    FlagsChanged {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
        /// What it was.
        old: State,
        /// What it is.
        new: State,
    },
    /// A message is expunged.
    Expunged {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
        /// What it was.
        old: State,
        /// The mod-sequence of its end.
        modseq: ModSeq,
    },
    /// A transaction is done; asked again, it is answered the same.
    TransactionDone {
        /// Which.
        transaction: TransactionId,
        /// When.
        at: Seconds,
        /// What an append answered: UIDVALIDITY and UID.
        appended: Option<(u32, Uid)>,
    },
    /// Groups were lost at this place of the log: so that no UID is given twice, every mailbox there was jumps ahead.
    DamageNoted {
        /// The segment.
        segment: u64,
        /// The byte in it.
        offset: u64,
    },
}

/// The part of a message that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When it last changed.
    pub modseq: ModSeq,
    /// System flags.
    pub flags: SystemFlags,
    /// Keywords, by their bit in the mailbox's table.
    pub keywords: u64,
}
