//! The index: a view of the log. What decisions and reads work with is in memory; tables on the disk follow it, and what
//! nobody needs at the moment is only there.
//!
//! It only ever holds what is durable: [`Index::apply`] is called for groups that were replayed, or synced.
//! [`Index::batch`] is what the tables do not have yet; the messages of a mailbox are let go of by [`Index::unload`] when they
//! have them, and come back by [`Index::load`]. Who looks at messages has them loaded first.

mod account;
mod batch;
mod dirty;
mod mailbox;
mod queue;
mod residence;
mod restore;
mod rows;
mod transactions;
mod uids;
mod views;

pub use account::Account;
pub use batch::{Batch, Row, Unexpressible};
pub use mailbox::{Changed, JUMP, Mailbox, Message};
pub use queue::{ENTRIES_MAX as QUEUE_MAX, Entry, Queue};
pub use residence::Missing;
pub use restore::{Damaged, Restore};
pub use rows::{FORMAT, unseal_message};
pub use transactions::{REMEMBERED, Transactions};
pub use uids::Uids;
pub use views::{SessionId, Views};

use std::collections::{BinaryHeap, HashMap, HashSet};

use ipc::mail::{AccountId, MailboxId, ModSeq};
use ipc::service::mailbox::MessageRow;

use crate::change::{Change, State};
use crate::log::{BodyRef, Resume};
use dirty::Dirty;

/// All accounts.
#[derive(Debug, Default)]
pub struct Index {
    accounts: HashMap<AccountId, Account>,
    removed: HashSet<AccountId>,
    last_uid_validity: u32,
    dirty: Dirty,
    /// Counts the batches: what changes now is in the one of this number.
    clock: u64,
    /// Up to this one, and not with it, they are in the tables.
    written: u64,
    /// How often messages were let go of.
    unloads: u64,
    /// Messages that came into memory since they were counted last, and how many there were then.
    loaded: (usize, usize),
    /// Up to where the log is in it; `None` while it is made from the log.
    resume: Option<Resume>,
    /// Damage of the log that is not noted there yet: segment and byte.
    pub damage: Vec<(u64, u64)>,
    /// Of the last ten minutes.
    pub transactions: Transactions,
    /// Mail on its way out.
    pub queue: Queue,
}

