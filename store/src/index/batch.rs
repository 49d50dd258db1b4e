//! What is written to the tables at once: the state of the index between two groups.

use std::collections::BTreeSet;

use ipc::mail::{AccountId, MailboxId, Seconds, TransactionId, Uid};

use super::Index;
use super::dirty::Dirty;
use super::rows::{AccountRow, FORMAT, MailboxRow, StateRow, key_bytes, seal, seal_message};

/// A row to write, or the end of one.
pub type Row<K> = (K, Option<Vec<u8>>);

/// Transactions with what they answered.
pub(super) type Noted = Vec<(TransactionId, Seconds, Option<(u32, Uid)>)>;

/// Rows to write, in the order of their keys.
#[derive(Debug, Default)]
pub struct Batch {
    /// Up to where the log is in the tables then; `None` while the index is being made.
    pub state: Option<Vec<u8>>,
    /// Accounts.
    pub accounts: Vec<Row<u64>>,
    /// Accounts that are gone with all they had.
    pub gone: Vec<u64>,
    /// Mailboxes; with the end of one, its messages end.
    pub mailboxes: Vec<Row<(u64, u64)>>,
    /// Messages.
    pub messages: Vec<Row<(u64, u64, u32)>>,
    /// Names, subscribed to or no longer.
    pub names: Vec<((u64, String), bool)>,
    /// Entries of the queue.
    pub queue: Vec<Row<u64>>,
    /// Transactions, in one row, and when the last of them was done.
    pub transactions: Option<(Seconds, Vec<u8>)>,
    /// What [`Index::written`] is told when it is done.
    pub clock: u64,
}

impl Index {
    /// How many rows the next batch has, at the least.
    #[must_use]
    pub fn dirty_count(&self) -> usize {
        self.dirty.messages.len().saturating_add(self.dirty.mailboxes.len())
    }

    /// What has changed since the last batch; `None` when nothing has. Who takes it has to write it.
    ///
    /// A row that cannot be expressed is an error, which nothing but a mistake in this program makes.
    pub fn batch(&mut self) -> Result<Option<Batch>, Unexpressible> {
        let noted = std::mem::take(&mut self.transactions.noted);
        let dirty = std::mem::take(&mut self.dirty);
        if !dirty.any && noted.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch { clock: self.clock, ..Batch::default() };
        self.clock = self.clock.saturating_add(1);
        if let Some(resume) = self.resume {
            let (last_uid_validity, last_queued) = (self.last_uid_validity, self.queue.last().0);
            let damage = self.damage.clone();
            let state = StateRow { format: FORMAT, resume, last_uid_validity, last_queued, damage };
            batch.state = Some(seal(&[], &state).ok_or(Unexpressible)?);
        }
        self.rows_of_accounts(&dirty, &mut batch)?;
        self.rows_of_mailboxes(&dirty, &mut batch)?;
        self.rows_of_messages(&dirty, &mut batch)?;
        self.other_rows(dirty, noted, &mut batch)?;
        Ok(Some(batch))
    }

    fn rows_of_accounts(&self, dirty: &Dirty, batch: &mut Batch) -> Result<(), Unexpressible> {
        for id in &dirty.accounts {
            let row = match self.accounts.get(id) {
                Some(account) => AccountRow::There { last_mailbox: account.last_mailbox() },
                None => {
                    batch.gone.push(id.0);
                    AccountRow::Removed
                }
            };
            batch.accounts.push((id.0, Some(seal(&key_bytes(&[id.0]), &row).ok_or(Unexpressible)?)));
        }
        Ok(())
    }

    fn rows_of_mailboxes(&self, dirty: &Dirty, batch: &mut Batch) -> Result<(), Unexpressible> {
        let mut keys: BTreeSet<(AccountId, MailboxId)> = dirty.mailboxes.clone();
        for id in &dirty.shapes {
            let all = self.accounts.get(id).into_iter().flat_map(|account| account.mailboxes(None));
            keys.extend(all.map(|(mailbox, _)| (*id, mailbox)));
        }
        for (account, mailbox) in keys {
            let key = (account.0, mailbox.0);
            let row = match self.mailbox(account, mailbox) {
                Some(found) => {
                    let bytes = key_bytes(&[key.0, key.1]);
                    Some(seal(&bytes, &MailboxRow::of(found)).ok_or(Unexpressible)?)
                }
                None => None,
            };
            batch.mailboxes.push((key, row));
        }
        Ok(())
    }

    fn rows_of_messages(&self, dirty: &Dirty, batch: &mut Batch) -> Result<(), Unexpressible> {
        for (account, mailbox, uid) in &dirty.messages {
            // Of a mailbox that is gone all rows go with it.
            let Some(found) = self.mailbox(*account, *mailbox) else { continue };
            let key = [account.0, mailbox.0, u64::from(*uid)];
            let row = match found.held(*uid) {
                Some(message) => Some(seal_message(key, message).ok_or(Unexpressible)?),
                None => None,
            };
            batch.messages.push(((account.0, mailbox.0, *uid), row));
        }
        Ok(())
    }

    fn other_rows(&self, dirty: Dirty, noted: Noted, batch: &mut Batch) -> Result<(), Unexpressible> {
        for (account, name) in dirty.names {
            let subscribed = self.account(account).is_some_and(|account| account.is_subscribed(&name));
            batch.names.push(((account.0, name), subscribed));
        }
        for id in dirty.queue {
            let row = match self.queue.entry(id) {
                Some(entry) => {
                    let row = (&entry.queued, entry.body);
                    Some(seal(&key_bytes(&[id.0]), &row).ok_or(Unexpressible)?)
                }
                None => None,
            };
            batch.queue.push((id.0, row));
        }
        if let Some(last) = noted.iter().map(|(_, at, _)| *at).max() {
            batch.transactions = Some((last, seal(&[], &noted).ok_or(Unexpressible)?));
        }
        Ok(())
    }
}

/// A row has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of the index cannot be expressed")]
pub struct Unexpressible;
