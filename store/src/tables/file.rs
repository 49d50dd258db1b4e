//! The file of the tables: plain reads and writes, and a lock against a process's own threads that are still ending.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redb::{Builder, StorageBackend};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::{CACHE, Place, TableError, Tables};

/// What is left to the log, in bytes.
const ROOM: u64 = 64 << 20;
/// How often the lock is asked for, and how long it takes each time.
const LOCK: (u32, Duration) = (1000, Duration::from_millis(10));

#[derive(Debug)]
struct Plain(File);

impl StorageBackend for Plain {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write_all_at(data, offset)
    }
}

/// Opens the file under `path`, which has the name `opening` meanwhile.
pub(super) fn open(path: &Path, opening: &Path) -> Result<Tables, TableError> {
    let file = file(path, false)?;
    lock(&file)?;
    std::fs::rename(path, opening)?;
    let tables = tables(path, file)?;
    tables.look()?;
    std::fs::rename(opening, path)?;
    Ok(tables)
}

/// Makes an empty one.
pub(super) fn create(path: &Path) -> Result<Tables, TableError> {
    let file = file(path, true)?;
    lock(&file)?;
    tables(path, file)
}

fn file(path: &Path, new: bool) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(new).mode(0o600);
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options.open(path)
}

/// The lock ends with the database: a store that was closed a moment ago may still be writing.
fn lock(file: &File) -> std::io::Result<()> {
    for _ in 0..LOCK.0 {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(LOCK.1),
            other => return Ok(other?),
        }
    }
    Err(std::io::Error::from(Errno::WOULDBLOCK))
}

fn tables(path: &Path, file: File) -> Result<Tables, TableError> {
    let kept = file.try_clone()?;
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create_with_backend(Plain(file))
        .map_err(TableError::database)?;
    Ok(Tables { database: Arc::new(database), place: Arc::new(Place::File(path.to_owned(), kept)) })
}

/// Is there room for so many bytes beside what is left to the log? Where that cannot be said, there is.
pub(super) fn has_room(file: &File, bytes: u64) -> bool {
    let Ok(found) = rustix::fs::fstatfs(file) else { return true };
    let free = u64::try_from(found.f_bsize).unwrap_or(0).saturating_mul(found.f_bavail);
    free >= ROOM.saturating_add(bytes)
}
