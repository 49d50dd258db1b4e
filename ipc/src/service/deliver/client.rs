//! The client of `deliver`.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{COMMIT_PATIENCE, DeliverReply, DeliverRequest, Delivered, Folder, PATIENCE, STREAMS_MAX};
use crate::channel::{self, ChannelError, Receiver, Sender};
use crate::frame::{Frame, FrameError};
use crate::mail::{Target, TransactionId};
use crate::rpc::Link;
use crate::service::upload::Credits;

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

/// Streams are counted as the store counts them, until it cannot count them any more: it ends the channel of a client
/// that has too many, and while both live nobody makes a new one.
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
        delivery.phase = Phase::Ended;
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
        Ok(Delivery {
            inner: Arc::clone(&self.inner),
            stream,
            transaction,
            credits,
            finished,
            phase: Phase::Open,
        })
    }
}

impl Inner {
    fn streams(&self) -> std::sync::MutexGuard<'_, Option<Streams>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, stream: u32) -> bool {
        self.streams().as_ref().is_some_and(|streams| streams.open.contains_key(&stream))
    }

    fn end(&self, why: &ChannelError) {
        match why {
            ChannelError::Gone => tracing::debug!("the store is gone"),
            // Nobody wires it anew while both ends live.
            why => tracing::error!(%why, "the store's channel ended"),
        }
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
                    return inner.end(&FrameError::Chunk.into());
                }
            }
            Ok(Frame::Chunk { .. }) => return inner.end(&FrameError::Chunk.into()),
            Err(error) => return inner.end(&error),
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
    phase: Phase,
}

/// Who has the last word on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// We have: dropped now, it is aborted.
    Open,
    /// A piece of it did not get through: it is not to be committed. Dropped now, it is aborted.
    Cut,
    /// The store has: it will say how it ended.
    Ended,
}

impl Delivery {
    /// Sends a piece of the message, waiting for a credit.
    ///
    /// # Errors
    /// [`Delivered`] when the store gave the message up ([`Delivered::NotStored`] when it is gone, or takes nothing for
    /// [`COMMIT_PATIENCE`]).
    pub async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Delivered> {
        for piece in bytes.chunks(crate::socket::CHUNK_MAX) {
            let sent = tokio::time::timeout(COMMIT_PATIENCE, self.piece(piece)).await;
            if !matches!(sent, Ok(Some(()))) {
                self.phase = Phase::Cut;
                return Err(self.finished.try_recv().unwrap_or(Delivered::NotStored));
            }
        }
        Ok(())
    }

    async fn piece(&self, piece: &[u8]) -> Option<()> {
        if !self.credits.take().await {
            return None;
        }
        self.inner.sender.chunk(self.stream, piece).await.ok()
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
        if self.phase == Phase::Cut {
            return Some(Delivered::NotStored);
        }
        let request = DeliverRequest::Commit { stream: self.stream, targets, folder, structure };
        let answered = async {
            match self.inner.sender.send(&request, &[]).await {
                Ok(()) => self.phase = Phase::Ended,
                Err(ChannelError::Codec(error)) => {
                    // Nothing was said, and the store is there: it will be told to forget the message.
                    tracing::error!(id = %self.transaction, %error, "a commit that cannot be expressed");
                    return Some(Delivered::NotStored);
                }
                // How it ended is perhaps on its way already.
                Err(_) => {}
            }
            (&mut self.finished).await.ok()
        };
        match tokio::time::timeout(COMMIT_PATIENCE, answered).await {
            Ok(Some(outcome)) => Some(outcome),
            Ok(None) => ask_next(link, self.transaction).await,
            Err(_elapsed) => None,
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
        if self.phase == Phase::Ended || !self.inner.has(self.stream) {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let stream = self.stream;
        tokio::task::spawn_local(async move {
            let _ = inner.sender.send(&DeliverRequest::Abort { stream }, &[]).await;
            // Not before: what is sent from now on comes to the store when it has forgotten the stream.
            if let Some(streams) = inner.streams().as_mut() {
                streams.open.remove(&stream);
            }
        });
    }
}

#[cfg(test)]
mod tests;
