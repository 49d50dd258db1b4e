//! The one thread that writes the tables. It waits for the disk, and nobody waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Sync, TableError, Tables};
use crate::index::Index;

/// How often what has changed is written.
const BATCH: Duration = Duration::from_millis(250);
/// How often it is made durable.
const DURABLE: Duration = Duration::from_secs(2);
/// About what a row takes on the disk, in bytes, with what else is written for it.
const ROW: u64 = 512;

/// Asks for everything to be written, durably; told when it is.
pub type Written = oneshot::Sender<()>;

/// What the thread works with.
#[derive(Debug)]
pub struct Writer {
    /// What is written.
    pub index: Arc<RwLock<Index>>,
    /// Where to.
    pub tables: Tables,
}

impl Writer {
    /// Writes until everybody who could ask is gone. What is not written then is in the log.
    pub fn run(self, asked: &Receiver<Written>) {
        let mut synced = Instant::now();
        let mut unsynced = false;
        loop {
            let asker = match asked.recv_timeout(BATCH) {
                Ok(asker) => Some(asker),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let due = asker.is_some() || synced.elapsed() >= DURABLE;
            let sync = if due { Sync::Now } else { Sync::Later };
            match self.write(sync) {
                Ok(true) => unsynced = sync == Sync::Later,
                Ok(false) if due && unsynced => unsynced = self.sync(),
                Ok(false) => {}
                Err(error) => self.tables.give_up(&error),
            }
            if due {
                synced = Instant::now();
            }
            if let Some(asker) = asker {
                let _ = asker.send(());
            }
        }
    }

    /// Makes durable what was written before; is anything still not?
    fn sync(&self) -> bool {
        self.index.write().unwrap_or_else(PoisonError::into_inner).note_sync();
        match self.write(Sync::Now) {
            Ok(written) => !written,
            Err(error) => self.tables.give_up(&error),
        }
    }

    /// Writes what has changed; `false` when nothing has, or the disk is too full.
    pub(crate) fn write(&self, sync: Sync) -> Result<bool, TableError> {
        let rows = self.index.read().unwrap_or_else(PoisonError::into_inner).dirty_count();
        if !self.tables.has_room(u64::try_from(rows).unwrap_or(u64::MAX).saturating_mul(ROW)) {
            return Ok(false);
        }
        let batch = self.index.write().unwrap_or_else(PoisonError::into_inner).batch();
        let batch = match batch {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(false),
            Err(error) => return Err(TableError::File(std::io::Error::other(error))),
        };
        self.tables.write(&batch, sync)?;
        self.index.write().unwrap_or_else(PoisonError::into_inner).written(batch.clock);
        Ok(true)
    }
}

/// Waits until all is written.
pub async fn flush(to: &Sender<Written>) {
    let (asker, written) = oneshot::channel();
    if to.send(asker).is_ok() {
        let _ = written.await;
    }
}
