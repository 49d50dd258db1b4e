//! `deliver`: a reader appends one message to accounts and forwards. It cannot read, and it cannot name an address.
//!
//! Many transactions run over one channel, each a *stream*: [`DeliverRequest::Begin`], chunks under credits,
//! [`DeliverRequest::Commit`], one [`DeliverReply::Finished`]. One commit covers every target: all or none. The store
//! remembers transaction ids for ten minutes. When the store dies between commit and reply, the client asks the next
//! store with [`DeliverRequest::Outcome`] for up to [`PATIENCE`]: stored is 250, not stored is 451 (the body was not
//! kept, the peer sends it again), so nothing is lost and nothing doubled.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::upload::Credits;
use crate::channel::{self, ChannelError, Receiver, Sender};
use crate::frame::{Frame, Message};
use crate::mail::{Target, TransactionId};
use crate::rpc::Link;

/// How long a client asks for the outcome of a transaction whose store died.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long a commit may take before it is given up as unknown.
pub const COMMIT_PATIENCE: Duration = Duration::from_secs(120);
/// Streams a worker may have open.
pub const STREAMS_MAX: usize = 1024;
/// Targets of one transaction.
pub const TARGETS_MAX: usize = 4096;

/// Which of the two mailboxes that this channel can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folder {
    /// The inbox.
    Inbox,
    /// The mailbox with the special use `\Junk`.
    Junk,
}

/// What a reader asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliverRequest {
    /// A message follows in chunks of this stream number, which is not in use on the channel.
    Begin {
        /// The number the client chose.
        stream: u32,
        /// The transaction.
        transaction: TransactionId,
    },
    /// The message is complete: make it durable in every target, or in none.
    Commit {
        /// Which.
        stream: u32,
        /// At most [`TARGETS_MAX`], without repeats.
        targets: Vec<Target>,
        /// Where to.
        folder: Folder,
        /// The encoded structure, opaque to the store, at most [`super::upload::STRUCTURE_MAX`] bytes; empty if unknown.
        structure: Vec<u8>,
    },
    /// Forget the stream.
    Abort {
        /// Which.
        stream: u32,
    },
    /// Was this transaction stored? The reply comes as [`DeliverReply::Finished`] under the stream number given.
    Outcome {
        /// A number not in use on the channel.
        stream: u32,
        /// Which.
        transaction: TransactionId,
    },
}

impl Message for DeliverRequest {}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivered {
    /// Durable in every target.
    Stored,
    /// In none: an account is no longer there.
    NoAccount,
    /// In none: no space on the disk, or no memory to take the body in.
    Full,
    /// In none: larger than the store takes.
    TooLarge,
    /// In none: the store knows nothing of it.
    NotStored,
}

/// What the store answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliverReply {
    /// That many chunks of the stream have been taken in.
    Credit {
        /// Which.
        stream: u32,
        /// How many.
        chunks: u8,
    },
    /// The stream has ended; also comes before the commit when the store cannot go on with it.
    Finished {
        /// Which.
        stream: u32,
        /// How.
        outcome: Delivered,
    },
}

impl Message for DeliverReply {}

/// One worker's client. Clones share the channel.
#[derive(Clone, Debug)]
pub struct DeliverClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sender: Sender<DeliverRequest>,
    streams: Mutex<Option<Streams>>,
}

#[derive(Debug, Default)]
struct Streams {
    next: u32,
    open: HashMap<u32, Open>,
}

#[derive(Debug)]
struct Open {
    credits: Credits,
    finished: oneshot::Sender<Delivered>,
}

impl DeliverClient {
    /// Takes one end of a channel and starts the task that reads replies.
    ///
    /// # Errors
    /// When the descriptor is unfit.
    pub fn start(socket: OwnedFd) -> std::io::Result<Self> {
        let (sender, receiver) = channel::open(socket)?;
        let inner = Arc::new(Inner { sender, streams: Mutex::new(Some(Streams::default())) });
        tokio::task::spawn_local(read(Arc::downgrade(&inner), receiver));
        Ok(DeliverClient { inner })
    }

    /// Has the store gone?
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.inner.streams().is_none()
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// When the store is gone.
    pub async fn begin(&self, transaction: TransactionId) -> Result<Delivery, ChannelError> {
        let delivery = self.register(transaction)?;
        let stream = delivery.stream;
        self.inner.sender.send(&DeliverRequest::Begin { stream, transaction }, &[]).await?;
        Ok(delivery)
    }

    async fn outcome(&self, transaction: TransactionId) -> Result<Delivered, ChannelError> {
        let mut delivery = self.register(transaction)?;
        let stream = delivery.stream;
        self.inner.sender.send(&DeliverRequest::Outcome { stream, transaction }, &[]).await?;
        (&mut delivery.finished).await.map_err(|_| ChannelError::Gone)
    }

