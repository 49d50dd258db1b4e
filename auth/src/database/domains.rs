//! Which domains are ours.

use rusqlite::{OptionalExtension as _, params};

use super::{Database, DatabaseError};

/// What stands in the way of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum DomainChange {
    /// It was made.
    Done,
    /// Nothing is to be changed.
    AsBefore,
    /// Accounts or aliases are in the domain.
    InUse,
}

impl Database {
    /// Is the domain ours?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_domain(&self, domain: &str) -> Result<bool, DatabaseError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM domains WHERE name = ?1")?;
        Ok(statement.exists([domain])?)
    }

    /// All our domains, sorted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn domains(&self) -> Result<Vec<String>, DatabaseError> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM domains ORDER BY name")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Makes a domain ours.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_domain(&self, domain: &str) -> Result<DomainChange, DatabaseError> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO domains (name) VALUES (?1) ON CONFLICT DO NOTHING")?;
        Ok(if statement.execute([domain])? == 0 { DomainChange::AsBefore } else { DomainChange::Done })
    }

    /// The domain is not ours any more, if nothing is in it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove_domain(&self, domain: &str) -> Result<DomainChange, DatabaseError> {
        let transaction = self.write()?;
        let used = transaction
            .query_row(
                "SELECT 1 FROM accounts WHERE domain = ?1 UNION ALL SELECT 1 FROM aliases WHERE domain = ?1",
                params![domain],
                |_| Ok(()),
            )
            .optional()?;
        if used.is_some() {
            return Ok(DomainChange::InUse);
        }
        let removed = transaction.execute("DELETE FROM domains WHERE name = ?1", [domain])?;
        transaction.commit()?;
        Ok(if removed == 0 { DomainChange::AsBefore } else { DomainChange::Done })
    }

    /// The configured domain is there, whatever else is.
    pub(super) fn ensure_domain(&self, domain: &str) -> Result<(), DatabaseError> {
        if !self.has_domain(domain)? {
            self.add_domain(domain)?;
        }
        Ok(())
    }
}
