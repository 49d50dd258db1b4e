//! The store without its services: open the log, submit operations, read bodies.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ipc::exit::{Exit, Failure};
use ipc::mail::{Seconds, TransactionId};
use ipc::service::mailbox::Refusal;
use tokio::sync::{mpsc::UnboundedReceiver, mpsc::unbounded_channel, oneshot};

use crate::change::Change;
use crate::committer::{Committer, Job, Jobs, Notice, now};
use crate::index::{Index, REMEMBERED};
use crate::log::{
    BodyId, BodyReader, BodyRef, Damage, Decompressor, FileSegments, Geometry, Log, PreparedBody, Recovered,
    Replayed, Segments,
};
use crate::plan::{NewMessage, Operation, Outcome};
use crate::pool::Pool;

type Reader = BodyReader<<FileSegments as Segments>::Reader>;

/// The largest body that is read back, whatever the configured limit is today: a message that was taken in under a larger
/// one is still served.
const LARGEST: usize = 1 << 30;

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
    commit: Sender<Box<dyn FnOnce() + Send>>,
}

impl Threads {
    /// Starts the pool and the committer's thread, which waits for [`Engine::open`].
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Pool::start(cores, LARGEST)?;
        let (commit, started) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        std::thread::Builder::new().name("committer".into()).spawn(move || {
            if let Ok(work) = started.recv() {
                work();
            }
        })?;
        Ok(Threads { pool, commit })
    }
}

/// The open store. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    index: Arc<RwLock<Index>>,
    jobs: Jobs,
    pool: Pool,
    reader: Reader,
    at_once: Arc<Mutex<AtOnce>>,
}

impl Engine {
    /// Opens the store in a directory, replays its log, and starts to commit. What changes is told on the receiver.
    ///
    /// # Errors
    /// When the log cannot be opened; the message says what to do.
    pub async fn open(
        directory: &Path,
        threads: Threads,
    ) -> Result<(Self, UnboundedReceiver<Notice>), Failure> {
        let geometry = Geometry::default();
        let mut replay = Replay::default();
        let segments = FileSegments::open(directory, geometry).map_err(unopened)?;
        let (log, recovered) =
            Log::open(segments, geometry, &mut |replayed| replay.take(replayed)).map_err(unopened)?;
        report(&recovered, &replay);
        let index = Arc::new(RwLock::new(replay.index));
        let (notices, told) = unbounded_channel();
        let (jobs, waiting) = mpsc::channel();
        let reader = log.reader();
        let committer = Committer { log, index: Arc::clone(&index), notices };
        let work = Box::new(move || commit(committer, &waiting));
        threads
            .commit
            .send(work)
            .map_err(|_| Failure::new(Exit::Software, "the committer's thread is gone"))?;
        let at_once = Decompressor::new(AT_ONCE_UNPACKED)
            .map_err(|error| Failure::new(Exit::Software, error.to_string()))?;
        let at_once = Arc::new(Mutex::new(AtOnce(at_once)));
        let engine = Engine { index, jobs, pool: threads.pool, reader, at_once };
        for (segment, offset) in replay.damage {
            let noted = engine.submit(Operation::NoteDamage { segment, offset }).await;
            if noted != Outcome::Done {
                // Going on would give out UIDs again that a lost group has given out.
                let message = "the log is damaged, and noting it failed: free some space on the disk";
                return Err(Failure::new(Exit::IoError, message));
            }
        }
        Ok((engine, told))
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

fn commit(committer: Committer<FileSegments>, waiting: &Receiver<Job>) {
    if let Err(error) = committer.run(waiting) {
        // Whether the last group is on the disk is unknown. Nothing may be answered any more, and nothing tried again.
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, "the log failed: the store ends, and recovers when it is started again");
        std::process::exit(Exit::IoError as i32);
    }
}

/// Builds the index out of the log.
#[derive(Default)]
struct Replay {
    index: Index,
    damage: Vec<(u64, u64)>,
    unreadable: u64,
}

impl Replay {
    fn take(&mut self, replayed: Replayed<'_>) -> ControlFlow<()> {
        match replayed {
            Replayed::Group(group) => match ipc::codec::decode_record::<Vec<Change>>(group.changes) {
                Ok(changes) => changes.into_iter().for_each(|change| self.apply(change, group.bodies)),
                Err(error) => {
                    self.unreadable = self.unreadable.saturating_add(1);
                    tracing::error!(group = group.sequence, %error, "a commit of another format: not applied");
                    return ControlFlow::Break(());
                }
            },
            Replayed::Damage(damage) => {
                tracing::error!(
                    ?damage,
                    "the log is damaged here: what these bytes held is lost, the rest goes on"
                );
                self.damage.push(place(damage));
            }
        }
        ControlFlow::Continue(())
    }

    fn apply(&mut self, change: Change, bodies: &[BodyRef]) {
        match change {
            // Old transactions are not asked for any more.
            Change::TransactionDone { at, .. } if is_old(at) => {}
            Change::DamageNoted { segment, offset } => {
                self.damage.retain(|place| *place != (segment, offset));
                self.index.apply(change, bodies);
            }
            change => self.index.apply(change, bodies),
        }
    }
}

fn is_old(at: Seconds) -> bool {
    now().saturating_sub(at) > REMEMBERED
}

fn place(damage: Damage) -> (u64, u64) {
    match damage {
        Damage::Bytes { segment, offset, .. } => (segment.0, offset),
        Damage::Header { segment, .. } => (segment.0, 0),
        Damage::Missing { first, .. } => (first.0, 0),
    }
}

fn report(recovered: &Recovered, replay: &Replay) {
    tracing::info!(
        groups = recovered.groups,
        rewritten = recovered.rewritten,
        cut_bytes = recovered.cut_bytes,
        damaged = recovered.damaged,
        newly_damaged = replay.damage.len(),
        "log replayed"
    );
}

fn unopened(error: crate::log::OpenError) -> Failure {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::new(Exit::IoError, format!("the log cannot be opened: {error}{cause}"))
}
