//! The store without its services: open the log, submit operations, read bodies.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ipc::exit::{Exit, Failure};
use ipc::mail::{AccountId, MailboxId, TransactionId};
use ipc::service::mailbox::Refusal;
use tokio::sync::{mpsc::UnboundedReceiver, mpsc::unbounded_channel, oneshot};

use crate::committer::{Committer, Job, Jobs, Notice};
use crate::index::{Index, Missing};
use crate::log::{
    BodyId, BodyReader, BodyRef, Decompressor, FileSegments, Geometry, PreparedBody, Recovered, Segments,
};
use crate::plan::{NewMessage, Operation, Outcome};
use crate::pool::Pool;
use crate::replay;
use crate::tables::{self, Tables, Writer, Written};

type Reader = BodyReader<<FileSegments as Segments>::Reader>;

/// The largest body that is read back, whatever the configured limit is today: a message that was taken in under a larger
/// one is still served.
const LARGEST: usize = 1 << 30;
/// Messages in memory at the most, but for those that somebody looks at: each takes about 300 bytes.
const MESSAGES: usize = 400_000;

type Work = Box<dyn FnOnce() + Send>;

/// The most bytes of a stored body that is read by the thread that serves.
const AT_ONCE: u32 = 32 * 1024;
/// The most bytes such a body may have when it is unpacked: about a tenth of a millisecond.
const AT_ONCE_UNPACKED: usize = 128 * 1024;

/// For bodies that are read at once.
struct AtOnce(Decompressor);

impl std::fmt::Debug for AtOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AtOnce").finish_non_exhaustive()
    }
}

/// The threads a store works with, made before the lock-down.
#[derive(Debug)]
pub struct Threads {
    pool: Pool,
    commit: Sender<Work>,
    write: Sender<Work>,
}

impl Threads {
    /// Starts the pool, the committer's thread and the one that writes the index, which wait for [`Engine::open`].
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Pool::start(cores, LARGEST)?;
        Ok(Threads { pool, commit: thread("committer")?, write: thread("index")? })
    }
}

/// A thread for one piece of work, which is sent to it later.
fn thread(name: &str) -> std::io::Result<Sender<Work>> {
    let (give, given) = mpsc::channel::<Work>();
    std::thread::Builder::new().name(name.into()).spawn(move || {
        if let Ok(work) = given.recv() {
            work();
        }
    })?;
    Ok(give)
}

/// The open store. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    index: Arc<RwLock<Index>>,
    jobs: Jobs,
    pool: Pool,
    reader: Reader,
    tables: Tables,
    writer: Sender<Written>,
    recovered: Recovered,
    at_once: Arc<Mutex<AtOnce>>,
}

impl Engine {
    /// Opens the store in a directory, brings its index up to the end of its log, and starts to commit. What changes is told
    /// on the receiver.
    ///
    /// # Errors
    /// When the log cannot be opened, or no index made; the message says what to do.
    pub async fn open(
        directory: &Path,
        threads: Threads,
    ) -> Result<(Self, UnboundedReceiver<Notice>), Failure> {
        Self::open_with(directory, threads, MESSAGES).await
    }

