//! Deciding: what a request changes, or why it is refused. Called by the committer in the order of the log, so that every
//! condition (is the mailbox there, is the message there still) is decided once, in one place.

mod account;
mod copy;
mod flags;
mod mailbox;
mod message;
mod queue;
mod rename;
mod staging;

pub use queue::Envelope;
pub use staging::Staging;

use ipc::mail::{AccountId, MailboxId, Seconds, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{FlagChange, INBOX, Refusal, SpecialUse};

use crate::change::Change;
use crate::index::{Index, Uids};
use crate::log::PreparedBody;

/// A request that changes something.
#[derive(Debug)]
pub enum Operation {
    /// Set accounts up; those that were removed are passed over.
    Create {
        /// Which.
        accounts: Vec<AccountId>,
    },
    /// Remove an account.
    Remove {
        /// Which.
        account: AccountId,
    },
    /// Add a message to a folder of each account, or to none.
    Deliver {
        /// The message.
        message: NewMessage,
        /// Where to.
        accounts: Vec<AccountId>,
        /// Which folder.
        folder: Folder,
    },
    /// Add a message to the inbox of each local account and to the queue for elsewhere, or nowhere.
    Submit {
        /// The message.
        message: NewMessage,
        /// Who sends it.
        sender: AccountId,
        /// To whom.
        envelope: Envelope,
    },
    /// Add a message to a mailbox.
    Append {
        /// The message.
        message: NewMessage,
        /// Whose.
        account: AccountId,
        /// Where to.
        mailbox: MailboxId,
        /// The UID it had elsewhere, to be kept if possible.
        uid: Option<Uid>,
        /// System flags.
        flags: SystemFlags,
        /// Keywords.
        keywords: Vec<String>,
        /// If the client gave one.
        internal_date: Option<Seconds>,
    },
    /// Change flags.
    Flags {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Of which.
        uids: Uids,
        /// How.
        change: FlagChange,
        /// System flags.
        flags: SystemFlags,
        /// Keywords.
        keywords: Vec<String>,
    },
    /// Remove what is flagged `\Deleted`.
    Expunge {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Only among these.
        uids: Uids,
    },
    /// Make a mailbox.
    CreateMailbox {
        /// Whose.
        account: AccountId,
        /// Its whole name.
        name: String,
        /// Its special use.
        special_use: Option<SpecialUse>,
    },
    /// Remove a mailbox with its messages.
    DeleteMailbox {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
    },
    /// Take over what a mailbox had elsewhere.
    AdoptMailbox {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
        /// Its UIDVALIDITY there.
        uid_validity: Option<u32>,
        /// Its next UID there.
        uid_next: Uid,
    },
    /// Rename a mailbox and all beneath it, or empty the inbox into a new mailbox.
    RenameMailbox {
        /// Whose.
        account: AccountId,
        /// Which.
        mailbox: MailboxId,
        /// Its new whole name.
        name: String,
    },
    /// Subscribe to a name, or no longer.
    Subscribe {
        /// Who.
        account: AccountId,
        /// To what.
        name: String,
        /// From now on, or no longer.
        subscribed: bool,
    },
    /// Copy messages.
    Copy {
        /// Whose.
        account: AccountId,
        /// Where from.
        from: MailboxId,
        /// Which.
        uids: Uids,
        /// Where to.
        to: MailboxId,
        /// What becomes of those that were copied.
        originals: Originals,
    },
    /// A parser panicked on a message: nobody parses it any more.
    Distrust {
        /// Whose.
        account: AccountId,
        /// Where.
        mailbox: MailboxId,
        /// Which.
        uid: Uid,
    },
    /// Jump over a place where groups were lost.
    NoteDamage {
        /// The segment.
        segment: u64,
        /// The byte in it.
        offset: u64,
    },
}

/// What becomes of messages that are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Originals {
    /// They stay.
    Stay,
    /// They are expunged in the same group (RFC 6851).
    Go,
}

/// A message on its way in, compressed.
#[derive(Debug)]
pub struct NewMessage {
    /// The transaction that brings it.
    pub transaction: TransactionId,
    /// Its bytes.
    pub body: PreparedBody,
    /// Its structure.
    pub structure: Option<PreparedBody>,
}

impl Operation {
    /// Does it add mail, or mailboxes and names for it? If not it may use the space that is kept free, so that deleting works
    /// on a full disk.
    #[must_use]
    pub fn adds_mail(&self) -> bool {
        match self {
            Operation::Create { .. }
            | Operation::Deliver { .. }
            | Operation::Submit { .. }
            | Operation::Append { .. }
            | Operation::CreateMailbox { .. }
            | Operation::AdoptMailbox { .. }
            | Operation::RenameMailbox { .. }
            | Operation::Subscribe { subscribed: true, .. }
            | Operation::Copy { .. } => true,
            Operation::Remove { .. }
            | Operation::Flags { .. }
            | Operation::Expunge { .. }
            | Operation::DeleteMailbox { .. }
            | Operation::Subscribe { subscribed: false, .. }
            | Operation::Distrust { .. }
            | Operation::NoteDamage { .. } => false,
        }
    }

    /// How many bodies it brings.
    #[must_use]
    pub fn bodies(&self) -> usize {
        match self {
            Operation::Deliver { message, .. }
            | Operation::Submit { message, .. }
            | Operation::Append { message, .. } => 1 + usize::from(message.structure.is_some()),
            _ => 0,
        }
    }

