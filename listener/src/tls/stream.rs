//! Bytes over a TLS connection that stands.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that is secured by TLS; [`super::Tls::accept`] makes it.
#[derive(Debug)]
pub struct TlsStream<IO> {
    io: IO,
    tls: Box<ServerConnection>,
}

impl<IO> TlsStream<IO> {
    pub(super) fn new(io: IO, tls: Box<ServerConnection>) -> Self {
        TlsStream { io, tls }
    }

    pub(super) fn tls(&self) -> &ServerConnection {
        &self.tls
    }

    /// What carries it.
    pub(crate) fn io_mut(&mut self) -> &mut IO {
        &mut self.io
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Takes in what the peer has sent; 0 when it has ended.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let count = match self.tls.read_tls(&mut Now { io: &mut self.io, context }) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let processed = self.tls.process_new_packets();
        // an alert, or the answer to a key update; what does not fit now goes out with the next bytes
        while self.tls.wants_write() && poll_send(&mut self.io, &mut self.tls, context)?.is_ready() {}
        match processed {
            Ok(_) => Poll::Ready(Ok(count)),
            Err(error) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error))),
        }
    }

    fn poll_send_all(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            ready!(poll_send(&mut self.io, &mut self.tls, context))?;
        }
        Poll::Ready(Ok(()))
    }
}

/// Sends some of the records that wait.
pub(super) fn poll_send<IO: AsyncWrite + Unpin>(
    io: &mut IO,
    tls: &mut ServerConnection,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    match tls.write_tls(&mut Now { io, context }) {
        Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        Ok(_) => Poll::Ready(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.tls.reader().read(room.initialize_unfilled()) {
                Ok(count) => {
                    room.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(this.poll_fill(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            let taken = this.tls.writer().write(bytes)?;
            match this.poll_send_all(context) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // what was taken goes out later
                _ if taken > 0 || bytes.is_empty() => return Poll::Ready(Ok(taken)),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send_all(context))?;
        Pin::new(&mut this.io).poll_flush(context)
    }

    /// RFC 8446 section 6.1: close_notify, then the end.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // says it once, however often it is asked
        this.tls.send_close_notify();
        ready!(this.poll_send_all(context))?;
        Pin::new(&mut this.io).poll_shutdown(context)
    }
}

/// The stream as rustls wants it: what cannot be done now would block.
struct Now<'a, 'b, IO> {
    io: &'a mut IO,
    context: &'a mut Context<'b>,
}

impl<IO: AsyncRead + Unpin> Read for Now<'_, '_, IO> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut room = ReadBuf::new(room);
        match Pin::new(&mut *self.io).poll_read(self.context, &mut room) {
            Poll::Ready(read) => read.map(|()| room.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<IO: AsyncWrite + Unpin> Write for Now<'_, '_, IO> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.io).poll_write(self.context, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match Pin::new(&mut *self.io).poll_flush(self.context) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
