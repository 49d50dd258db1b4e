//! Writing the tables: a batch a transaction.

use std::ops::Bound;

use ipc::mail::Seconds;
use redb::{Durability, ReadableTable, Table, WriteTransaction};

use super::{ACCOUNTS, MAILBOXES, MESSAGES, NAMES, QUEUE, STATE, TRANSACTIONS, TableError, Tables, trap};
use crate::index::{Batch, REMEMBERED, Row};

/// Whether a batch, and all before it, is to survive the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// It is, when this returns.
    Now,
    /// With a later one.
    Later,
}

impl Tables {
    /// Writes a batch, whole or not at all.
    ///
    /// # Errors
    /// Of redb, after which nothing more can be written.
    pub fn write(&self, batch: &Batch, sync: Sync) -> Result<(), TableError> {
        trap::within(&self.place, || self.commit(batch, sync))
    }

    fn commit(&self, batch: &Batch, sync: Sync) -> Result<(), TableError> {
        let mut writing = self.database.begin_write().map_err(TableError::database)?;
        let durability = match sync {
            Sync::Now => Durability::Immediate,
            Sync::Later => Durability::None,
        };
        writing.set_durability(durability).map_err(TableError::database)?;
        writing.set_quick_repair(sync == Sync::Now);
        rows(&writing, batch).map_err(|error| TableError::Database(Box::new(error)))?;
        writing.commit().map_err(TableError::database)
    }
}

fn rows(writing: &WriteTransaction, batch: &Batch) -> Result<(), redb::Error> {
    put_state(writing, batch)?;
    let mut mailboxes = writing.open_table(MAILBOXES)?;
    let mut messages = writing.open_table(MESSAGES)?;
    let mut names = writing.open_table(NAMES)?;
    for account in &batch.gone {
        mailboxes.retain_in((*account, 0)..=(*account, u64::MAX), |_, _| false)?;
        messages.retain_in((*account, 0, 0)..=(*account, u64::MAX, u32::MAX), |_, _| false)?;
        let end = account.checked_add(1).map_or(Bound::Unbounded, |next| Bound::Excluded((next, "")));
        names.retain_in::<(u64, &str), _>((Bound::Included((*account, "")), end), |_, _| false)?;
    }
    put(&mut writing.open_table(ACCOUNTS)?, &batch.accounts)?;
    for ((account, mailbox), row) in &batch.mailboxes {
        if row.is_none() {
            let all = (*account, *mailbox, 0)..=(*account, *mailbox, u32::MAX);
            messages.retain_in(all, |_, _| false)?;
        }
    }
    put(&mut mailboxes, &batch.mailboxes)?;
    put(&mut messages, &batch.messages)?;
    for ((account, name), subscribed) in &batch.names {
        if *subscribed {
            names.insert((*account, name.as_str()), ())?;
        } else {
            names.remove((*account, name.as_str()))?;
        }
    }
    put(&mut writing.open_table(QUEUE)?, &batch.queue)?;
    put_transactions(writing, batch)
}

fn put_state(writing: &WriteTransaction, batch: &Batch) -> Result<(), redb::Error> {
    let mut state = writing.open_table(STATE)?;
    match &batch.state {
        Some(row) => state.insert((), row.as_slice())?,
        None => state.remove(())?,
    };
    Ok(())
}

fn put<'k, K>(table: &mut Table<'_, K, &'static [u8]>, rows: &'k [Row<K>]) -> Result<(), redb::Error>
where
    K: redb::Key<SelfType<'k> = K> + 'static,
{
    for (key, row) in rows {
        match row {
            Some(row) => drop(table.insert(key, row.as_slice())?),
            None => drop(table.remove(key)?),
        }
    }
    Ok(())
}

fn put_transactions(writing: &WriteTransaction, batch: &Batch) -> Result<(), redb::Error> {
    let mut table = writing.open_table(TRANSACTIONS)?;
    let Some((last, row)) = &batch.transactions else { return Ok(()) };
    let next = table.last()?.map_or(0, |(key, _)| key.value()).saturating_add(1);
    table.insert(next, (*last, row.as_slice()))?;
    while let Some((key, at)) = oldest(&table)?
        && last.saturating_sub(at) > REMEMBERED
    {
        table.remove(key)?;
    }
    Ok(())
}

fn oldest(
    table: &impl ReadableTable<u64, (i64, &'static [u8])>,
) -> Result<Option<(u64, Seconds)>, redb::Error> {
    Ok(table.first()?.map(|(key, row)| (key.value(), row.value().0)))
}
