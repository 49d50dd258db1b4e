//! Many calls at once over one channel: each call has an id, replies come in any order.

mod client;
mod link;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::channel::{self, ChannelError, Guard, Outbox};
use crate::frame::{Frame, FrameError, Message};
use crate::socket::Kind;

pub use client::Client;
pub use link::Link;

/// A request and its reply.
pub trait Procedure: 'static {
    /// What is asked.
    type Request: Serialize + DeserializeOwned + 'static;
    /// What is answered.
    type Reply: Serialize + DeserializeOwned + 'static;

    /// Calls a client may have outstanding: it waits before it makes one more, and the server ends the channel of one that
    /// does not. (Both ends live on then, and nobody wires them anew: an honest client must not come there.)
    const IN_FLIGHT: usize;

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
        self.reply_holding(reply, descriptors, Box::new(()));
    }

    /// The same; `guard` is dropped when the reply has been sent, or never will be.
    pub fn reply_holding(self, reply: P::Reply, descriptors: Vec<OwnedFd>, guard: Guard) {
        if let Err(error) = self.outbox.push_holding(Answer { id: self.id, reply }, descriptors, guard) {
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
            Frame::Chunk { .. } => return Err(FrameError::Chunk.into()),
        }
    }
}

/// Sends one request on a socket that may block, and reads its reply (for a program with nothing else to do).
///
/// # Errors
/// When the server is gone or answers out of form.
pub fn call_blocking<P: Procedure>(socket: impl AsFd, request: P::Request) -> Result<P::Reply, ChannelError> {
    call_blocking_for::<P>(socket, request).map(|(reply, _)| reply)
}

/// The same, with the descriptors that came with the reply.
///
/// # Errors
/// As [`call_blocking`].
pub fn call_blocking_for<P: Procedure>(
    socket: impl AsFd,
    request: P::Request,
) -> Result<(P::Reply, Vec<OwnedFd>), ChannelError> {
    let bytes = Zeroizing::new(crate::frame::message(&Call::<P> { id: 0, request })?);
    crate::socket::send(socket.as_fd(), &bytes, &[], &[])?;
    match crate::frame::read::<Answer<P>>(crate::socket::receive(socket.as_fd())?)? {
        Frame::Message(answer, descriptors) => Ok((answer.reply, descriptors)),
        Frame::Chunk { .. } => Err(FrameError::Chunk.into()),
    }
}

#[cfg(test)]
mod tests;
