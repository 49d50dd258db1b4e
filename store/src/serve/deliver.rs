//! `deliver`, the server: many streams over one channel; each ends in one commit for all its targets, or in none.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::{self, ChannelError, Outbox};
use ipc::frame::{Frame, FrameError};
use ipc::mail::{AccountId, Target, TransactionId};
use ipc::service::deliver::{DeliverReply, DeliverRequest, Delivered, Folder, STREAMS_MAX, TARGETS_MAX};
use ipc::service::mailbox::Refusal;
use ipc::service::upload::STRUCTURE_MAX;

use super::Store;
use super::body::{Stuck, Upload};
use super::budget::Budget;
use crate::plan::{Operation, Outcome};

/// Frames that may wait for one worker: credits and outcomes of all its streams.
const OUTBOX: usize = STREAMS_MAX * 8;
/// Streams given up by the store, whose last chunks may still be on their way: when the memory is used up, every stream
/// of a worker is given up at once, and the ones it opens next.
const GIVEN_UP: usize = STREAMS_MAX * 8;

struct Channel {
    store: Rc<Store>,
    outbox: Outbox<DeliverReply>,
    memory: Rc<Budget>,
    open: HashMap<u32, Upload>,
    /// Streams whose last answer is being made.
    ending: Rc<RefCell<HashSet<u32>>>,
    given_up: GivenUp,
}

/// The last streams that were given up.
#[derive(Default)]
struct GivenUp {
    streams: HashSet<u32>,
    by_age: VecDeque<u32>,
}

/// A request that no correct client sends: the channel is closed over it.
fn out_of_phase() -> ChannelError {
    FrameError::Chunk.into()
}

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    let (sender, mut receiver) = channel::open(socket)?;
    let outbox = Outbox::start(sender, OUTBOX);
    let (open, ending) = (HashMap::new(), Rc::default());
    let memory = store.channel_budget();
    let mut channel = Channel { store, outbox, memory, open, ending, given_up: GivenUp::default() };
    loop {
        let frame = tokio::select! {
            frame = receiver.receive() => frame?,
            () = channel.outbox.closed() => return Err(ChannelError::Unread),
        };
        match frame {
            Frame::Message(request, _) => channel.request(request)?,
            Frame::Chunk { stream, bytes } => channel.chunk(stream, &bytes)?,
        }
    }
}

impl Channel {
    fn request(&mut self, request: DeliverRequest) -> Result<(), ChannelError> {
        match request {
            DeliverRequest::Begin { stream, transaction } => {
                self.unused(stream)?;
                self.given_up.streams.remove(&stream);
                self.open.insert(stream, Upload::new(transaction, Rc::clone(&self.memory)));
                Ok(())
            }
            DeliverRequest::Commit { stream, targets, folder, structure } => {
                if targets.is_empty() || targets.len() > TARGETS_MAX || structure.len() > STRUCTURE_MAX {
                    return Err(out_of_phase());
                }
                match self.open.remove(&stream) {
                    Some(upload) => self.commit(stream, upload, targets, folder, structure),
                    None if self.given_up.streams.contains(&stream) => Ok(()),
                    None => Err(out_of_phase()),
                }
            }
            DeliverRequest::Abort { stream } => {
                self.open.remove(&stream);
                Ok(())
            }
            DeliverRequest::Outcome { stream, transaction } => {
                self.unused(stream)?;
                let store = Rc::clone(&self.store);
                self.end(stream, async move {
                    // Its commit may have come by a channel that is gone, and be under way still.
                    store.in_flight.over(transaction).await;
                    match store.engine.index().transactions.outcome(transaction) {
                        Some(_) => Delivered::Stored,
                        None => Delivered::NotStored,
                    }
                });
                Ok(())
            }
        }
    }