impl Index {
    /// The account, if it is there.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(&account)
    }

    /// Accounts by rising id from behind `after`, at most `limit`.
    #[must_use]
    pub fn accounts_behind(&self, after: AccountId, limit: usize) -> Vec<AccountId> {
        // The lowest so far, the highest of them on top.
        let mut lowest = BinaryHeap::with_capacity(limit.saturating_add(1));
        for account in self.accounts.keys().filter(|account| **account > after) {
            lowest.push(*account);
            if lowest.len() > limit {
                lowest.pop();
            }
        }
        lowest.into_sorted_vec()
    }

    /// Was the account removed?
    #[must_use]
    pub fn was_removed(&self, account: AccountId) -> bool {
        self.removed.contains(&account)
    }

    /// A mailbox of an account.
    #[must_use]
    pub fn mailbox(&self, account: AccountId, mailbox: MailboxId) -> Option<&Mailbox> {
        self.accounts.get(&account)?.mailbox(mailbox)
    }

    /// A mailbox as sessions see that have it selected: also when it was removed meanwhile.
    #[must_use]
    pub fn shown(&self, account: AccountId, mailbox: MailboxId) -> Option<&Mailbox> {
        self.accounts.get(&account)?.shown(mailbox)
    }

    /// The session, which has the mailbox selected, has shown everything up to there: what was expunged before need not
    /// be kept for it.
    pub fn show(&mut self, account: AccountId, mailbox: MailboxId, session: SessionId, until: ModSeq) {
        let account = self.accounts.get_mut(&account);
        if let Some(mailbox) = account.and_then(|account| account.shown_mut(mailbox)) {
            mailbox.views.show(session, until);
            mailbox.forget_ghosts();
        }
    }

    /// The session has the mailbox selected no more.
    pub fn leave(&mut self, account: AccountId, mailbox: MailboxId, session: SessionId) {
        let Some(account) = self.accounts.get_mut(&account) else { return };
        if let Some(mailbox) = account.shown_mut(mailbox) {
            mailbox.views.leave(session);
            mailbox.forget_ghosts();
        }
        account.forget(mailbox);
    }

    /// The same, to change what is not in the log: views, and who was told of recent messages.
    pub fn mailbox_mut(&mut self, account: AccountId, mailbox: MailboxId) -> Option<&mut Mailbox> {
        self.accounts.get_mut(&account)?.mailbox_mut(mailbox)
    }

    /// The highest UIDVALIDITY there ever was.
    #[must_use]
    pub fn last_uid_validity(&self) -> u32 {
        self.last_uid_validity
    }

    /// Applies a change that is durable. `bodies` are those of its group. A change of what is not there (its account
    /// was removed, or its creation was in a damaged group) has no effect.
    pub fn apply(&mut self, change: Change, bodies: &[BodyRef]) {
        self.dirty.note(&change);
        self.stamp(&change);
        match change {
            Change::AccountCreated { account } => {
                self.accounts.entry(account).or_default();
            }
            Change::AccountRemoved { account } => {
                self.accounts.remove(&account);
                self.removed.insert(account);
            }
            Change::MailboxCreated { account, mailbox, name, special_use, uid_validity } => {
                self.last_uid_validity = self.last_uid_validity.max(uid_validity);
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.create(mailbox, Mailbox::new(name, special_use, uid_validity));
                }
            }
            Change::KeywordAdded { account, mailbox, keyword } => {
                if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                    mailbox.keywords.push(keyword);
                }
            }
            added @ Change::MessageAdded { .. } => self.add(&added, bodies),
            Change::FlagsChanged { account, mailbox, uid, old: _, new } => {
                if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                    mailbox.set_state(uid, new);
                }
            }
            Change::Expunged { account, mailbox, uid, old: _, modseq } => {
                if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                    mailbox.expunge(uid, modseq);
                }
            }
            Change::TransactionDone { transaction, at, appended } => {
                self.transactions.note(transaction, at, appended)
            }
            Change::DamageNoted { segment, offset } => {
                self.damage.retain(|place| *place != (segment, offset));
                self.dirty.all(self.accounts.keys().copied());
                // A lost group may have given out UIDVALIDITYs, too.
                self.last_uid_validity = self.last_uid_validity.saturating_add(JUMP);
                self.accounts.values_mut().for_each(Account::jump);
                self.queue.jump();
            }
            Change::MailboxDeleted { account, mailbox, .. } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.delete(mailbox);
                }
            }
            Change::MailboxRenamed { account, mailbox, old: _, new } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.rename(mailbox, new);
                }
            }
            Change::Subscribed { account, name } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.subscribe(name);
                }
            }
            Change::Unsubscribed { account, name } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.unsubscribe(&name);
                }
            }
            copied @ Change::MessageCopied { .. } => self.copy(&copied),
            // Its account may be gone by now: what it has sent is sent.
            Change::QueueAdded(queued) => {
                if let Some(body) = bodies.get(usize::from(queued.body)) {
                    self.queue.add(*queued, *body);
                }
            }
            Change::MailboxAdopted { account, mailbox, old: _, new } => {
                self.last_uid_validity = self.last_uid_validity.max(new.0);
                if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                    mailbox.adopt(new);
                }
            }
            Change::MessageDistrusted { account, mailbox, uid, old: _, modseq } => {
                if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                    mailbox.distrust(uid, modseq);
                }
            }
        }
    }

    fn add(&mut self, added: &Change, bodies: &[BodyRef]) {
        let Change::MessageAdded {
            account,
            mailbox,
            uid,
            state,
            internal_date,
            size,
            transaction,
            body,
            structure,
        } = *added
        else {
            return;
        };
        let body_at = |number: u16| bodies.get(usize::from(number)).copied();
        let (Some(mailbox), Some(body)) = (self.mailbox_mut(account, mailbox), body_at(body)) else { return };
        let row = MessageRow {
            uid,
            modseq: state.modseq,
            flags: state.flags,
            keywords: state.keywords,
            internal_date,
            size,
            id: transaction,
            opaque: false,
        };
        mailbox.add(Message { row, body, structure: structure.and_then(body_at) });
    }

    fn copy(&mut self, copied: &Change) {
        let Change::MessageCopied {
            account,
            mailbox,
            uid,
            state,
            internal_date,
            size,
            transaction,
            opaque,
            body,
            structure,
            from: _,
            at: _,
        } = *copied
        else {
            return;
        };
        let State { modseq, flags, keywords } = state;
        let row = MessageRow { uid, modseq, flags, keywords, internal_date, size, id: transaction, opaque };
        if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
            mailbox.add(Message { row, body, structure });
        }
    }
}
