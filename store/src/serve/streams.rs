//! Messages on their way in, whatever service brings them: many streams over one channel; each ends in one commit for
//! everywhere it is to go, or in none.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::{self, ChannelError, Outbox};
use ipc::frame::{Frame, FrameError};
use ipc::mail::TransactionId;
use ipc::service::upload::{Delivered, Ending, UploadReply, UploadRequest};

use super::Store;
use super::body::{Stuck, Upload};
use super::budget::Budget;

/// Frames that may wait for one client, for each stream it may have open: credits and outcomes of all of them.
const OUTBOX: usize = 8;
/// Streams given up by the store, whose last chunks may still be on their way, for each that may be open: when the memory
/// is used up, every stream of a client is given up at once, and the ones it opens next.
const GIVEN_UP: usize = 8;

/// What a service does with the messages that come over one of its channels.
pub(super) trait Intake: 'static {
    /// What ends a message.
    type End: Ending;

    /// Does the end keep to the service's limits? A client that sends another is out of form.
    fn admits(&self, end: &Self::End) -> bool;

    /// The bytes it takes in memory, beside the message.
    fn size(&self, end: &Self::End) -> usize;

    /// Makes the message durable, or says why not.
    fn commit(self: Rc<Self>, upload: Upload, end: Self::End) -> impl Future<Output = Delivered> + 'static;
}

struct Channel<I: Intake> {
    store: Rc<Store>,
    intake: Rc<I>,
    outbox: Outbox<UploadReply>,
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

/// Serves one channel until its client goes, or sends what is out of form. `memory` is what its messages may take, beside
/// what all may.
pub(super) async fn serve<I: Intake>(
    store: Rc<Store>,
    intake: Rc<I>,
    memory: Rc<Budget>,
    socket: OwnedFd,
) -> Result<(), ChannelError> {
    let (sender, mut receiver) = channel::open(socket)?;
    let outbox = Outbox::start(sender, OUTBOX.saturating_mul(I::End::STREAMS_MAX));
    let (open, ending) = (HashMap::new(), Rc::default());
    let mut channel = Channel { store, intake, outbox, memory, open, ending, given_up: GivenUp::default() };
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

impl<I: Intake> Channel<I> {
    fn request(&mut self, request: UploadRequest<I::End>) -> Result<(), ChannelError> {
        match request {
            UploadRequest::Begin { stream, transaction } => {
                self.unused(stream)?;
                self.given_up.streams.remove(&stream);
                self.open.insert(stream, Upload::new(transaction, Rc::clone(&self.memory)));
                Ok(())
            }
            UploadRequest::Commit { stream, end } => {
                if !self.intake.admits(&end) {
                    return Err(out_of_phase());
                }
                match self.open.remove(&stream) {
                    Some(upload) => self.commit(stream, upload, end),
                    None if self.given_up.streams.contains(&stream) => Ok(()),
                    None => Err(out_of_phase()),
                }
            }
            UploadRequest::Abort { stream } => {
                self.open.remove(&stream);
                Ok(())
            }
            UploadRequest::Outcome { stream, transaction } => {
                self.unused(stream)?;
                let store = Rc::clone(&self.store);
                self.end(stream, async move {
                    if store.was_done(transaction).await { Delivered::Stored } else { Delivered::NotStored }
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
            Ok(()) => self.outbox.push(UploadReply::Credit { stream, chunks: 1 }, vec![]),
            Err(stuck) => {
                self.open.remove(&stream);
                self.given_up.push(stream, GIVEN_UP.saturating_mul(I::End::STREAMS_MAX));
                let outcome = match stuck {
                    Stuck::TooLarge => Delivered::TooLarge,
                    Stuck::NoMemory => Delivered::Full,
                };
                self.outbox.push(UploadReply::Finished { stream, outcome }, vec![])
            }
        }
    }

    fn commit(&mut self, stream: u32, mut upload: Upload, end: I::End) -> Result<(), ChannelError> {
        if !upload.count(&self.store, self.intake.size(&end)) {
            return self.outbox.push(UploadReply::Finished { stream, outcome: Delivered::Full }, vec![]);
        }
        let underway = self.store.in_flight.enter(upload.transaction);
        let committing = Rc::clone(&self.intake).commit(upload, end);
        self.end(stream, async move {
            let outcome = committing.await;
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
            let _ = outbox.push(UploadReply::Finished { stream, outcome }, vec![]);
        });
    }

    /// Is the number free, and may the client have one more stream?
    fn unused(&self, stream: u32) -> Result<(), ChannelError> {
        let ending = self.ending.borrow();
        let used = self.open.contains_key(&stream) || ending.contains(&stream);
        if used || self.open.len().saturating_add(ending.len()) >= I::End::STREAMS_MAX {
            return Err(out_of_phase());
        }
        Ok(())
    }
}

impl GivenUp {
    fn push(&mut self, stream: u32, most: usize) {
        self.streams.insert(stream);
        self.by_age.push_back(stream);
        if self.by_age.len() > most
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.streams.remove(&oldest);
        }
    }
}

impl Store {
    /// Was the transaction made durable? Its commit may have come by a channel that is gone, and be under way still: then
    /// this waits for it.
    pub(super) async fn was_done(&self, transaction: TransactionId) -> bool {
        self.in_flight.over(transaction).await;
        self.engine.index().transactions.outcome(transaction).is_some()
    }
}
