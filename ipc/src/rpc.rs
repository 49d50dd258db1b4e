//! Many calls at once over one channel: each call has an id, replies come in any order.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::{oneshot, watch};

use crate::channel::{self, ChannelError, Outbox, Receiver, Sender};
use crate::frame::{Frame, Message};
use crate::socket::Kind;

/// A request and its reply.
pub trait Procedure: 'static {
    /// What is asked.
    type Request: Serialize + DeserializeOwned + 'static;
    /// What is answered.
    type Reply: Serialize + DeserializeOwned + 'static;

    /// The descriptors a reply carries.
    fn reply_descriptors(_reply: &Self::Reply) -> &'static [Kind] {
        &[]
    }
}

/// A request on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Call<P: Procedure> {
    id: u32,
    request: P::Request,
}

impl<P: Procedure> Message for Call<P> {}

impl<P: Procedure> Call<P> {
    /// A request under an id of the client's choosing.
    #[must_use]
    pub fn new(id: u32, request: P::Request) -> Self {
        Call { id, request }
    }
}

/// A reply on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Answer<P: Procedure> {
    id: u32,
    reply: P::Reply,
}

impl<P: Procedure> Answer<P> {
    /// Which call it answers.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The reply itself.
    #[must_use]
    pub fn into_reply(self) -> P::Reply {
        self.reply
    }
}

impl<P: Procedure> Message for Answer<P> {
    fn descriptors(&self) -> &'static [Kind] {
        P::reply_descriptors(&self.reply)
    }
}

type Waiting<P> = Mutex<Option<HashMap<u32, oneshot::Sender<(<P as Procedure>::Reply, Vec<OwnedFd>)>>>>;

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
    next: AtomicU32,
    waiting: Waiting<P>,
}

impl<P: Procedure> Client<P> {
    /// Takes one end of a channel and starts the task that reads replies. When the server is gone every call fails.
    ///
    /// # Errors
    /// When the descriptor is unfit.
    pub fn start(socket: OwnedFd) -> std::io::Result<Self> {
        let (sender, receiver) = channel::open(socket)?;
        let inner =
            Arc::new(Inner { sender, next: AtomicU32::new(0), waiting: Mutex::new(Some(HashMap::new())) });
        tokio::task::spawn_local(Self::read(Arc::downgrade(&inner), receiver));
        Ok(Client { inner })
    }

    async fn read(inner: std::sync::Weak<Inner<P>>, mut receiver: Receiver<Answer<P>>) {
        loop {
            let received = receiver.receive().await;
            let Some(inner) = inner.upgrade() else { return };
            match received {
                Ok(Frame::Message(answer, descriptors)) => {
                    let mut waiting = inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    // A reply that nobody waits for any more is dropped, and its descriptors are closed.
                    if let Some(reply) = waiting.as_mut().and_then(|waiting| waiting.remove(&answer.id)) {
                        let _ = reply.send((answer.reply, descriptors));
                    }
                }
                Ok(Frame::Chunk { .. }) => return inner.end("a chunk on a channel without bodies"),
                Err(error) => return inner.end(&error.to_string()),
            }
        }
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when the server goes before it has replied: the request then has no known outcome.
    pub async fn call(&self, request: P::Request) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError> {
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (reply, replied) = oneshot::channel();
        match self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(waiting) => waiting.insert(id, reply),
            None => return Err(ChannelError::Gone),
        };
        self.inner.sender.send(&Call { id, request }, &[]).await?;
        replied.await.map_err(|_| ChannelError::Gone)
    }

