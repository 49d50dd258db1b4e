//! The tables, and how they came to be: one step a version, never changed once released.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::DatabaseError;

/// Step n makes version n + 1 out of version n. The version is SQLite's `user_version`.
///
/// Ids of accounts are never given twice: that is what AUTOINCREMENT does, and why they are made of the time they were
/// given at. `removals` is what was removed here and not yet confirmed by the store, `given_up` what only the store knows and is to be passed over. Addresses are in the spelling of
/// [`crate::address`]; the alias `@domain` is that domain's catch-all.
const STEPS: &[&str] = &[
    "
    CREATE TABLE domains (
        name TEXT PRIMARY KEY NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        address TEXT NOT NULL UNIQUE,
        domain TEXT NOT NULL REFERENCES domains (name),
        hash TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX accounts_of_domain ON accounts (domain);

    CREATE TABLE removals (
        account INTEGER PRIMARY KEY NOT NULL,
        address TEXT NOT NULL,
        since INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE aliases (
        alias TEXT NOT NULL,
        target TEXT NOT NULL,
        domain TEXT NOT NULL REFERENCES domains (name),
        PRIMARY KEY (alias, target)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX aliases_of_domain ON aliases (domain);
    CREATE INDEX aliases_by_target ON aliases (target);
",
    "
    CREATE TABLE given_up (
        account INTEGER PRIMARY KEY NOT NULL
    ) STRICT;
",
];

/// Does the steps that are missing, all in one transaction.
pub(super) fn migrate(connection: &Connection) -> Result<(), DatabaseError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).map_err(|_| DatabaseError::Range("schema version"))?;
    let done = usize::try_from(found).map_err(|_| DatabaseError::Range("schema version"))?;
    if found > known {
        return Err(DatabaseError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}
