//! A channel: a socket whose two directions have a type each, so that a wrong message does not compile.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::codec::CodecError;
use crate::frame::{self, Frame, FrameError, Message};
use crate::socket;

/// Why a channel has ended.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The peer closed it, or died.
    #[error("the peer is gone")]
    Gone,
    /// The peer sent what is no frame of this channel.
    #[error("out of form: {0}")]
    Frame(#[from] FrameError),
    /// We tried to send what cannot be sent.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The system refused.
    #[error(transparent)]
    Io(io::Error),
    /// The peer does not read what we send.
    #[error("the peer does not read")]
    Unread,
}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                ChannelError::Gone
            }
            _ => ChannelError::Io(error),
        }
    }
}

/// Makes both halves of one end of a channel. Needs a tokio runtime.
///
/// # Errors
/// When the descriptor cannot be made non-blocking or registered.
pub fn open<Tx: Message, Rx: Message>(socket: OwnedFd) -> io::Result<(Sender<Tx>, Receiver<Rx>)> {
    rustix::io::ioctl_fionbio(&socket, true)?;
    #[expect(deprecated, reason = "unsound for types that may lie about their descriptor; an OwnedFd cannot")]
    let socket = Arc::new(AsyncFd::new(socket)?);
    Ok((
        Sender { socket: Arc::clone(&socket), direction: PhantomData },
        Receiver { socket, direction: PhantomData },
    ))
}

/// The sending half; clones share the socket, and each packet is whole.
#[derive(Debug)]
pub struct Sender<Tx> {
    socket: Arc<AsyncFd<OwnedFd>>,
    direction: PhantomData<fn(Tx)>,
}

impl<Tx> Clone for Sender<Tx> {
    fn clone(&self) -> Self {
        Sender { socket: Arc::clone(&self.socket), direction: PhantomData }
    }
}

impl<Tx: Message> Sender<Tx> {
    /// Sends a message with the descriptors it declares; waits while the peer is slow.
    ///
    /// # Errors
    /// When the peer is gone or the message too large.
    pub async fn send(&self, message: &Tx, descriptors: &[BorrowedFd<'_>]) -> Result<(), ChannelError> {
        debug_assert_eq!(message.descriptors().len(), descriptors.len());
        // A message may hold a password.
        let bytes = Zeroizing::new(frame::message(message)?);
        self.packet(&bytes, &[], descriptors).await
    }

    /// Sends a piece of a body, at most [`socket::CHUNK_MAX`] bytes; the caller holds a credit for it.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn chunk(&self, stream: u32, bytes: &[u8]) -> Result<(), ChannelError> {
        self.packet(&frame::chunk_head(stream), bytes, &[]).await
    }

    /// Waits until the peer has read enough of what was sent for more to be sent. Cancel safe, as sending is.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn writable(&self) -> Result<(), ChannelError> {
        let _ready = self.socket.writable().await?;
        Ok(())
    }

    async fn packet(
        &self,
        head: &[u8],
        body: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), ChannelError> {
        loop {
            let mut ready = self.socket.writable().await?;
            match ready.try_io(|inner| socket::send(inner.as_fd(), head, body, descriptors)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(done) => return Ok(done?),
                Err(_would_block) => {}
            }
        }
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct Receiver<Rx> {
    socket: Arc<AsyncFd<OwnedFd>>,
    direction: PhantomData<fn() -> Rx>,
}

impl<Rx: Message> Receiver<Rx> {
    /// The next frame. Cancel safe.
    ///
    /// # Errors
    /// When the peer is gone, or sent what is out of form. Either way nothing more is to be read.
    pub async fn receive(&mut self) -> Result<Frame<Rx>, ChannelError> {
        loop {
            let mut ready = self.socket.readable().await?;
            match ready.try_io(|inner| socket::receive(inner.as_fd())) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(packet) => return Ok(frame::read(packet?)?),
                Err(_would_block) => {}
            }
        }
    }
}

/// Something that is kept until a message has left, or is given up: a permit.
pub type Guard = Box<dyn std::any::Any>;

/// What a server sends to one client without ever waiting for it: a queue with a bound. A client that lets it
/// fill up, or does not read for [`Outbox::PATIENCE`], is cut off.
#[derive(Debug)]
pub struct Outbox<Tx> {
    queue: mpsc::Sender<(Outgoing<Tx>, Guard)>,
    socket: Arc<AsyncFd<OwnedFd>>,
}

impl<Tx> Clone for Outbox<Tx> {
    fn clone(&self) -> Self {
        Outbox { queue: self.queue.clone(), socket: Arc::clone(&self.socket) }
    }
}

#[derive(Debug)]
enum Outgoing<Tx> {
    Message(Tx, Vec<OwnedFd>),
    Chunk(u32, Vec<u8>),
}

