//! The index out of its tables and the log behind them.

use std::ops::ControlFlow;
use std::path::Path;

use ipc::exit::{Exit, Failure};
use ipc::mail::Seconds;

use crate::change::Change;
use crate::committer::now;
use crate::index::{Index, REMEMBERED};
use crate::log::{
    BodyRef, Damage, FileSegments, Geometry, Log, OpenError, Recovered, Replayed, ReplayedGroup,
};
use crate::tables::{Sync, TableError, Tables};

/// Changed rows after which they are written before the log is read on.
const BATCH: usize = 200_000;
/// Changed rows that may wait for the thread that writes them.
const FEW: usize = 5000;

/// An open store, as it was found.
pub(crate) struct Opened {
    pub(crate) log: Log<FileSegments>,
    pub(crate) index: Index,
    pub(crate) tables: Tables,
    pub(crate) recovered: Recovered,
}

/// Opens log and tables of a directory. `most` messages are kept in memory meanwhile.
pub(crate) fn open(directory: &Path, geometry: Geometry, most: usize) -> Result<Opened, Failure> {
    let segments = FileSegments::open(directory, geometry).map_err(unopened)?;
    let mut tables = Tables::open(directory).map_err(unmade)?;
    let index = match tables.index(now()) {
        Ok(index) => index,
        Err(error) => {
            tracing::warn!(%error, "the index is made again from the log");
            tables = Tables::anew(directory).map_err(unmade)?;
            None
        }
    };
    let resumed = index.is_some();
    let replay = Replay::new(index.unwrap_or_default(), tables, most);
    match replay.run(segments, geometry) {
        Err(Stopped::Log(OpenError::Resume)) if resumed => {
            tracing::warn!(
                "the log does not go on where the index ends: the index is made again from the log"
            );
            again(directory, geometry, most)
        }
        Err(Stopped::Tables(error)) if resumed => {
            tracing::warn!(%error, "the index is made again from the log");
            again(directory, geometry, most)
        }
        Err(stopped) => Err(stopped.failure()),
        Ok(opened) => Ok(opened),
    }
}

/// From the beginning of the log.
fn again(directory: &Path, geometry: Geometry, most: usize) -> Result<Opened, Failure> {
    let segments = FileSegments::open(directory, geometry).map_err(unopened)?;
    let tables = Tables::anew(directory).map_err(unmade)?;
    Replay::new(Index::default(), tables, most).run(segments, geometry).map_err(Stopped::failure)
}

/// Why it ended early.
enum Stopped {
    Log(OpenError),
    Tables(TableError),
}

impl Stopped {
    fn failure(self) -> Failure {
        match self {
            Stopped::Log(error) => unopened(error),
            Stopped::Tables(error) => unmade(error),
        }
    }
}

/// Brings the index up to the end of the log.
struct Replay {
    index: Index,
    tables: Tables,
    most: usize,
    /// The last group that the tables have.
    last: u64,
    newly_damaged: usize,
    failed: Option<TableError>,
}

impl Replay {
    fn new(index: Index, tables: Tables, most: usize) -> Self {
        let last = index.resume().map_or(0, |resume| resume.last);
        Replay { index, tables, most, last, newly_damaged: 0, failed: None }
    }

    fn run(mut self, segments: FileSegments, geometry: Geometry) -> Result<Opened, Stopped> {
        // What is written before the end is reached is no state to go on from.
        let resume = self.index.begin_replay();
        let opened = Log::open_from(segments, geometry, resume, &mut |replayed| self.take(replayed));
        let (log, recovered) = match (opened, self.failed.take()) {
            (_, Some(error)) => return Err(Stopped::Tables(error)),
            (Err(error), None) => return Err(Stopped::Log(error)),
            (Ok(opened), None) => opened,
        };
        self.index.reached(log.resume());
        report(&recovered, resume.is_some(), self.newly_damaged);
        let Replay { mut index, tables, .. } = self;
        if index.dirty_count() > FEW {
            write(&mut index, &tables).map_err(Stopped::Tables)?;
        }
        Ok(Opened { log, index, tables, recovered })
    }

    fn take(&mut self, replayed: Replayed<'_>) -> ControlFlow<()> {
        match replayed {
            Replayed::Group(group) => match ipc::codec::decode_record::<Vec<Change>>(group.changes) {
                Ok(changes) => self.group(&group, changes),
                Err(error) => {
                    tracing::error!(group = group.sequence, %error, "a commit of another format: not applied");
                    ControlFlow::Break(())
                }
            },
            Replayed::Damage(damage) => {
                tracing::error!(
                    ?damage,
                    "the log is damaged here: what these bytes held is lost, the rest goes on"
                );
                self.newly_damaged = self.newly_damaged.saturating_add(1);
                self.index.damage.push(place(damage));
                ControlFlow::Continue(())
            }
        }
    }

    fn group(&mut self, group: &ReplayedGroup<'_>, changes: Vec<Change>) -> ControlFlow<()> {
        for change in changes {
            let done = if group.sequence > self.last {
                self.apply(change, group.bodies)
            } else {
                self.relocate(&change, group.bodies)
            };
            if let Err(error) = done {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        match self.make_room() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn apply(&mut self, change: Change, bodies: &[BodyRef]) -> Result<(), TableError> {
        match change {
            // Old transactions are not asked for any more.
            Change::TransactionDone { at, .. } if is_old(at) => {}
            change => {
                if let Some(key) = change.of_old_messages() {
                    self.load(key)?;
                }
                self.index.apply(change, bodies);
            }
        }
        Ok(())
    }

    /// The group is in the tables; only its bodies lie elsewhere.
    fn relocate(&mut self, change: &Change, bodies: &[BodyRef]) -> Result<(), TableError> {
        if let Some(key) = change.of_messages() {
            self.load(key)?;
        }
        self.index.relocate(change, bodies);
        Ok(())
    }

    fn load(&mut self, key: (ipc::mail::AccountId, ipc::mail::MailboxId)) -> Result<(), TableError> {
        if let Some(missing) = self.index.missing(key) {
            let messages = self.tables.messages(&missing)?;
            self.index.load(missing, messages);
        }
        self.index.touch(key);
        Ok(())
    }

    fn make_room(&mut self) -> Result<(), TableError> {
        if self.index.dirty_count() > BATCH {
            write(&mut self.index, &self.tables)?;
        }
        self.index.unload(self.most);
        Ok(())
    }
}

/// Writes what has changed, where there is room for it; else it stays in memory.
fn write(index: &mut Index, tables: &Tables) -> Result<(), TableError> {
    if !tables.has_room(u64::try_from(index.dirty_count()).unwrap_or(u64::MAX).saturating_mul(512)) {
        return Ok(());
    }
    let batch = index.batch().map_err(|error| TableError::File(std::io::Error::other(error)))?;
    if let Some(batch) = batch {
        tables.write(&batch, Sync::Later)?;
        index.written(batch.clock);
    }
    Ok(())
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

fn report(recovered: &Recovered, resumed: bool, newly_damaged: usize) {
    tracing::info!(
        resumed,
        groups = recovered.groups,
        rewritten = recovered.rewritten,
        cut_bytes = recovered.cut_bytes,
        damaged = recovered.damaged,
        newly_damaged,
        "log replayed"
    );
}

fn unopened(error: OpenError) -> Failure {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::new(Exit::IoError, format!("the log cannot be opened: {error}{cause}"))
}

fn unmade(error: TableError) -> Failure {
    Failure::new(Exit::IoError, format!("the index cannot be made: {error}"))
}
