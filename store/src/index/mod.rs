//! The index: a view of the log, kept in memory and made again from the log at each start.
//!
//! It only ever holds what is durable: [`Index::apply`] is called for groups that were replayed, or synced.

mod mailbox;
mod transactions;
mod uids;
mod views;

pub use mailbox::{Changed, JUMP, Mailbox, Message};
pub use transactions::{REMEMBERED, Transactions};
pub use uids::Uids;
pub use views::{SessionId, Views};

use std::collections::{BTreeMap, HashMap, HashSet};

use ipc::mail::{AccountId, MailboxId};
use ipc::service::mailbox::MessageRow;

use crate::change::Change;
use crate::log::BodyRef;

/// All accounts.
#[derive(Debug, Default)]
pub struct Index {
    accounts: HashMap<AccountId, Account>,
    removed: HashSet<AccountId>,
    last_uid_validity: u32,
    /// Of the last ten minutes.
    pub transactions: Transactions,
}

/// One account.
#[derive(Debug, Default)]
pub struct Account {
    /// Its mailboxes.
    pub mailboxes: BTreeMap<MailboxId, Mailbox>,
}

impl Index {
    /// The account, if it is there.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(&account)
    }

    /// Was the account removed?
    #[must_use]
    pub fn was_removed(&self, account: AccountId) -> bool {
        self.removed.contains(&account)
    }

    /// A mailbox of an account.
    #[must_use]
    pub fn mailbox(&self, account: AccountId, mailbox: MailboxId) -> Option<&Mailbox> {
        self.accounts.get(&account)?.mailboxes.get(&mailbox)
    }

    /// The same, to change what is not in the log: views, and who was told of recent messages.
    pub fn mailbox_mut(&mut self, account: AccountId, mailbox: MailboxId) -> Option<&mut Mailbox> {
        self.accounts.get_mut(&account)?.mailboxes.get_mut(&mailbox)
    }

    /// The highest UIDVALIDITY there ever was.
    #[must_use]
    pub fn last_uid_validity(&self) -> u32 {
        self.last_uid_validity
    }

    /// Applies a change that is durable. `bodies` are those of its group. A change of what is not there (its account
    /// was removed, or its creation was in a damaged group) has no effect.
    pub fn apply(&mut self, change: Change, bodies: &[BodyRef]) {
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
                    account.mailboxes.insert(mailbox, Mailbox::new(name, special_use, uid_validity));
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
            Change::DamageNoted { .. } => {
                // A lost group may have given out UIDVALIDITYs, too.
                self.last_uid_validity = self.last_uid_validity.saturating_add(JUMP);
                let mailboxes = self.accounts.values_mut().flat_map(|account| account.mailboxes.values_mut());
                mailboxes.for_each(Mailbox::jump);
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
}