impl<Tx: Message + 'static> Outbox<Tx> {
    /// How long the peer may leave a packet unread.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Starts the task that drains the queue into the channel; `frames` is the most that may wait in it.
    #[must_use]
    pub fn start(sender: Sender<Tx>, frames: usize) -> Self {
        let (queue, mut waiting) = mpsc::channel(frames);
        let socket = Arc::clone(&sender.socket);
        tokio::task::spawn_local(async move {
            while let Some((outgoing, _guard)) = waiting.recv().await {
                let sent = tokio::time::timeout(Self::PATIENCE, async {
                    match &outgoing {
                        Outgoing::Message(message, descriptors) => {
                            let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
                            sender.send(message, &descriptors).await
                        }
                        Outgoing::Chunk(stream, bytes) => sender.chunk(*stream, bytes).await,
                    }
                });
                if !matches!(sent.await, Ok(Ok(()))) {
                    // The reading side learns of it: a channel is only ever ended as a whole.
                    return cut(&sender.socket);
                }
            }
        });
        Outbox { queue, socket }
    }

    /// Queues a message.
    ///
    /// # Errors
    /// [`ChannelError::Unread`] when the queue is full, and the client is cut off; [`ChannelError::Gone`] when it is gone.
    pub fn push(&self, message: Tx, descriptors: Vec<OwnedFd>) -> Result<(), ChannelError> {
        self.push_holding(message, descriptors, Box::new(()))
    }

    /// The same; `guard` is dropped when the message has been sent, or never will be.
    ///
    /// # Errors
    /// As [`Outbox::push`].
    pub fn push_holding(
        &self,
        message: Tx,
        descriptors: Vec<OwnedFd>,
        guard: Guard,
    ) -> Result<(), ChannelError> {
        let outgoing = Outgoing::Message(message, descriptors);
        self.queue.try_send((outgoing, guard)).map_err(|error| self.unqueued(&error))
    }

    /// Queues a piece of a body, for which the client has given a credit.
    ///
    /// # Errors
    /// As [`Outbox::push`].
    pub fn chunk(&self, stream: u32, bytes: Vec<u8>) -> Result<(), ChannelError> {
        self.queue
            .try_send((Outgoing::Chunk(stream, bytes), Box::new(())))
            .map_err(|error| self.unqueued(&error))
    }

    /// Returns when the client has been cut off.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }

    fn unqueued(&self, error: &mpsc::error::TrySendError<(Outgoing<Tx>, Guard)>) -> ChannelError {
        match error {
            mpsc::error::TrySendError::Full(_) => {
                cut(&self.socket);
                ChannelError::Unread
            }
            mpsc::error::TrySendError::Closed(_) => ChannelError::Gone,
        }
    }
}

/// Ends a channel in both directions: whoever reads it learns of it.
fn cut(socket: &AsyncFd<OwnedFd>) {
    let _ = rustix::net::shutdown(socket.as_fd(), rustix::net::Shutdown::Both);
}

/// One end of a channel for code that may block: no runtime, one message at a time.
#[derive(Debug)]
pub struct Blocking<Tx, Rx> {
    socket: OwnedFd,
    directions: PhantomData<fn(Tx) -> Rx>,
}

impl<Tx: Message, Rx: Message> Blocking<Tx, Rx> {
    /// Takes the socket, which must be in blocking mode.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Self {
        Blocking { socket, directions: PhantomData }
    }

    /// Sends a message with the descriptors it declares.
    ///
    /// # Errors
    /// When the peer is gone or the message too large.
    pub fn send(&self, message: &Tx, descriptors: &[BorrowedFd<'_>]) -> Result<(), ChannelError> {
        debug_assert_eq!(message.descriptors().len(), descriptors.len());
        let bytes = Zeroizing::new(frame::message(message)?);
        Ok(socket::send(self.socket.as_fd(), &bytes, &[], descriptors)?)
    }

    /// The next frame.
    ///
    /// # Errors
    /// As [`Receiver::receive`]; [`io::ErrorKind::WouldBlock`] when a receive time-out is set and passes.
    pub fn receive(&self) -> Result<Frame<Rx>, ChannelError> {
        loop {
            match socket::receive(self.socket.as_fd()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                packet => return Ok(frame::read(packet?)?),
            }
        }
    }

    /// Whether [`Blocking::receive`] would return at once.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        socket::is_readable(self.socket.as_fd())
    }

    /// Whether the peer is gone, and all it said was read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        socket::has_ended(self.socket.as_fd())
    }

    /// The socket, to go on with it as an asynchronous channel.
    #[must_use]
    pub fn into_socket(self) -> OwnedFd {
        self.socket
    }
}
