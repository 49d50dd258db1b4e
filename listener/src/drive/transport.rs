//! The bytes of one connection, in plain or by TLS.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::session::Input;
use crate::tls::TlsStream;

/// Bytes taken in at one reading.
const READ: usize = 16 * 1024;
/// Bytes of a peer that goes on talking after our good-bye, read so that it can still hear it.
const LINGER_MAX: usize = 256 * 1024;

/// One connection's stream.
#[derive(Debug)]
pub enum Transport<IO> {
    /// Without TLS.
    Plain(IO),
    /// With.
    Tls(Box<TlsStream<IO>>),
    /// Neither: a handshake failed.
    Lost,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport<IO> {
    /// Appends what the peer has sent to `input`, at most `most` bytes; 0 when it has ended. Cancel safe.
    ///
    /// An idle session holds no buffer for it: there is one a thread, used when there is something to read.
    pub(super) async fn read(&mut self, input: &mut Input, most: usize) -> io::Result<usize> {
        thread_local!(static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]));
        poll_fn(|context| {
            BUFFER.with_borrow_mut(|buffer| {
                let room = buffer.get_mut(..most.min(READ)).unwrap_or_default();
                let mut room = ReadBuf::new(room);
                match self.poll_read(context, &mut room) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Ok(())) => {
                        input.push(room.filled());
                        Poll::Ready(Ok(room.filled().len()))
                    }
                    // Much mail software closes without a close_notify, and mail has its own ends.
                    Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        Poll::Ready(Ok(0))
                    }
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                }
            })
        })
        .await
    }

    /// Writes some of `bytes`.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(io) => io.write(bytes).await,
            Transport::Tls(stream) => stream.write(bytes).await,
            Transport::Lost => Err(lost()),
        }
    }

    /// Sends what is still on this side.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(io) => io.flush().await,
            Transport::Tls(stream) => stream.flush().await,
            Transport::Lost => Err(lost()),
        }
    }

    /// Says that no more comes: close_notify (RFC 8446 section 6.1), then the end of the stream.
    pub(super) async fn shut(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(io) => io.shutdown().await,
            Transport::Tls(stream) => stream.shutdown().await,
            Transport::Lost => Ok(()),
        }
    }

    /// Reads on until the peer has ended, too. Closing a socket with unread bytes resets the connection, and the peer
    /// may never see what was said last.
    pub(super) async fn linger(&mut self) {
        let io = match self {
            Transport::Plain(io) => io,
            Transport::Tls(stream) => stream.io_mut(),
            Transport::Lost => return,
        };
        let mut io = Transport::Plain(io);
        let mut read = 0usize;
        while read < LINGER_MAX {
            match io.read(&mut Input::default(), READ).await {
                Ok(count) if count > 0 => read = read.saturating_add(count),
                _ => return,
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Transport::Plain(io) => Pin::new(io).poll_read(context, room),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, room),
            Transport::Lost => Poll::Ready(Err(lost())),
        }
    }
}

fn lost() -> io::Error {
    io::ErrorKind::NotConnected.into()
}