    /// How many bytes of bodies it brings.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Operation::Deliver { message, .. }
            | Operation::Submit { message, .. }
            | Operation::Append { message, .. } => {
                let structure = message.structure.as_ref().map_or(0, PreparedBody::stored_length);
                message.body.stored_length().saturating_add(structure)
            }
            _ => 0,
        }
    }

    /// The mailbox whose messages are looked at to decide it: they have to be in memory.
    #[must_use]
    pub fn looks_at(&self, index: &Index) -> Option<(AccountId, MailboxId)> {
        match self {
            Operation::Flags { account, mailbox, .. }
            | Operation::Expunge { account, mailbox, .. }
            | Operation::Distrust { account, mailbox, .. }
            | Operation::Copy { account, from: mailbox, .. } => Some((*account, *mailbox)),
            // Is what it brought before still there?
            Operation::Append { message, account, mailbox, .. } => {
                let before = index.transactions.outcome(message.transaction);
                before.map(|_| (*account, *mailbox))
            }
            // The inbox is emptied, others go as they are.
            Operation::RenameMailbox { account, mailbox, .. } => index
                .mailbox(*account, *mailbox)
                .filter(|found| found.name == INBOX)
                .map(|_| (*account, *mailbox)),
            _ => None,
        }
    }

    /// The bodies, taken out.
    pub fn into_bodies(self) -> impl Iterator<Item = PreparedBody> {
        let message = match self {
            Operation::Deliver { message, .. }
            | Operation::Submit { message, .. }
            | Operation::Append { message, .. } => Some(message),
            _ => None,
        };
        message.into_iter().flat_map(|message| std::iter::once(message.body).chain(message.structure))
    }
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and durable.
    Done,
    /// An append, done: UIDVALIDITY and UID.
    Appended(u32, Uid),
    /// Flags are changed: of these messages, those that were there.
    Flagged(Vec<Uid>),
    /// The mailbox is made.
    Created(MailboxId),
    /// Messages are copied.
    Copied(Copied),
    /// A target account is not there, or each of the accounts to be set up was removed.
    NoAccount,
    /// Not done.
    Refused(Refusal),
}

/// The copies that were made: the n-th UID of `source` is (also) the n-th of `copies`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// UIDVALIDITY of the mailbox they are in.
    pub uid_validity: u32,
    /// UIDs of the originals, rising.
    pub source: Vec<UidRange>,
    /// UIDs of the copies, rising.
    pub copies: Vec<UidRange>,
}

/// What the committer is to do with an operation now.
#[derive(Debug)]
pub enum Decision {
    /// Make these changes durable, then answer.
    Change(Vec<Change>, Outcome),
    /// Answer at once: nothing changes.
    Answer(Outcome),
    /// It depends on what another operation of this group does: in the next group.
    Later,
}

/// Decides one operation, seeing the index (what is durable) and what this group has decided before. `first_body` is the
/// number its first body will have in the group, `now` the time.
#[must_use]
pub fn decide(
    operation: &Operation,
    index: &Index,
    staging: &mut Staging,
    first_body: u16,
    now: Seconds,
) -> Decision {
    match operation {
        Operation::Create { accounts } => account::create(accounts, index, staging, now),
        Operation::Remove { account } => account::remove(*account, index, staging),
        Operation::Deliver { message, accounts, folder } => {
            message::deliver(message, accounts, *folder, index, staging, first_body, now)
        }
        Operation::Submit { message, sender, envelope } => {
            queue::submit(message, *sender, envelope, index, staging, first_body, now)
        }
        Operation::Append { message, account, mailbox, uid, flags, keywords, internal_date } => {
            let with = message::With { uid: *uid, flags: *flags, keywords, internal_date: *internal_date };
            message::append(message, (*account, *mailbox), &with, index, staging, first_body, now)
        }
        Operation::Flags { account, mailbox, uids, change, flags, keywords } => {
            let wanted = flags::Wanted { change: *change, flags: *flags, keywords };
            flags::change((*account, *mailbox), uids, &wanted, index, staging)
        }
        Operation::Expunge { account, mailbox, uids } => {
            flags::expunge((*account, *mailbox), uids, index, staging)
        }
        Operation::CreateMailbox { account, name, special_use } => {
            mailbox::create(*account, name, *special_use, index, staging, now)
        }
        Operation::DeleteMailbox { account, mailbox } => mailbox::delete(*account, *mailbox, index, staging),
        Operation::AdoptMailbox { account, mailbox, uid_validity, uid_next } => {
            mailbox::adopt((*account, *mailbox), *uid_validity, *uid_next, index, staging)
        }
        Operation::RenameMailbox { account, mailbox, name } => {
            rename::rename((*account, *mailbox), name, index, staging, now)
        }
        Operation::Subscribe { account, name, subscribed: true } => {
            mailbox::subscribe(*account, name, index, staging)
        }
        Operation::Subscribe { account, name, subscribed: false } => {
            mailbox::unsubscribe(*account, name, index, staging)
        }
        Operation::Copy { account, from, uids, to, originals } => {
            copy::copy(*account, (*from, uids), *to, *originals, index, staging, now)
        }
        Operation::Distrust { account, mailbox, uid } => {
            copy::distrust((*account, *mailbox), *uid, index, staging)
        }
        Operation::NoteDamage { segment, offset } => {
            if staging.is_empty() {
                staging.close();
                Decision::Change(
                    vec![Change::DamageNoted { segment: *segment, offset: *offset }],
                    Outcome::Done,
                )
            } else {
                Decision::Later
            }
        }
    }
}

#[cfg(test)]
mod tests;