    /// Has the server gone?
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl<P: Procedure> Inner<P> {
    fn end(&self, why: &str) {
        tracing::debug!(why, "channel ended");
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The present client of a service, replaced by the master whenever the server was restarted.
#[derive(Debug)]
pub struct Link<C> {
    current: watch::Sender<Option<C>>,
}

impl<C> Default for Link<C> {
    fn default() -> Self {
        Link { current: watch::Sender::new(None) }
    }
}

impl<C: Clone> Link<C> {
    /// A new channel stands.
    pub fn replace(&self, client: C) {
        self.current.send_replace(Some(client));
    }

    /// The present client, if it passes `usable`; else the next one that comes within `patience`.
    pub async fn get(&self, patience: Duration, usable: impl Fn(&C) -> bool) -> Option<C> {
        let mut changes = self.current.subscribe();
        let found = changes.wait_for(|client| client.as_ref().is_some_and(&usable));
        tokio::time::timeout(patience, found).await.ok()?.ok()?.clone()
    }
}

impl<P: Procedure> Link<Client<P>> {
    /// Asks the present server, waiting up to `patience` for one to be there.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when there is none, or it went before it replied.
    pub async fn call(
        &self,
        patience: Duration,
        request: P::Request,
    ) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError> {
        let client = self.get(patience, |client| !client.is_gone()).await.ok_or(ChannelError::Gone)?;
        client.call(request).await
    }

    /// The same for a request that may be asked twice: when the server goes before it has replied, the next one is
    /// asked, all within `patience`.
    ///
    /// # Errors
    /// [`ChannelError::Gone`] when no server replied in time.
    pub async fn insist(
        &self,
        patience: Duration,
        request: P::Request,
    ) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError>
    where
        P::Request: Clone,
    {
        let attempts = async {
            loop {
                match self.call(patience, request.clone()).await {
                    // The reading task learns of the end a moment later; until then the link still names the old one.
                    Err(ChannelError::Gone) => tokio::time::sleep(Duration::from_millis(20)).await,
                    done => return done,
                }
            }
        };
        tokio::time::timeout(patience, attempts).await.unwrap_or(Err(ChannelError::Gone))
    }
}

/// The answering side: where the reply to one call goes.
pub struct Responder<P: Procedure> {
    id: u32,
    outbox: Outbox<Answer<P>>,
    /// Counts as a call in flight until it is dropped.
    _in_flight: Arc<()>,
}

impl<P: Procedure> Responder<P> {
    /// Sends the reply with the descriptors it declares. A client that does not read is cut off, not waited for.
    pub fn reply(self, reply: P::Reply, descriptors: Vec<OwnedFd>) {
        if let Err(error) = self.outbox.push(Answer { id: self.id, reply }, descriptors) {
            tracing::debug!(%error, "a reply found no reader");
        }
    }
}

/// Serves one client until it goes: `handle` is called for each request in order, and may answer later.
///
/// `in_flight` bounds the calls a client may have outstanding; one more ends its channel.
///
/// # Errors
/// Why the channel ended; [`ChannelError::Gone`] is the ordinary end.
pub async fn serve<P: Procedure>(
    socket: OwnedFd,
    in_flight: usize,
    mut handle: impl FnMut(P::Request, Responder<P>),
) -> Result<(), ChannelError> {
    let (sender, mut receiver) = channel::open::<Answer<P>, Call<P>>(socket)?;
    let outbox = Outbox::start(sender, in_flight);
    let calls = Arc::new(());
    loop {
        let frame = tokio::select! {
            frame = receiver.receive() => frame?,
            () = outbox.closed() => return Err(ChannelError::Unread),
        };
        match frame {
            Frame::Message(..) if Arc::strong_count(&calls) > in_flight => return Err(ChannelError::Unread),
            Frame::Message(call, _) => {
                let responder =
                    Responder { id: call.id, outbox: outbox.clone(), _in_flight: Arc::clone(&calls) };
                handle(call.request, responder);
                // A client with much to ask does not keep the others waiting.
                tokio::task::yield_now().await;
            }
            Frame::Chunk { .. } => return Err(crate::frame::FrameError::Chunk.into()),
        }
    }
}

/// Sends one request on a socket that may block, and reads its reply (for a program with nothing else to do).
///
/// # Errors
/// When the server is gone or answers out of form.
pub fn call_blocking<P: Procedure>(socket: impl AsFd, request: P::Request) -> Result<P::Reply, ChannelError> {
    crate::socket::send(socket.as_fd(), &crate::frame::message(&Call::<P> { id: 0, request })?, &[], &[])?;
    match crate::frame::read::<Answer<P>>(crate::socket::receive(socket.as_fd())?)? {
        Frame::Message(answer, _) => Ok(answer.reply),
        Frame::Chunk { .. } => Err(crate::frame::FrameError::Chunk.into()),
    }
}
