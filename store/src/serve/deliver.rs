//! `deliver`, the server: many streams over one channel; each ends in one commit for all its targets, or in none.

use std::collections::{HashMap, VecDeque};
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
use crate::plan::{Operation, Outcome};

/// Frames that may wait for one worker: credits and outcomes of all its streams.
const OUTBOX: usize = STREAMS_MAX * 8;
/// Streams given up by the store, whose last chunks may still be on their way.
const GIVEN_UP: usize = 256;

struct Channel {
    store: Rc<Store>,
    outbox: Outbox<DeliverReply>,
    open: HashMap<u32, Upload>,
    given_up: VecDeque<u32>,
}

/// A request that no correct client sends: the channel is closed over it.
fn out_of_phase() -> ChannelError {
    FrameError::Chunk.into()
}

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    let (sender, mut receiver) = channel::open(socket)?;
    let outbox = Outbox::start(sender, OUTBOX);
    let mut channel = Channel { store, outbox, open: HashMap::new(), given_up: VecDeque::new() };
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
                let full = self.open.len() >= STREAMS_MAX;
                if full || self.open.insert(stream, Upload::new(transaction)).is_some() {
                    return Err(out_of_phase());
                }
                self.given_up.retain(|given_up| *given_up != stream);
                Ok(())
            }
            DeliverRequest::Commit { stream, targets, folder, structure } => {
                if targets.is_empty() || targets.len() > TARGETS_MAX || structure.len() > STRUCTURE_MAX {
                    return Err(out_of_phase());
                }
                match self.open.remove(&stream) {
                    Some(upload) => self.commit(stream, upload, targets, folder, structure),
                    None if self.given_up.contains(&stream) => {}
                    None => return Err(out_of_phase()),
                }
                Ok(())
            }
            DeliverRequest::Abort { stream } => {
                self.open.remove(&stream);
                Ok(())
            }
            DeliverRequest::Outcome { stream, transaction } => {
                let stored = self.store.engine.index().transactions.outcome(transaction).is_some();
                self.finish(stream, if stored { Delivered::Stored } else { Delivered::NotStored })
            }
        }
    }

    fn chunk(&mut self, stream: u32, bytes: &[u8]) -> Result<(), ChannelError> {
        let Some(upload) = self.open.get_mut(&stream) else {
            return if self.given_up.contains(&stream) { Ok(()) } else { Err(out_of_phase()) };
        };
        match upload.push(&self.store, bytes) {
            Ok(()) => self.outbox.push(DeliverReply::Credit { stream, chunks: 1 }, vec![]),
            Err(stuck) => {
                self.open.remove(&stream);
                self.given_up.push_back(stream);
                if self.given_up.len() > GIVEN_UP {
                    self.given_up.pop_front();
                }
                let outcome = match stuck {
                    Stuck::TooLarge => Delivered::TooLarge,
                    Stuck::NoMemory => Delivered::Full,
                };
                self.finish(stream, outcome)
            }
        }
    }

    fn commit(&mut self, stream: u32, upload: Upload, targets: Vec<Target>, folder: Folder, structure: Vec<u8>) {
        let (store, outbox) = (Rc::clone(&self.store), self.outbox.clone());
        tokio::task::spawn_local(async move {
            let outcome = deliver(&store, upload, targets, folder, structure).await;
            // A client that is gone asks the outcome again by the transaction's id.
            let _ = outbox.push(DeliverReply::Finished { stream, outcome }, vec![]);
        });
    }

    fn finish(&self, stream: u32, outcome: Delivered) -> Result<(), ChannelError> {
        self.outbox.push(DeliverReply::Finished { stream, outcome }, vec![])
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
