//! Accepting connections: within the limits, and whatever happens.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ipc::service::control::{Endpoint, Listener};
use ipc::slice::Limits;
use rustix::io::Errno;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

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

/// Counts who is in.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    /// One permit for each connection that may be open.
    places: Arc<Semaphore>,
    by_address: Rc<RefCell<HashMap<IpAddr, u32>>>,
    left: Rc<Notify>,
    /// Places that are still taken, and are to be none any more.
    surplus: Cell<u32>,
    /// Has it been said that all places are taken?
    full: Cell<bool>,
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
    /// Who it is.
    pub peer: SocketAddr,
    /// How its listener has connections begin.
    pub listener: Listener,
    /// Its place, to be kept until the end; `None` when its address has too many already.
    pub place: Option<Place>,
}

/// A place within the limits, free again when dropped.
#[derive(Debug)]
pub struct Place {
    address: Option<IpAddr>,
    by_address: Rc<RefCell<HashMap<IpAddr, u32>>>,
    left: Rc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    /// With nobody in.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = Limits {
            connections: limits.connections.max(1),
            connections_per_address: limits.connections_per_address.max(1),
            ..limits
        };
        Gate {
            limits,
            places: Arc::new(Semaphore::new(usize::try_from(limits.connections).unwrap_or(1))),
            by_address: Rc::default(),
            left: Rc::default(),
            surplus: Cell::new(0),
            full: Cell::new(false),
            starved: Cell::new(false),
            first: Cell::new(0),
        }
    }

    /// Other limits from now on; who is in stays.
    pub fn adopt(&mut self, limits: Limits) {
        let (before, limits) = (self.limits.connections, limits);
        self.limits = Gate::new(limits).limits;
        let now = self.limits.connections;
        let again = now.saturating_sub(before).min(self.surplus.get());
        self.surplus.set(self.surplus.get().saturating_sub(again));
        let more = now.saturating_sub(before).saturating_sub(again);
        self.places.add_permits(usize::try_from(more).unwrap_or(0));
        let fewer = before.saturating_sub(now);
        let free = self.places.forget_permits(usize::try_from(fewer).unwrap_or(0));
        let taken = fewer.saturating_sub(u32::try_from(free).unwrap_or(u32::MAX));
        self.surplus.set(self.surplus.get().saturating_add(taken));
    }

    /// The next connection on any of the entrances. While all places are taken it accepts none, so that the kernel keeps
    /// them in its queue, or gives them to another worker. Cancel safe.
    ///
    /// # Errors
    /// Only when an entrance is no listening socket any more.
    pub async fn accept(&self, entrances: &[Entrance]) -> io::Result<Arrival> {
        loop {
            let permit = self.permit().await?;
            match self.next(entrances).await {
                Ok((stream, peer, listener)) => {
                    self.starved.set(false);
                    stream.set_nodelay();
                    let place = match listener.address {
                        Endpoint::Tcp(_) => self.place(peer.ip(), permit),
                        Endpoint::Unix => Some(self.local_place(permit)),
                    };
                    return Ok(Arrival { stream, peer, listener, place });
                }
                Err(error) => self.survive(error).await?,
            }
        }
    }

    /// Returns when everybody has left.
    pub async fn empty(&self) {
        let _ = self.places.acquire_many(self.limits.connections.saturating_add(self.surplus.get())).await;
    }

    async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        let full = self.places.available_permits() == 0;
        if full && !self.full.replace(true) {
            tracing::warn!(
                connections = self.limits.connections,
                "all places are taken: the next have to wait"
            );
        }
        let permit = loop {
            let permit = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
            match self.surplus.get().checked_sub(1) {
                Some(surplus) => {
                    self.surplus.set(surplus);
                    permit.forget();
                }
                None => break permit,
            }
        };
        // Said again only after it has been half empty: at the limit each arrival would say it.
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        if free > self.limits.connections / 2 {
            self.full.set(false);
        }
        Ok(permit)
    }

    async fn next(&self, entrances: &[Entrance]) -> io::Result<(Stream, SocketAddr, Listener)> {
        poll_fn(|context| {
            let count = entrances.len();
            // Begins with another one each time: a busy entrance must not hide the others.
            let first = self.first.get().checked_rem(count).unwrap_or(0);
            for (at, entrance) in entrances.iter().enumerate().cycle().skip(first).take(count) {
                if let Poll::Ready(accepted) = entrance.socket.poll_accept(context) {
                    self.first.set(at.saturating_add(1));
                    return Poll::Ready(accepted.map(|(stream, peer)| (stream, peer, entrance.listener)));
                }
            }
            Poll::Pending
        })
        .await
    }

    fn place(&self, address: IpAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
        let address = counted_as(address);
        let mut counts = self.by_address.borrow_mut();
        let count = counts.entry(address).or_default();
        if *count >= self.limits.connections_per_address {
            return None;
        }
        *count = count.saturating_add(1);
        let (by_address, left) = (Rc::clone(&self.by_address), Rc::clone(&self.left));
        Some(Place { address: Some(address), by_address, left, _permit: permit })
    }

    /// Whoever may connect to a path of this host is one client, with all places for it.
    fn local_place(&self, permit: OwnedSemaphorePermit) -> Place {
        let (by_address, left) = (Rc::clone(&self.by_address), Rc::clone(&self.left));
        Place { address: None, by_address, left, _permit: permit }
    }

    /// accept(2) hands on errors of the connection that was to be accepted: those concern nobody else. When the system
    /// has run out of something, it waits.
    async fn survive(&self, error: io::Error) -> io::Result<()> {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                if !self.starved.replace(true) {
                    tracing::warn!(%error, "no connections are accepted for now");
                }
                let _ = timeout(PAUSE, self.left.notified()).await;
                Ok(())
            }
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT) | None => Err(error),
            Some(_) => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.by_address.borrow_mut();
        if let Some(address) = self.address
            && let Some(count) = counts.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&address);
            }
        }
        self.left.notify_one();
    }
}

/// One customer has one IPv4 address, or an IPv6 network of 64 bits (RFC 6177).
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (!0 << 64))),
        four => four,
    }
}

#[cfg(test)]
mod tests;
