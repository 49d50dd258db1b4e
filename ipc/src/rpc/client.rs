//! The asking side of a channel.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Answer, Call, Procedure};
use crate::channel::{self, ChannelError, Receiver, Sender};
use crate::frame::{Frame, FrameError};

/// A call that was made. It stays here until it is answered, even when nobody waits for the answer any more: so long the
/// server counts it.
struct Outstanding<P: Procedure> {
    reply: oneshot::Sender<(P::Reply, Vec<OwnedFd>)>,
    _permit: OwnedSemaphorePermit,
}

struct Calls<P: Procedure> {
    next: u32,
    open: HashMap<u32, Outstanding<P>>,
}

/// The asking side. Clones share the channel.
pub struct Client<P: Procedure> {
    inner: Arc<Inner<P>>,
}

impl<P: Procedure> std::fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("gone", &self.is_gone()).finish_non_exhaustive()
    }
}

impl<P: Procedure> Clone for Client<P> {
    fn clone(&self) -> Self {
        Client { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<P: Procedure> {
    sender: Sender<Call<P>>,
    room: Arc<Semaphore>,
    /// None when the server is gone.
    calls: Mutex<Option<Calls<P>>>,
}

/// A call that has its number and was not sent yet. Dropped so, it was never made.
struct Unsent<'a, P: Procedure> {
    inner: &'a Inner<P>,
    id: Option<u32>,
}

impl<P: Procedure> Client<P> {
    /// Takes one end of a channel and starts the task that reads replies. When the server is gone every call fails.
    ///
    /// # Errors
    /// When the descriptor is unfit.
    pub fn start(socket: OwnedFd) -> std::io::Result<Self> {
        let (sender, receiver) = channel::open(socket)?;
        let calls = Mutex::new(Some(Calls { next: 0, open: HashMap::new() }));
        let inner = Arc::new(Inner { sender, room: Arc::new(Semaphore::new(P::IN_FLIGHT)), calls });
        tokio::task::spawn_local(Self::read(Arc::downgrade(&inner), receiver));
        Ok(Client { inner })
    }

    async fn read(inner: std::sync::Weak<Inner<P>>, mut receiver: Receiver<Answer<P>>) {
        loop {
            let received = receiver.receive().await;
            let Some(inner) = inner.upgrade() else { return };
            match received {
                Ok(Frame::Message(answer, descriptors)) => {
                    let asked = inner.calls().as_mut().and_then(|calls| calls.open.remove(&answer.id));
                    // A reply that nobody waits for any more is dropped, and its descriptors are closed.
                    if let Some(asked) = asked {
                        let _ = asked.reply.send((answer.reply, descriptors));
                    }
                }
                Ok(Frame::Chunk { .. }) => return inner.end(&FrameError::Chunk.into()),
                Err(error) => return inner.end(&error),
            }
        }
    }

    /// Asks, and waits for the reply; before that, until there is room for one more call. Cancel safe: a call that was
    /// made goes on, and its reply is dropped.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when the server goes before it has replied: the request then has no known outcome.
    pub async fn call(&self, request: P::Request) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError> {
        let room = Arc::clone(&self.inner.room);
        let permit = room.acquire_owned().await.map_err(|_closed| ChannelError::Gone)?;
        let (reply, replied) = oneshot::channel();
        let (id, unsent) = self.inner.register(Outstanding { reply, _permit: permit })?;
        self.inner.sender.send(&Call { id, request }, &[]).await?;
        unsent.sent();
        replied.await.map_err(|_| ChannelError::Gone)
    }

    /// Has the server gone?
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.inner.calls().is_none()
    }
}

impl<P: Procedure> Inner<P> {
    fn calls(&self) -> MutexGuard<'_, Option<Calls<P>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self, call: Outstanding<P>) -> Result<(u32, Unsent<'_, P>), ChannelError> {
        let mut calls = self.calls();
        let calls = calls.as_mut().ok_or(ChannelError::Gone)?;
        // There are fewer open ones than numbers.
        while calls.open.contains_key(&calls.next) {
            calls.next = calls.next.wrapping_add(1);
        }
        let id = calls.next;
        calls.next = id.wrapping_add(1);
        calls.open.insert(id, call);
        Ok((id, Unsent { inner: self, id: Some(id) }))
    }

    fn end(&self, why: &ChannelError) {
        match why {
            ChannelError::Gone => tracing::debug!("the server of a channel is gone"),
            // Nobody wires it anew while both ends live.
            why => tracing::error!(%why, "channel ended"),
        }
        self.room.close();
        self.calls().take();
    }
}

impl<P: Procedure> Unsent<'_, P> {
    fn sent(mut self) {
        self.id = None;
    }
}

impl<P: Procedure> Drop for Unsent<'_, P> {
    fn drop(&mut self) {
        if let (Some(id), Some(calls)) = (self.id, self.inner.calls().as_mut()) {
            calls.open.remove(&id);
        }
    }
}