    /// The same, with so many messages in memory at the most, but for those that somebody looks at.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(
        directory: &Path,
        threads: Threads,
        most: usize,
    ) -> Result<(Self, UnboundedReceiver<Notice>), Failure> {
        let replay::Opened { log, index, tables, recovered } =
            replay::open(directory, Geometry::default(), most)?;
        let damage = index.damage.clone();
        let index = Arc::new(RwLock::new(index));
        let (notices, told) = unbounded_channel();
        let (jobs, waiting) = mpsc::channel();
        let (writer, asked) = mpsc::channel();
        let reader = log.reader();
        let writing = Writer { index: Arc::clone(&index), tables: tables.clone() };
        start(&threads.write, Box::new(move || writing.run(&asked)))?;
        let committer = Committer { log, index: Arc::clone(&index), tables: tables.clone(), most, notices };
        start(&threads.commit, Box::new(move || commit(committer, &waiting)))?;
        let at_once = Decompressor::new(AT_ONCE_UNPACKED)
            .map_err(|error| Failure::new(Exit::Software, error.to_string()))?;
        let at_once = Arc::new(Mutex::new(AtOnce(at_once)));
        let engine = Engine { index, jobs, pool: threads.pool, reader, tables, writer, recovered, at_once };
        engine.note(damage).await?;
        Ok((engine, told))
    }

    async fn note(&self, damage: Vec<(u64, u64)>) -> Result<(), Failure> {
        for (segment, offset) in damage {
            let noted = self.submit(Operation::NoteDamage { segment, offset }).await;
            if noted != Outcome::Done {
                // Going on would give out UIDs again that a lost group has given out.
                let message = "the log is damaged, and noting it failed: free some space on the disk";
                return Err(Failure::new(Exit::IoError, message));
            }
        }
        Ok(())
    }

    /// What opening it did: of the log, only what the index on the disk did not have.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Writes what the index on the disk does not have yet, so that the next start has nothing to replay.
    pub async fn flush(&self) {
        tables::flush(&self.writer).await;
    }

    /// The index with the messages of a mailbox in it, if the mailbox is there. Without a view of the mailbox they stay in
    /// memory as long as this is held.
    pub async fn loaded(&self, account: AccountId, mailbox: MailboxId) -> RwLockWriteGuard<'_, Index> {
        loop {
            let missing = self.index().missing((account, mailbox));
            if let Some(missing) = missing {
                self.load(missing).await;
            }
            let index = self.index_mut();
            if index.missing((account, mailbox)).is_none() {
                return index;
            }
        }
    }

    /// Brings messages into memory, on another thread than the one that serves.
    async fn load(&self, missing: Missing) {
        let (tables, index) = (self.tables.clone(), Arc::clone(&self.index));
        let load = move |_: &mut _| match tables.messages(&missing) {
            Ok(messages) => index.write().unwrap_or_else(PoisonError::into_inner).load(missing, messages),
            Err(error) => tables.give_up(&error),
        };
        if self.pool.run(load).await.is_none() {
            // Without its threads the process is ending.
            std::future::pending::<()>().await;
        }
    }

    /// The index, to look at.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index, to change what is not in the log.
    pub fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an operation; when this returns it is durable. It never returns when the log fails meanwhile: whether the
    /// operation is on the disk is then unknown, there is no true answer to give, and the process ends.
    pub async fn submit(&self, operation: Operation) -> Outcome {
        let (answer, answered) = oneshot::channel();
        if self.jobs.send(Job { operation, answer }).is_err() {
            return std::future::pending().await;
        }
        match answered.await {
            Ok(outcome) => outcome,
            Err(_dropped) => std::future::pending().await,
        }
    }

    /// Compresses a message and does the operation made of it.
    pub async fn add(
        &self,
        transaction: TransactionId,
        raw: Vec<u8>,
        structure: Vec<u8>,
        operation: impl FnOnce(NewMessage) -> Operation,
    ) -> Outcome {
        let prepared = self.pool.run(move |contexts| {
            let id = BodyId(transaction.0);
            let body = PreparedBody::new(id, &raw, &mut contexts.compressor)?;
            let structure = match structure.is_empty() {
                true => None,
                false => Some(PreparedBody::new(id, &structure, &mut contexts.compressor)?),
            };
            Ok::<_, crate::log::BodyError>(NewMessage { transaction, body, structure })
        });
        match prepared.await {
            Some(Ok(message)) => self.submit(operation(message)).await,
            Some(Err(error)) => {
                tracing::error!(id = %transaction, %error, "a message could not be prepared");
                Outcome::Refused(Refusal::Limit)
            }
            None => Outcome::Refused(Refusal::Full),
        }
    }

    /// Reads a body, whole and verified. Damage is reported here and refused, never served.
    ///
    /// # Errors
    /// [`Refusal::Damaged`].
    pub async fn read(&self, body: BodyRef) -> Result<Vec<u8>, Refusal> {
        if let Some(bytes) = self.read_at_once(&body) {
            return Ok(bytes);
        }
        let reader = self.reader.clone();
        match self.pool.run(move |contexts| reader.read(&body, &mut contexts.decompressor)).await {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(error)) => {
                tracing::error!(id = %TransactionId(body.id.0), %error, "a stored body cannot be served");
                Err(Refusal::Damaged)
            }
            None => Err(Refusal::Damaged),
        }
    }
}

impl Engine {
    /// A small body that is in the page cache takes less time to read than to hand to another thread. `None` for every other,
    /// and for one that is not as it should be: the pool has the time to look at it.
    fn read_at_once(&self, body: &BodyRef) -> Option<Vec<u8>> {
        let mut decompressor = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.read_cached(body, AT_ONCE, &mut decompressor.0)
    }
}

fn start(thread: &Sender<Work>, work: Work) -> Result<(), Failure> {
    thread.send(work).map_err(|_| Failure::new(Exit::Software, "a thread of the store is gone"))
}

fn commit(committer: Committer<FileSegments>, waiting: &Receiver<Job>) {
    if let Err(error) = committer.run(waiting) {
        // Whether the last group is on the disk is unknown. Nothing may be answered any more, and nothing tried again.
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, "the log failed: the store ends, and recovers when it is started again");
        std::process::exit(Exit::IoError as i32);
    }
}
