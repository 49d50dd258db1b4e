//! The client of each service that takes messages.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::oneshot;

use super::{COMMIT_PATIENCE, Credits, Delivered, Ending, UploadReply, UploadRequest};
use crate::channel::{self, ChannelError, Receiver, Sender};
use crate::frame::{Frame, FrameError};
use crate::mail::TransactionId;

/// The asking end of one channel. Clones share it.
#[derive(Debug)]
pub struct UploadClient<E> {
    inner: Arc<Inner<E>>,
}

impl<E> Clone for UploadClient<E> {
    fn clone(&self) -> Self {
        UploadClient { inner: Arc::clone(&self.inner) }
    }
}

#[derive(Debug)]
struct Inner<E> {
    sender: Sender<UploadRequest<E>>,
    /// Dropped with the last client, it ends the task that reads, and with that the channel.
    _held: oneshot::Sender<()>,
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

impl<E: Ending> UploadClient<E> {
    /// Takes one end of a channel and starts the task that reads replies.
    ///
    /// # Errors
    /// When the descriptor is unfit.
    pub fn start(socket: OwnedFd) -> std::io::Result<Self> {
        let (sender, receiver) = channel::open(socket)?;
        let (held, dropped) = oneshot::channel();
        let streams = Mutex::new(Some(Streams::default()));
        let inner = Arc::new(Inner { sender, _held: held, streams });
        let reading = read(Arc::downgrade(&inner), receiver);
        tokio::task::spawn_local(async move {
            tokio::select! {
                () = reading => {}
                _ = dropped => {}
            }
        });
        Ok(UploadClient { inner })
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
    pub async fn begin(&self, transaction: TransactionId) -> Result<Upload<E>, ChannelError> {
        let upload = self.register(transaction)?;
        let stream = upload.stream;
        self.inner.sender.send(&UploadRequest::Begin { stream, transaction }, &[]).await?;
        Ok(upload)
    }

    /// What became of a transaction, which may have come to an earlier store.
    ///
    /// # Errors
    /// When the store is gone.
    pub async fn outcome(&self, transaction: TransactionId) -> Result<Delivered, ChannelError> {
        let mut upload = self.register(transaction)?;
        let stream = upload.stream;
        self.inner.sender.send(&UploadRequest::Outcome { stream, transaction }, &[]).await?;
        upload.phase = Phase::Ended;
        (&mut upload.finished).await.map_err(|_| ChannelError::Gone)
    }

    fn register(&self, transaction: TransactionId) -> Result<Upload<E>, ChannelError> {
        let mut guard = self.inner.streams();
        let streams = guard.as_mut().ok_or(ChannelError::Gone)?;
        if streams.open.len() >= E::STREAMS_MAX {
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
        Ok(Upload {
            inner: Arc::clone(&self.inner),
            stream,
            transaction,
            credits,
            finished,
            phase: Phase::Open,
        })
    }
}

impl<E> Inner<E> {
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
        // Dropping the senders wakes every waiting commit; closing the credits wakes every sending one.
        for open in self.streams().take().into_iter().flat_map(|streams| streams.open.into_values()) {
            open.credits.close();
        }
    }
}

async fn read<E: Ending>(inner: Weak<Inner<E>>, mut receiver: Receiver<UploadReply>) {
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

fn note<E>(inner: &Inner<E>, reply: &UploadReply) -> bool {
    let mut guard = inner.streams();
    let Some(streams) = guard.as_mut() else { return false };
    match *reply {
        UploadReply::Credit { stream, chunks } => {
            streams.open.get(&stream).is_none_or(|open| open.credits.give(chunks))
        }
        UploadReply::Finished { stream, outcome } => {
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
pub struct Upload<E: Ending> {
    inner: Arc<Inner<E>>,
    stream: u32,
    transaction: TransactionId,
    credits: Credits,
    finished: oneshot::Receiver<Delivered>,
    phase: Phase,
}

/// What is known of a message when its commit was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The store has said it.
    Outcome(Delivered),
    /// The channel ended before the store said it: another one may know.
    Gone,
    /// The store has not said it within [`COMMIT_PATIENCE`].
    Late,
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

impl<E: Ending> Upload<E> {
    /// The transaction.
    #[must_use]
    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

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

    /// Asks that it be made durable where `end` says. A message of which a piece did not get through is not.
    pub async fn finish(&mut self, end: E) -> Answered {
        if self.phase == Phase::Cut {
            return Answered::Outcome(Delivered::NotStored);
        }
        let request = UploadRequest::Commit { stream: self.stream, end };
        let answered = async {
            match self.inner.sender.send(&request, &[]).await {
                Ok(()) => self.phase = Phase::Ended,
                Err(ChannelError::Codec(error)) => {
                    // Nothing was said, and the store is there: it will be told to forget the message.
                    tracing::error!(id = %self.transaction, %error, "a commit that cannot be expressed");
                    return Answered::Outcome(Delivered::NotStored);
                }
                // How it ended is perhaps on its way already.
                Err(_) => {}
            }
            (&mut self.finished).await.map_or(Answered::Gone, Answered::Outcome)
        };
        tokio::time::timeout(COMMIT_PATIENCE, answered).await.unwrap_or(Answered::Late)
    }
}

impl<E: Ending> Drop for Upload<E> {
    fn drop(&mut self) {
        if self.phase == Phase::Ended || !self.inner.has(self.stream) {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let stream = self.stream;
        tokio::task::spawn_local(async move {
            let _ = inner.sender.send(&UploadRequest::Abort { stream }, &[]).await;
            // Not before: what is sent from now on comes to the store when it has forgotten the stream.
            if let Some(streams) = inner.streams().as_mut() {
                streams.open.remove(&stream);
            }
        });
    }
}

#[cfg(test)]
mod tests;