    fn chunk(&mut self, stream: u32, bytes: &[u8]) -> Result<(), ChannelError> {
        let Some(upload) = self.open.get_mut(&stream) else {
            return if self.given_up.streams.contains(&stream) { Ok(()) } else { Err(out_of_phase()) };
        };
        match upload.push(&self.store, bytes) {
            Ok(()) => self.outbox.push(DeliverReply::Credit { stream, chunks: 1 }, vec![]),
            Err(stuck) => {
                self.open.remove(&stream);
                self.given_up.push(stream);
                let outcome = match stuck {
                    Stuck::TooLarge => Delivered::TooLarge,
                    Stuck::NoMemory => Delivered::Full,
                };
                self.outbox.push(DeliverReply::Finished { stream, outcome }, vec![])
            }
        }
    }

    fn commit(
        &mut self,
        stream: u32,
        mut upload: Upload,
        targets: Vec<Target>,
        folder: Folder,
        structure: Vec<u8>,
    ) -> Result<(), ChannelError> {
        let beside = structure.len().saturating_add(size_of_val(targets.as_slice()));
        if !upload.count(&self.store, beside) {
            return self.outbox.push(DeliverReply::Finished { stream, outcome: Delivered::Full }, vec![]);
        }
        let store = Rc::clone(&self.store);
        let underway = store.in_flight.enter(upload.transaction);
        self.end(stream, async move {
            let outcome = deliver(&store, upload, targets, folder, structure).await;
            drop(underway);
            outcome
        });
        Ok(())
    }

    /// Ends a stream with an outcome that takes its time. It is found out even when the client goes meanwhile, who asks
    /// again by the transaction's id.
    fn end(&self, stream: u32, outcome: impl Future<Output = Delivered> + 'static) {
        self.ending.borrow_mut().insert(stream);
        let (ending, outbox) = (Rc::clone(&self.ending), self.outbox.clone());
        tokio::task::spawn_local(async move {
            let outcome = outcome.await;
            ending.borrow_mut().remove(&stream);
            let _ = outbox.push(DeliverReply::Finished { stream, outcome }, vec![]);
        });
    }

    /// Is the number free, and may the client have one more stream?
    fn unused(&self, stream: u32) -> Result<(), ChannelError> {
        let ending = self.ending.borrow();
        let used = self.open.contains_key(&stream) || ending.contains(&stream);
        if used || self.open.len().saturating_add(ending.len()) >= STREAMS_MAX {
            return Err(out_of_phase());
        }
        Ok(())
    }
}

impl GivenUp {
    fn push(&mut self, stream: u32) {
        self.streams.insert(stream);
        self.by_age.push_back(stream);
        if self.by_age.len() > GIVEN_UP
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.streams.remove(&oldest);
        }
    }
}

async fn deliver(
    store: &Store,
    mut upload: Upload,
    targets: Vec<Target>,
    folder: Folder,
    structure: Vec<u8>,
) -> Delivered {
    let transaction = upload.transaction;
    let Some(accounts) = accounts(&targets) else {
        tracing::warn!(id = %transaction, "a delivery names a forward that does not exist");
        return Delivered::NoAccount;
    };
    let (raw, count) = (std::mem::take(&mut upload.bytes), accounts.len());
    let bytes = raw.len();
    let outcome = store
        .engine
        .add(transaction, raw, structure, |message| Operation::Deliver { message, accounts, folder })
        .await;
    note(transaction, bytes, count, &outcome);
    match outcome {
        Outcome::NoAccount => Delivered::NoAccount,
        Outcome::Refused(Refusal::Full) => Delivered::Full,
        Outcome::Refused(_) => Delivered::TooLarge,
        Outcome::Done | Outcome::Appended(..) | Outcome::Flagged(_) => Delivered::Stored,
    }
}

fn note(transaction: TransactionId, bytes: usize, accounts: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Done => tracing::info!(id = %transaction, bytes, accounts, "stored"),
        other => tracing::warn!(id = %transaction, bytes, accounts, outcome = ?other, "not stored"),
    }
}

/// The accounts among the targets, each once. `None`: a forward is named that `auth` has not told of (there are none yet).
fn accounts(targets: &[Target]) -> Option<Vec<AccountId>> {
    let mut accounts: Vec<AccountId> = targets
        .iter()
        .map(|target| match target {
            Target::Account(account) => Some(*account),
            Target::Forward(_) => None,
        })
        .collect::<Option<_>>()?;
    accounts.sort_unstable();
    accounts.dedup();
    Some(accounts)
}
