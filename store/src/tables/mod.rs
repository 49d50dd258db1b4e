//! The tables on the disk that follow the index: one redb file beside the segments, `index.redb`.
//!
//! They are a view: what is wrong with them is never repaired, they are made again from the log. So a file that cannot be
//! opened, a damaged row, a place that is none of the log, are all answered the same way.

mod file;
mod read;
mod trap;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, TableDefinition};

pub use trap::set as set_trap;
pub use write::Sync;
pub use writer::{Writer, Written, flush};

const STATE: TableDefinition<'_, (), &[u8]> = TableDefinition::new("state");
const ACCOUNTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("accounts");
const MAILBOXES: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("mailboxes");
const MESSAGES: TableDefinition<'_, (u64, u64, u32), &[u8]> = TableDefinition::new("messages");
const NAMES: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("subscriptions");
const QUEUE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("queue");
const TRANSACTIONS: TableDefinition<'_, u64, (i64, &[u8])> = TableDefinition::new("transactions");

/// Its name in the store's directory.
pub const NAME: &str = "index.redb";
/// Its name while it is being opened: who finds it under this one was ended by it.
const OPENING: &str = "index-opening.redb";
/// What redb may keep of the file in memory, in bytes.
const CACHE: usize = 64 << 20;

/// The tables. Clones share them.
#[derive(Clone, Debug)]
pub struct Tables {
    database: Arc<Database>,
    place: Arc<Place>,
}

/// Where they are.
#[derive(Debug)]
enum Place {
    /// In a file.
    File(PathBuf, std::fs::File),
    /// In memory: the disk is too full for them.
    Memory,
}

/// What is wrong with the tables. They are made again.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A row, or the state.
    #[error(transparent)]
    Damaged(#[from] crate::index::Damaged),
    /// redb says so, of the file or of a call.
    #[error(transparent)]
    Database(#[from] Box<redb::Error>),
    /// A call on the file.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

impl TableError {
    fn database(error: impl Into<redb::Error>) -> Self {
        TableError::Database(Box::new(error.into()))
    }
}

impl Tables {
    /// Opens the tables in a directory, whose lock the caller has. Where there are none, or none that can be read, they are
    /// empty.
    ///
    /// # Errors
    /// When neither a file can be made nor memory had.
    pub fn open(directory: &Path) -> Result<Self, TableError> {
        let (path, opening) = (directory.join(NAME), directory.join(OPENING));
        match std::fs::remove_file(&opening) {
            Ok(()) => {
                tracing::warn!("a start ended while it opened the index: it is made again from the log")
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        match file::open(&path, &opening) {
            Ok(found) => Ok(found),
            Err(TableError::File(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::anew(directory)
            }
            Err(error) => {
                tracing::warn!(%error, "the index cannot be opened: it is made again from the log");
                Self::anew(directory)
            }
        }
    }

    /// Removes the tables of a directory and makes empty ones.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn anew(directory: &Path) -> Result<Self, TableError> {
        let path = directory.join(NAME);
        remove(&path)?;
        remove(&directory.join(OPENING))?;
        if !file::has_room(&std::fs::File::open(directory)?, 0) {
            tracing::warn!("the disk is too full for an index: it is kept in memory");
            return Self::in_memory();
        }
        file::create(&path)
    }

    /// Tables that end with the process.
    ///
    /// # Errors
    /// Of redb.
    pub fn in_memory() -> Result<Self, TableError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = redb::Builder::new().create_with_backend(backend).map_err(TableError::database)?;
        Ok(Tables { database: Arc::new(database), place: Arc::new(Place::Memory) })
    }

    /// Is there room on the disk for so many bytes more? The last of it is the log's.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        match &*self.place {
            Place::File(_, file) => file::has_room(file, bytes),
            Place::Memory => true,
        }
    }

    /// The tables are damaged and the process ends over it: the next one makes them again.
    pub fn give_up(&self, error: &TableError) -> ! {
        tracing::error!(%error, "the index is damaged: the store ends, and makes it again from the log when it is started");
        if let Place::File(path, _) = &*self.place
            && let Err(error) = remove(path)
        {
            tracing::error!(%error, "the index could not be removed");
        }
        std::process::exit(ipc::exit::Exit::IoError as i32);
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
