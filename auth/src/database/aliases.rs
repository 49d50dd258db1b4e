//! Aliases: addresses, or whole domains, whose mail goes to accounts and other aliases.

use ipc::mail::Address;
use ipc::service::admin::AliasRow;
use rusqlite::{Connection, params};

use super::accounts::is_taken;
use super::{Database, DatabaseError};

/// Rows of a listing, and whether more follow.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Are there more?
    pub more: bool,
}

impl<T> Page<T> {
    /// Of rows that were asked for with one more than the page has.
    pub(super) fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        Page { rows, more }
    }
}

/// The rows to ask for: whether one follows the page tells whether there are more.
pub(super) fn one_more(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(1)
}

/// What came of setting an alias.
#[derive(Debug, PartialEq, Eq)]
pub enum AliasSet {
    /// It leads where it should.
    Done,
    /// Its domain is not ours.
    NoDomain,
    /// Its address is an account.
    IsAccount,
    /// This target is no account and no alias.
    NoTarget(String),
    /// The caller does not want what it would lead to.
    Unwanted,
}

impl Database {
    /// Where an alias leads; empty when there is no such alias.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn alias_targets(&self, alias: &str) -> Result<Vec<String>, DatabaseError> {
        let mut statement =
            self.connection.prepare_cached("SELECT target FROM aliases WHERE alias = ?1 ORDER BY target")?;
        let rows = statement.query_map([alias], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The aliases that lead to an address at once, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn aliases_to(&self, target: &str, limit: usize) -> Result<Vec<String>, DatabaseError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT alias FROM aliases WHERE target = ?1 ORDER BY alias LIMIT ?2")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![target, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Is the address an account or an alias?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_taken(&self, address: &str) -> Result<bool, DatabaseError> {
        is_taken(&self.connection, address)
    }

    /// Adds an alias, or changes where it leads. Its targets must be there; that chains of them lead back is harmless.
    /// `wanted` looks at the database as it would be then.
    ///
    /// # Errors
    /// When the database cannot be written; the alias is as before then.
    pub fn set_alias(
        &self,
        alias: &Address,
        targets: &[Address],
        wanted: impl FnOnce(&Self) -> Result<bool, DatabaseError>,
    ) -> Result<AliasSet, DatabaseError> {
        let transaction = self.write()?;
        let name = alias.to_string();
        if !self.has_domain(&alias.domain)? {
            return Ok(AliasSet::NoDomain);
        }
        if self.account(&name)?.is_some() {
            return Ok(AliasSet::IsAccount);
        }
        for target in targets.iter().map(Address::to_string) {
            if !is_taken(&transaction, &target)? {
                return Ok(AliasSet::NoTarget(target));
            }
        }
        transaction.execute("DELETE FROM aliases WHERE alias = ?1", [&name])?;
        for target in targets {
            transaction
                .prepare_cached(
                    "INSERT INTO aliases (alias, target, domain) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![name, target.to_string(), alias.domain])?;
        }
        if !wanted(self)? {
            return Ok(AliasSet::Unwanted);
        }
        transaction.commit()?;
        Ok(AliasSet::Done)
    }

    /// A page of aliases by name, from behind `after`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn aliases(&self, after: &str, rows: usize) -> Result<Page<AliasRow>, DatabaseError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT alias FROM aliases WHERE alias > ?1 ORDER BY alias LIMIT ?2")?;
        let names = statement.query_map(params![after, one_more(rows)], |row| row.get::<_, String>(0))?;
        let listed = names.map(|alias| {
            let alias = alias?;
            Ok(AliasRow { targets: self.alias_targets(&alias)?, alias })
        });
        Ok(Page::of(listed.collect::<Result<_, DatabaseError>>()?, rows))
    }

    /// Removes an alias, and it as a target of others; was it there?
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove_alias(&self, alias: &str) -> Result<bool, DatabaseError> {
        let transaction = self.write()?;
        let removed = transaction.execute("DELETE FROM aliases WHERE alias = ?1", [alias])?;
        drop_dangling(&transaction)?;
        transaction.commit()?;
        Ok(removed > 0)
    }
}

/// Drops what leads nowhere, so that an address that is given out again inherits no mail. An alias whose last target
/// goes is gone itself, which may leave others dangling: hence the repetition, which ends since each round drops a row.
pub(super) fn drop_dangling(connection: &Connection) -> Result<(), DatabaseError> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM aliases WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE address = target)
         AND NOT EXISTS (SELECT 1 FROM aliases AS other WHERE other.alias = aliases.target)",
    )?;
    while statement.execute([])? > 0 {}
    Ok(())
}
