//! The account database: SQLite with a rollback journal, in the role's own directory.
//!
//! One connection, used by one thread, opened after the lock-down. What a method has changed when it returns is durable.

mod accounts;
mod aliases;
mod domains;
mod given_up;
mod names;
mod schema;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use accounts::{Account, Added, NewRow};
pub use aliases::{AliasSet, Page};
pub use domains::DomainChange;

/// Where it lies: in the role's directory, in which the role stands.
pub const PATH: &str = "accounts.db";

/// How long a lock that somebody else holds is waited for. Nobody else should have one, and logins wait meanwhile.
const LOCK_PATIENCE: Duration = Duration::from_millis(100);
/// Statements that are kept prepared: all there are.
const STATEMENTS: usize = 64;

/// Why the database does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite says so.
    #[error("account database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made or opened.
    #[error("account database {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It was found damaged at the start.
    #[error(
        "the account database is damaged ({0}); restore it from a backup, or salvage it with `sqlite3 accounts.db .recover`"
    )]
    Damaged(String),
    /// A newer release has used it.
    #[error("the account database is of a newer release (version {found}, this one knows {known})")]
    Newer {
        /// What it says.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// A value in it is none we would have written.
    #[error("account database: {0} out of range")]
    Range(&'static str),
}

/// The open database.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens it, makes it if it is not there, checks it, and brings its tables up to date. `domain` is always ours.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or comes from a newer release.
    pub fn open(path: &Path, domain: &str) -> Result<Self, DatabaseError> {
        Self::open_file(path, domain).map_err(|error| match error {
            DatabaseError::Sqlite(error) if is_damage(&error) => DatabaseError::Damaged(error.to_string()),
            other => other,
        })
    }

    fn open_file(path: &Path, domain: &str) -> Result<Self, DatabaseError> {
        create(path).map_err(|error| DatabaseError::File { path: path.to_owned(), error })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        configure(&connection)?;
        check(&connection)?;
        schema::migrate(&connection)?;
        let database = Database { connection };
        database.ensure_domain(domain)?;
        Ok(database)
    }

    /// A transaction that holds the write lock from its beginning; not committed, it leaves nothing behind.
    fn write(&self) -> Result<Transaction<'_>, DatabaseError> {
        Ok(Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?)
    }
}

/// SQLite would make the file readable for everybody.
fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

fn configure(connection: &Connection) -> Result<(), DatabaseError> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    // EXTRA also syncs the directory after the journal is unlinked: a committed change stays committed.
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // the hash of an account that is gone is not left in free pages
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

fn check(connection: &Connection) -> Result<(), DatabaseError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(DatabaseError::Damaged(found)) }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests;
