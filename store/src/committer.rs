//! The committer: one thread that owns the log, decides every operation in order, and makes each group durable.
//!
//! A group is what waits, up to [`GROUP_OPERATIONS`] or [`GROUP_BYTES`]: one write, one fdatasync, then the index is
//! changed, then the answers go out. Nothing about a change leaves this thread before that. When the log fails the
//! process ends: what is on the disk is then unknown, and the next process finds out.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use ipc::mail::{AccountId, MailboxId, Seconds};
use ipc::service::mailbox::Refusal;
use tokio::sync::{mpsc::UnboundedSender, oneshot};

use crate::change::Change;
use crate::index::Index;
use crate::log::{AppendError, Group, GroupBody, Log, MAX_BODIES, Reserve, Resume, Segments};
use crate::plan::{Decision, Operation, Outcome, Staging, decide};
use crate::tables::Tables;

/// Operations in one group.
pub const GROUP_OPERATIONS: usize = 256;
/// Bytes of bodies in one group, unless a single message has more.
pub const GROUP_BYTES: u64 = 16 << 20;

/// Changes in one group, unless a single operation makes more: a group is encoded, written and replayed as a whole.
pub const GROUP_CHANGES: usize = 1 << 16;
/// [Weight](Change::weight) of the changes in one group, unless a single operation has more. The heaviest ones, a move of
/// [`COPY_MAX`](ipc::service::mailbox::COPY_MAX) messages or a rename of as many mailboxes as there can be, stay below
/// [`RECORD_MAX`](ipc::codec::RECORD_MAX) together with it.
pub const GROUP_WEIGHT: usize = 8 << 20;

/// An operation and where its answer goes.
#[derive(Debug)]
pub struct Job {
    /// What.
    pub operation: Operation,
    /// Where to; an asker that is gone is passed over, and its operation is done all the same.
    pub answer: oneshot::Sender<Outcome>,
}

/// A mailbox that has changed, for those who have it selected.
pub type Notice = (AccountId, MailboxId);

/// What the thread works with.
pub struct Committer<S> {
    /// The log.
    pub log: Log<S>,
    /// The index, which readers share.
    pub index: Arc<RwLock<Index>>,
    /// What is not in memory.
    pub tables: Tables,
    /// How many messages may be in memory.
    pub most: usize,
    /// Where changed mailboxes are told.
    pub notices: UnboundedSender<Notice>,
}

/// Operations that wait for the committer.
pub type Jobs = Sender<Job>;

/// One group in the making.
#[derive(Default)]
struct Gathered {
    staging: Staging,
    group: Group,
    changes: Vec<Change>,
    weight: usize,
    answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
    later: VecDeque<Job>,
    adds_mail: bool,
    bytes: u64,
}

