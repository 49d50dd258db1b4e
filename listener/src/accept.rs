//! Accepting connections, whatever happens.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use ipc::service::control::{Endpoint, Listener};
use rustix::io::Errno;
use tokio::net::{TcpListener, UnixListener};
use tokio::time::timeout;

use crate::gate::Gate;
use crate::stream::{LOCAL_PEER, Stream};

/// How long accepting pauses when the system has no descriptor or no memory left, unless a connection ends before.
pub const PAUSE: Duration = Duration::from_secs(1);

/// A listening socket that the master handed over.
#[derive(Debug)]
pub struct Entrance {
    socket: Socket,
    listener: Listener,
}

impl Entrance {
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// When the descriptor cannot be registered.
    pub fn new(listener: Listener, socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let socket = match listener.address {
            Endpoint::Tcp(_) => Socket::Tcp(TcpListener::from_std(socket.into())?),
            Endpoint::Unix => Socket::Unix(UnixListener::from_std(socket.into())?),
        };
        Ok(Entrance { socket, listener })
    }
}

impl Entrance {
    /// What it was handed over as.
    #[must_use]
    pub fn listener(&self) -> Listener {
        self.listener
    }
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Socket {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        match self {
            Socket::Tcp(socket) => socket
                .poll_accept(context)
                .map(|accepted| accepted.map(|(stream, peer)| (Stream::Tcp(stream), peer))),
            Socket::Unix(socket) => socket
                .poll_accept(context)
                .map(|accepted| accepted.map(|(stream, _)| (Stream::Unix(stream), LOCAL_PEER))),
        }
    }
}

/// Accepts connections, whoever it is: the [`Gate`] says who stays.
#[derive(Debug)]
pub struct Acceptor {
    gate: Rc<Gate>,
    /// Has it been said that the system ran out of something?
    starved: Cell<bool>,
    /// The entrance that is looked at first.
    first: Cell<usize>,
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Arrival {
    /// Its socket.
    pub stream: Stream,
    /// Who is at the other end: perhaps a proxy.
    pub peer: SocketAddr,
    /// How its listener has connections begin.
    pub listener: Listener,
}

impl Acceptor {
    /// For the guests of that gate.
    #[must_use]
    pub fn new(gate: Rc<Gate>) -> Self {
        Acceptor { gate, starved: Cell::new(false), first: Cell::new(0) }
    }

    /// The next connection on any of the entrances. While the gate has no [room](Gate::room) for one more to be looked
    /// at, the kernel keeps them in its queue. Cancel safe.
    ///
    /// # Errors
    /// Only when an entrance is no listening socket any more.
    pub async fn accept(&self, entrances: &[Entrance]) -> io::Result<Arrival> {
        loop {
            self.gate.room().await;
            match self.next(entrances).await {
                Ok(arrival) => {
                    self.starved.set(false);
                    arrival.stream.set_nodelay();
                    return Ok(arrival);
                }
                Err(error) => self.survive(error).await?,
            }
        }
    }

    async fn next(&self, entrances: &[Entrance]) -> io::Result<Arrival> {
        poll_fn(|context| {
            let count = entrances.len();
            // Begins with another one each time: a busy entrance must not hide the others.
            let first = self.first.get().checked_rem(count).unwrap_or(0);
            for (at, entrance) in entrances.iter().enumerate().cycle().skip(first).take(count) {
                if let Poll::Ready(accepted) = entrance.socket.poll_accept(context) {
                    self.first.set(at.saturating_add(1));
                    let listener = entrance.listener;
                    return Poll::Ready(accepted.map(|(stream, peer)| Arrival { stream, peer, listener }));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// accept(2) hands on errors of the connection that was to be accepted: those concern nobody else. When the system
    /// has run out of something, it waits.
    async fn survive(&self, error: io::Error) -> io::Result<()> {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                if !self.starved.replace(true) {
                    tracing::warn!(%error, "no connections are accepted for now");
                }
                let _ = timeout(PAUSE, self.gate.somebody_left()).await;
                Ok(())
            }
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT) | None => Err(error),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
