//! Accounts, and those that are on their way out.

use ipc::mail::{AccountId, Address, Seconds};
use ipc::service::admin::AccountRow;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::aliases::one_more;
use super::{Database, DatabaseError, Page};

/// What a login is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub id: AccountId,
    /// Its hash in PHC form.
    pub hash: String,
}

/// An account to be written.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// Its address.
    pub address: Address,
    /// Its hash in PHC form.
    pub hash: String,
}

/// What came of adding accounts.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// All are there.
    All,
    /// None is: this address is an account or an alias already.
    Taken(String),
    /// None is: this domain is not ours.
    NoDomain(String),
}

impl Database {
    /// The account of an address.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn account(&self, address: &str) -> Result<Option<Account>, DatabaseError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, hash FROM accounts WHERE address = ?1")?;
        let found = statement.query_row([address], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        found.map(|(id, hash)| Ok(Account { id: account_id(id)?, hash })).transpose()
    }

    /// The oldest account there is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn first_account(&self) -> Result<Option<AccountId>, DatabaseError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM accounts ORDER BY id LIMIT 1")?;
        statement.query_row([], |row| row.get(0)).optional()?.map(account_id).transpose()
    }

    /// Is there an account of this id?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_account(&self, account: AccountId) -> Result<bool, DatabaseError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM accounts WHERE id = ?1")?;
        Ok(statement.exists([row_id(account)?])?)
    }

    /// The next ids of accounts behind `after`, at most `limit`, rising.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn account_ids(&self, after: AccountId, limit: usize) -> Result<Vec<AccountId>, DatabaseError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![row_id(after)?, limit], |row| row.get(0))?;
        rows.map(|id| account_id(id?)).collect()
    }

    /// A page of accounts by address, from behind `after`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn accounts(&self, after: &str, rows: usize) -> Result<Page<AccountRow>, DatabaseError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, address, created FROM accounts WHERE address > ?1 ORDER BY address LIMIT ?2",
        )?;
        let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found = statement.query_map(params![after, one_more(rows)], columns)?;
        let listed = found.map(|columns| {
            let (id, address, created) = columns?;
            Ok(AccountRow { id: account_id(id)?, address, created })
        });
        Ok(Page::of(listed.collect::<Result<_, DatabaseError>>()?, rows))
    }

    /// Adds accounts: all of them, or none.
    ///
    /// # Errors
    /// When the database cannot be written; none is there then.
    pub fn add_accounts(&self, rows: &[NewRow], created: Seconds) -> Result<Added, DatabaseError> {
        let transaction = self.write()?;
        for row in rows {
            let address = row.address.to_string();
            if !self.has_domain(&row.address.domain)? {
                return Ok(Added::NoDomain(row.address.domain.clone()));
            }
            if is_taken(&transaction, &address)? {
                return Ok(Added::Taken(address));
            }
            transaction
                .prepare_cached(
                    "INSERT INTO accounts (id, address, domain, hash, created) VALUES (max(?5, 1 + coalesce(
                        (SELECT seq FROM sqlite_sequence WHERE name = 'accounts'), 0)), ?1, ?2, ?3, ?4)",
                )?
                .execute(params![address, row.address.domain, row.hash, created, first_id(created)])?;
        }
        transaction.commit()?;
        Ok(Added::All)
    }

    /// Changes the hash of an account; which one it is, if there is one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_hash(&self, address: &str, hash: &str) -> Result<Option<AccountId>, DatabaseError> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE accounts SET hash = ?2 WHERE address = ?1 RETURNING id")?;
        // the row is stepped to its end, so that the change is committed and its errors are seen
        let changed = statement
            .query_map(params![address, hash], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        changed.first().copied().map(account_id).transpose()
    }

    /// Marks an account as removed, for good: from here on nobody logs into it and no mail reaches it, and its address
    /// may be given to another. Aliases lose it as a target, and end when they have none left.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_removal(&self, address: &str, since: Seconds) -> Result<Option<AccountId>, DatabaseError> {
        let transaction = self.write()?;
        let id: Option<i64> = transaction
            .query_row("SELECT id FROM accounts WHERE address = ?1", [address], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(None) };
        transaction.execute(
            "INSERT INTO removals (account, address, since) VALUES (?1, ?2, ?3)",
            params![id, address, since],
        )?;
        transaction.execute("DELETE FROM accounts WHERE id = ?1", [id])?;
        super::aliases::drop_dangling(&transaction)?;
        transaction.commit()?;
        account_id(id).map(Some)
    }

    /// The accounts whose removal is not finished, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn removals(&self) -> Result<Vec<AccountId>, DatabaseError> {
        let mut statement =
            self.connection.prepare_cached("SELECT account FROM removals ORDER BY since, account")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.map(|id| account_id(id?)).collect()
    }

    /// The store has removed the account: nothing of it is left.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn finish_removal(&self, account: AccountId) -> Result<(), DatabaseError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM removals WHERE account = ?1")?;
        statement.execute([row_id(account)?])?;
        Ok(())
    }
}

/// Is the address an account or an alias?
pub(super) fn is_taken(connection: &Connection, address: &str) -> Result<bool, DatabaseError> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM accounts WHERE address = ?1 UNION ALL SELECT 1 FROM aliases WHERE alias = ?1",
    )?;
    Ok(statement.exists([address])?)
}

/// What is between the first ids of two seconds: more than one makes, even in an import.
const IDS_A_SECOND: i64 = 4096;

/// The least id an account of that time can have. A database that was lost, or that is an older one from a backup, does
/// not know what ids were given since, and their mail is still in the store; it is never a newer account's.
fn first_id(created: Seconds) -> i64 {
    created.saturating_mul(IDS_A_SECOND)
}

fn account_id(id: i64) -> Result<AccountId, DatabaseError> {
    u64::try_from(id).map(AccountId).map_err(|_| DatabaseError::Range("account id"))
}

pub(super) fn row_id(account: AccountId) -> Result<i64, DatabaseError> {
    i64::try_from(account.0).map_err(|_| DatabaseError::Range("account id"))
}
