//! What the operations of one group have decided so far, beside the index, which shows only what is durable.

use std::collections::{HashMap, HashSet};

use ipc::mail::{AccountId, MailboxId, ModSeq, QueueId, TransactionId, Uid};

use ipc::service::mailbox::ADOPTED_MAX;

use crate::index::Mailbox;

/// The counters and locks of one group.
#[derive(Debug, Default)]
pub struct Staging {
    counters: HashMap<(AccountId, MailboxId), (Uid, ModSeq)>,
    touched: HashSet<(AccountId, MailboxId, Uid)>,
    keywords: HashSet<(AccountId, MailboxId)>,
    accounts: HashSet<AccountId>,
    transactions: HashSet<TransactionId>,
    last_uid_validity: u32,
    /// The last entry added to the queue, and how many were.
    queued: (QueueId, usize),
    used: bool,
    closed: bool,
}

impl Staging {
    /// Has nothing been decided yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.used && !self.closed
    }

    /// Nothing else goes into this group.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// May operations on this account be decided in this group?
    pub(super) fn may_use(&mut self, account: AccountId) -> bool {
        self.used = true;
        !self.closed && !self.accounts.contains(&account)
    }

    /// The account, or the set of its mailboxes or names, changes in this group: all else about it has to wait. `false` if it is in use already.
    pub(super) fn shape(&mut self, account: AccountId) -> bool {
        let in_use = self.counters.keys().any(|(used, _)| *used == account)
            || self.touched.iter().any(|(used, _, _)| *used == account);
        self.used = true;
        !self.closed && !in_use && self.accounts.insert(account)
    }

    /// The transaction is done in this group. `false` if another operation of the group has the same.
    pub(super) fn transact(&mut self, transaction: TransactionId) -> bool {
        self.transactions.insert(transaction)
    }

    /// Has the transaction been decided in this group?
    pub(super) fn transacts(&self, transaction: TransactionId) -> bool {
        self.transactions.contains(&transaction)
    }

    /// The last entry that this group adds to the queue, and how many it adds.
    pub(super) fn queued(&self) -> (QueueId, usize) {
        self.queued
    }

    /// The entry is added to the queue in this group.
    pub(super) fn queue(&mut self, id: QueueId) {
        self.queued = (id, self.queued.1.saturating_add(1));
    }

    /// The next mod-sequence of a mailbox.
    pub(super) fn next_modseq(&mut self, key: (AccountId, MailboxId), mailbox: &Mailbox) -> ModSeq {
        let counters = self.counters.entry(key).or_insert((mailbox.uid_next, mailbox.modseq));
        counters.1 = counters.1.saturating_add(1);
        counters.1
    }

    /// The next UID of a mailbox; `None` when they are used up.
    pub(super) fn next_uid(&mut self, key: (AccountId, MailboxId), mailbox: &Mailbox) -> Option<Uid> {
        let counters = self.counters.entry(key).or_insert((mailbox.uid_next, mailbox.modseq));
        let uid = counters.0;
        counters.0 = uid.checked_add(1)?;
        Some(uid)
    }

    /// The UID a message keeps if it is above all that the mailbox has given out, else the next one; `None` when they are used
    /// up.
    pub(super) fn kept_uid(
        &mut self,
        key: (AccountId, MailboxId),
        mailbox: &Mailbox,
        wanted: Option<Uid>,
    ) -> Option<Uid> {
        let counters = self.counters.entry(key).or_insert((mailbox.uid_next, mailbox.modseq));
        counters.0 = wanted.filter(|wanted| *wanted <= ADOPTED_MAX).unwrap_or(0).max(counters.0);
        self.next_uid(key, mailbox)
    }

    /// A UIDVALIDITY above every one there was, and the time if possible.
    pub(super) fn next_uid_validity(&mut self, last: u32, now: i64) -> u32 {
        let above = self.last_uid_validity.max(last).saturating_add(1);
        self.last_uid_validity = above.max(u32::try_from(now).unwrap_or(above));
        self.last_uid_validity
    }

    /// Was a message of the mailbox added, changed or expunged in this group?
    pub(super) fn has_changed(&self, key: (AccountId, MailboxId)) -> bool {
        self.counters.contains_key(&key)
    }

    /// Was the message's state decided in this group before?
    pub(super) fn has_touched(&self, key: (AccountId, MailboxId), uid: Uid) -> bool {
        self.touched.contains(&(key.0, key.1, uid))
    }

    /// The message's state is decided in this group.
    pub(super) fn touch(&mut self, key: (AccountId, MailboxId), uid: Uid) {
        self.touched.insert((key.0, key.1, uid));
    }

    /// Has the mailbox's keyword table grown in this group?
    pub(super) fn has_new_keywords(&self, key: (AccountId, MailboxId)) -> bool {
        self.keywords.contains(&key)
    }

    /// The mailbox's keyword table grows in this group.
    pub(super) fn add_keywords(&mut self, key: (AccountId, MailboxId)) {
        self.keywords.insert(key);
    }
}
