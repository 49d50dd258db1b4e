//! Reading the tables.

use std::ops::Bound;

use ipc::mail::Seconds;
use redb::{ReadableDatabase, ReadableTable, TableError as RedbTableError};

use super::{ACCOUNTS, MAILBOXES, MESSAGES, NAMES, QUEUE, STATE, TRANSACTIONS, TableError, Tables, trap};
use crate::index::{Damaged, Index, Message, Missing, Restore, unseal_message};

impl Tables {
    /// The index as the tables have it, without messages; `None` when they are empty, or were being made when that ended.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn index(&self, now: Seconds) -> Result<Option<Index>, TableError> {
        trap::within(&self.place, || self.read_index(now))
    }

    fn read_index(&self, now: Seconds) -> Result<Option<Index>, TableError> {
        let reading = self.database.begin_read().map_err(TableError::database)?;
        let state = match reading.open_table(STATE) {
            Ok(state) => state,
            Err(RedbTableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(TableError::database(error)),
        };
        let Some(row) = state.get(()).map_err(TableError::database)? else { return Ok(None) };
        let mut index = Restore::begin(row.value())?;
        let accounts = reading.open_table(ACCOUNTS).map_err(TableError::database)?;
        for row in accounts.iter().map_err(TableError::database)? {
            let (id, row) = row.map_err(TableError::database)?;
            index.account(id.value(), row.value())?;
        }
        let mailboxes = reading.open_table(MAILBOXES).map_err(TableError::database)?;
        for row in mailboxes.iter().map_err(TableError::database)? {
            let (id, row) = row.map_err(TableError::database)?;
            index.mailbox(id.value(), row.value())?;
        }
        let names = reading.open_table(NAMES).map_err(TableError::database)?;
        for row in names.iter().map_err(TableError::database)? {
            let (key, _) = row.map_err(TableError::database)?;
            let (account, name) = key.value();
            index.name(account, name)?;
        }
        let queue = reading.open_table(QUEUE).map_err(TableError::database)?;
        for row in queue.iter().map_err(TableError::database)? {
            let (id, row) = row.map_err(TableError::database)?;
            index.queued(id.value(), row.value())?;
        }
        let transactions = reading.open_table(TRANSACTIONS).map_err(TableError::database)?;
        for row in transactions.iter().map_err(TableError::database)? {
            let (_, row) = row.map_err(TableError::database)?;
            index.transactions(row.value().1, now)?;
        }
        Ok(Some(index.done()))
    }

    /// The messages of a mailbox.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn messages(&self, missing: &Missing) -> Result<Vec<Message>, TableError> {
        trap::within(&self.place, || self.read_messages(missing))
    }

    fn read_messages(&self, missing: &Missing) -> Result<Vec<Message>, TableError> {
        let reading = self.database.begin_read().map_err(TableError::database)?;
        let messages = match reading.open_table(MESSAGES) {
            Ok(messages) => messages,
            Err(RedbTableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(TableError::database(error)),
        };
        let (account, mailbox) = (missing.account.0, missing.mailbox.0);
        let bounds = (Bound::Included((account, mailbox, 0)), Bound::Included((account, mailbox, u32::MAX)));
        let mut found = Vec::new();
        for row in messages.range(bounds).map_err(TableError::database)? {
            let (key, row) = row.map_err(TableError::database)?;
            let (account, mailbox, uid) = key.value();
            found.push(unseal_message([account, mailbox, u64::from(uid)], row.value()).ok_or(Damaged)?);
        }
        Ok(found)
    }

    /// Looks whether there is anything to be read: what cannot be is found out now.
    pub(super) fn look(&self) -> Result<(), TableError> {
        let reading = self.database.begin_read().map_err(TableError::database)?;
        reading.list_tables().map(drop).map_err(TableError::database)
    }
}
