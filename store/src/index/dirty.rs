//! What the tables on the disk do not have yet.

use std::collections::BTreeSet;

use ipc::mail::{AccountId, MailboxId, QueueId, Uid};

use crate::change::Change;

/// What has changed since the last batch was made: names of rows, the rows themselves are looked up when it is written.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    /// Rows of accounts.
    pub(super) accounts: BTreeSet<AccountId>,
    /// Rows of mailboxes.
    pub(super) mailboxes: BTreeSet<(AccountId, MailboxId)>,
    /// Accounts of which the rows of all mailboxes are.
    pub(super) shapes: BTreeSet<AccountId>,
    /// Rows of messages.
    pub(super) messages: BTreeSet<(AccountId, MailboxId, Uid)>,
    /// Names that were subscribed to, or no longer.
    pub(super) names: BTreeSet<(AccountId, String)>,
    /// Entries of the queue.
    pub(super) queue: BTreeSet<QueueId>,
    /// Anything at all, the place in the log included.
    pub(super) any: bool,
}

impl Dirty {
    /// Notes what a change changes.
    pub(super) fn note(&mut self, change: &Change) {
        self.any = true;
        match change {
            Change::AccountCreated { account } | Change::AccountRemoved { account } => {
                self.accounts.insert(*account);
            }
            // A name or a special use may have been another's, which has none, or another, from then on.
            Change::MailboxCreated { account, mailbox, .. }
            | Change::MailboxDeleted { account, mailbox, .. } => {
                self.accounts.insert(*account);
                self.shapes.insert(*account);
                self.mailboxes.insert((*account, *mailbox));
            }
            Change::MailboxRenamed { account, .. } => {
                self.shapes.insert(*account);
            }
            Change::KeywordAdded { account, mailbox, .. }
            | Change::MailboxAdopted { account, mailbox, .. } => {
                self.mailboxes.insert((*account, *mailbox));
            }
            Change::MessageAdded { account, mailbox, uid, .. }
            | Change::MessageCopied { account, mailbox, uid, .. }
            | Change::FlagsChanged { account, mailbox, uid, .. }
            | Change::Expunged { account, mailbox, uid, .. }
            | Change::MessageDistrusted { account, mailbox, uid, .. } => {
                self.message((*account, *mailbox), *uid);
            }
            Change::Subscribed { account, name } | Change::Unsubscribed { account, name } => {
                self.names.insert((*account, name.clone()));
            }
            Change::QueueAdded(queued) => {
                self.queue.insert(queued.id);
            }
            Change::TransactionDone { .. } | Change::DamageNoted { .. } => {}
        }
    }

    /// A message, and with it its mailbox's counters.
    pub(super) fn message(&mut self, key: (AccountId, MailboxId), uid: Uid) {
        self.any = true;
        self.mailboxes.insert(key);
        self.messages.insert((key.0, key.1, uid));
    }

    /// Every account, and every mailbox of it.
    pub(super) fn all(&mut self, accounts: impl Iterator<Item = AccountId> + Clone) {
        self.any = true;
        self.accounts.extend(accounts.clone());
        self.shapes.extend(accounts);
    }
}