impl<S: Segments> Committer<S> {
    /// Works until every asker is gone.
    ///
    /// # Errors
    /// When the log fails for good; the process has to end at once.
    pub fn run(mut self, jobs: &Receiver<Job>) -> Result<(), AppendError> {
        let mut waiting: VecDeque<Job> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match jobs.recv() {
                    Ok(job) => waiting.push_back(job),
                    Err(_all_gone) => return Ok(()),
                }
            }
            while waiting.len() < GROUP_OPERATIONS {
                match jobs.try_recv() {
                    Ok(job) => waiting.push_back(job),
                    Err(_none) => break,
                }
            }
            self.commit(&mut waiting)?;
        }
    }

    /// Commits one group out of what waits; what cannot be in it stays.
    fn commit(&mut self, waiting: &mut VecDeque<Job>) -> Result<(), AppendError> {
        self.load(waiting);
        let mut gathered = self.gather(waiting);
        *waiting = std::mem::take(&mut gathered.later);
        let Gathered { mut group, changes, answers, adds_mail, .. } = gathered;
        if changes.is_empty() {
            return Ok(());
        }
        let Ok(encoded) = ipc::codec::encode_record(&changes) else {
            answer_all(answers, &Outcome::Refused(Refusal::Limit));
            return Ok(());
        };
        group.changes = encoded;
        let reserve = if adds_mail { Reserve::Keep } else { Reserve::MayUse };
        match self.log.append(group, reserve) {
            Ok(appended) => {
                self.apply(changes, &appended.bodies, self.log.resume());
                for (asker, outcome) in answers {
                    let _ = asker.send(outcome);
                }
                Ok(())
            }
            Err(AppendError::NoSpace) => {
                tracing::warn!("no space left for the log: mail is refused, deleting goes on");
                answer_all(answers, &Outcome::Refused(Refusal::Full));
                Ok(())
            }
            Err(AppendError::TooLarge) => {
                answer_all(answers, &Outcome::Refused(Refusal::Limit));
                Ok(())
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Brings the messages into memory that what waits looks at. Nobody but this thread lets go of any, so they stay until the
    /// group is done.
    fn load(&self, waiting: &VecDeque<Job>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.unload(self.most);
        let keys: Vec<_> = waiting.iter().filter_map(|job| job.operation.looks_at(&index)).collect();
        keys.iter().for_each(|key| index.touch(*key));
        drop(index);
        for key in keys {
            let missing = self.index.read().unwrap_or_else(PoisonError::into_inner).missing(key);
            let Some(missing) = missing else { continue };
            match self.tables.messages(&missing) {
                Ok(messages) => {
                    self.index.write().unwrap_or_else(PoisonError::into_inner).load(missing, messages)
                }
                Err(error) => self.tables.give_up(&error),
            }
        }
    }

    /// Decides what waits, in order. A group either adds mail or does not: so deleting is never refused for the space that
    /// a delivery wanted.
    fn gather(&self, waiting: &mut VecDeque<Job>) -> Gathered {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        let mut gathered = Gathered::default();
        while let Some(job) = waiting.pop_front() {
            if gathered.admits(&job.operation) {
                gathered.decide(job, &index, now);
            } else {
                gathered.later.push_back(job);
            }
        }
        gathered
    }

    fn apply(&self, changes: Vec<Change>, bodies: &[crate::log::BodyRef], resume: Resume) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let mut notices: Vec<Notice> = Vec::new();
        for change in changes {
            if let Some(notice) = concerns(&change)
                && notices.last() != Some(&notice)
            {
                notices.push(notice);
            }
            index.apply(change, bodies);
        }
        index.reached(resume);
        drop(index);
        for notice in notices {
            let _ = self.notices.send(notice);
        }
    }
}

impl Gathered {
    fn admits(&self, operation: &Operation) -> bool {
        let same_kind = self.answers.is_empty() || self.adds_mail == operation.adds_mail();
        let bodies = self.group.bodies.len().saturating_add(operation.bodies());
        let bytes = self.bytes.saturating_add(operation.bytes());
        let fits = bodies <= MAX_BODIES && (bytes <= GROUP_BYTES || self.group.bodies.is_empty());
        let light = self.changes.len() < GROUP_CHANGES && self.weight < GROUP_WEIGHT;
        same_kind && fits && self.answers.len() < GROUP_OPERATIONS && light
    }

    fn decide(&mut self, job: Job, index: &Index, now: Seconds) {
        let first_body = u16::try_from(self.group.bodies.len()).unwrap_or(u16::MAX);
        match decide(&job.operation, index, &mut self.staging, first_body, now) {
            Decision::Change(changes, outcome) => {
                self.adds_mail = job.operation.adds_mail();
                self.bytes = self.bytes.saturating_add(job.operation.bytes());
                let weight = changes.iter().map(Change::weight).fold(0, usize::saturating_add);
                self.weight = self.weight.saturating_add(weight);
                self.changes.extend(changes);
                self.answers.push((job.answer, outcome));
                self.group.bodies.extend(job.operation.into_bodies().map(GroupBody::New));
            }
            Decision::Answer(outcome) => {
                let _ = job.answer.send(outcome);
            }
            Decision::Later => self.later.push_back(job),
        }
    }
}

fn answer_all(answers: Vec<(oneshot::Sender<Outcome>, Outcome)>, with: &Outcome) {
    for (asker, _) in answers {
        let _ = asker.send(with.clone());
    }
}

/// The mailbox whose sessions have to hear of a change.
fn concerns(change: &Change) -> Option<Notice> {
    match change {
        Change::MessageAdded { account, mailbox, .. }
        | Change::FlagsChanged { account, mailbox, .. }
        | Change::Expunged { account, mailbox, .. }
        | Change::MailboxDeleted { account, mailbox, .. }
        | Change::MessageCopied { account, mailbox, .. }
        | Change::MessageDistrusted { account, mailbox, .. } => Some((*account, *mailbox)),
        _ => None,
    }
}

/// The time, in seconds since 1970 UTC.
#[must_use]
pub fn now() -> Seconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Seconds::try_from(since.as_secs()).unwrap_or(Seconds::MAX)
}

#[cfg(test)]
mod tests;