    fn register(&self, transaction: TransactionId) -> Result<Delivery, ChannelError> {
        let mut guard = self.inner.streams();
        let streams = guard.as_mut().ok_or(ChannelError::Gone)?;
        if streams.open.len() >= STREAMS_MAX {
            return Err(ChannelError::Unread);
        }
        while streams.open.contains_key(&streams.next) {
            streams.next = streams.next.wrapping_add(1);
        }
        let stream = streams.next;
        streams.next = stream.wrapping_add(1);
        let credits = Credits::default();
        let (sender, finished) = oneshot::channel();
        streams.open.insert(stream, Open { credits: credits.clone(), finished: sender });
        drop(guard);
        Ok(Delivery { inner: Arc::clone(&self.inner), stream, transaction, credits, finished, ended: false })
    }
}

impl Inner {
    fn streams(&self) -> std::sync::MutexGuard<'_, Option<Streams>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        // Dropping the senders wakes every waiting delivery; closing the credits wakes every sending one.
        for open in self.streams().take().into_iter().flat_map(|streams| streams.open.into_values()) {
            open.credits.close();
        }
    }
}

async fn read(inner: Weak<Inner>, mut receiver: Receiver<DeliverReply>) {
    loop {
        let received = receiver.receive().await;
        let Some(inner) = inner.upgrade() else { return };
        match received {
            Ok(Frame::Message(reply, _)) => {
                if !note(&inner, &reply) {
                    return inner.end();
                }
            }
            Ok(Frame::Chunk { .. }) | Err(_) => return inner.end(),
        }
    }
}

fn note(inner: &Inner, reply: &DeliverReply) -> bool {
    let mut guard = inner.streams();
    let Some(streams) = guard.as_mut() else { return false };
    match *reply {
        DeliverReply::Credit { stream, chunks } => {
            streams.open.get(&stream).is_none_or(|open| open.credits.give(chunks))
        }
        DeliverReply::Finished { stream, outcome } => {
            if let Some(open) = streams.open.remove(&stream) {
                open.credits.close();
                let _ = open.finished.send(outcome);
            }
            true
        }
    }
}

/// One message on its way. Dropped before its end, it is aborted.
#[derive(Debug)]
pub struct Delivery {
    inner: Arc<Inner>,
    stream: u32,
    transaction: TransactionId,
    credits: Credits,
    finished: oneshot::Receiver<Delivered>,
    ended: bool,
}

impl Delivery {
    /// Sends a piece of the message, waiting for a credit.
    ///
    /// # Errors
    /// [`Delivered`] when the store gave the message up ([`Delivered::NotStored`] when it is gone).
    pub async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Delivered> {
        for piece in bytes.chunks(crate::socket::CHUNK_MAX) {
            if !self.credits.take().await || self.inner.sender.chunk(self.stream, piece).await.is_err() {
                return Err(self.finished.try_recv().unwrap_or(Delivered::NotStored));
            }
        }
        Ok(())
    }

    /// Makes it durable. `link` is where the next store appears if this one dies meanwhile. `None`: the outcome is
    /// unknown; the peer has to be told to try again.
    pub async fn commit(
        mut self,
        link: &Link<DeliverClient>,
        targets: Vec<Target>,
        folder: Folder,
        structure: Vec<u8>,
    ) -> Option<Delivered> {
        self.ended = true;
        let request = DeliverRequest::Commit { stream: self.stream, targets, folder, structure };
        let sent = self.inner.sender.send(&request, &[]).await;
        let answered = tokio::time::timeout(COMMIT_PATIENCE, &mut self.finished).await;
        match (sent, answered) {
            (_, Ok(Ok(outcome))) => Some(outcome),
            (Err(_), _) | (Ok(()), Ok(Err(_))) => ask_next(link, self.transaction).await,
            (Ok(()), Err(_elapsed)) => None,
        }
    }
}

async fn ask_next(link: &Link<DeliverClient>, transaction: TransactionId) -> Option<Delivered> {
    let asking = async {
        loop {
            let client = link.get(PATIENCE, |client| !client.is_gone()).await?;
            match client.outcome(transaction).await {
                Ok(outcome) => return Some(outcome),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let was_open =
            self.inner.streams().as_mut().is_some_and(|streams| streams.open.remove(&self.stream).is_some());
        if was_open && !self.ended {
            let inner = Arc::clone(&self.inner);
            let stream = self.stream;
            tokio::task::spawn_local(async move {
                inner.sender.send(&DeliverRequest::Abort { stream }, &[]).await
            });
        }
    }
}
