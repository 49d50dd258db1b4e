//! The index as the tables have it: everything but the messages.

use ipc::mail::{AccountId, MailboxId, Seconds};

use super::batch::Noted;
use super::rows::{AccountRow, FORMAT, MailboxRow, StateRow, key_bytes, unseal};
use super::{Account, Index, REMEMBERED};
use crate::change::Queued;
use crate::log::BodyRef;

/// A row is not what was written, or the tables are of another format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tables hold a damaged row, or are of another format")]
pub struct Damaged;

/// Puts an index together, row by row: the state first, an account before what it has.
#[derive(Debug)]
pub struct Restore(Index);

impl Restore {
    /// Begins with the one row about all.
    ///
    /// # Errors
    /// When it is damaged, or of another format.
    pub fn begin(state: &[u8]) -> Result<Self, Damaged> {
        let row: StateRow =
            unseal(&[], state).filter(|row: &StateRow| row.format == FORMAT).ok_or(Damaged)?;
        let mut index = Index::default();
        (index.resume, index.last_uid_validity) = (Some(row.resume), row.last_uid_validity);
        index.damage = row.damage;
        index.queue.restore_last(row.last_queued);
        Ok(Restore(index))
    }

    /// An account.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn account(&mut self, id: u64, row: &[u8]) -> Result<(), Damaged> {
        match unseal(&key_bytes(&[id]), row).ok_or(Damaged)? {
            AccountRow::Removed => {
                self.0.removed.insert(AccountId(id));
            }
            AccountRow::There { last_mailbox } => {
                self.0.accounts.insert(AccountId(id), Account::restored(last_mailbox));
            }
        }
        Ok(())
    }

    /// A mailbox.
    ///
    /// # Errors
    /// When the row is damaged, or its account is not there.
    pub fn mailbox(&mut self, (account, id): (u64, u64), row: &[u8]) -> Result<(), Damaged> {
        let row: MailboxRow = unseal(&key_bytes(&[account, id]), row).ok_or(Damaged)?;
        let account = self.0.accounts.get_mut(&AccountId(account)).ok_or(Damaged)?;
        account.create(MailboxId(id), row.mailbox());
        Ok(())
    }

    /// A name that is subscribed to.
    ///
    /// # Errors
    /// When its account is not there.
    pub fn name(&mut self, account: u64, name: &str) -> Result<(), Damaged> {
        self.0.accounts.get_mut(&AccountId(account)).ok_or(Damaged)?.subscribe(name.to_owned());
        Ok(())
    }

    /// An entry of the queue.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn queued(&mut self, id: u64, row: &[u8]) -> Result<(), Damaged> {
        let (queued, body): (Queued, BodyRef) = unseal(&key_bytes(&[id]), row).ok_or(Damaged)?;
        self.0.queue.add(queued, body);
        Ok(())
    }

    /// Transactions that were done; old ones are not asked for any more.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn transactions(&mut self, row: &[u8], now: Seconds) -> Result<(), Damaged> {
        let noted: Noted = unseal(&[], row).ok_or(Damaged)?;
        for (transaction, at, appended) in noted {
            if now.saturating_sub(at) <= REMEMBERED {
                self.0.transactions.restore(transaction, at, appended);
            }
        }
        Ok(())
    }

    /// The index.
    #[must_use]
    pub fn done(self) -> Index {
        let mut index = self.0;
        (index.clock, index.written) = (1, 1);
        index
    }
}
