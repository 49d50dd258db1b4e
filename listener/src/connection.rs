//! What is known of a connection before the first byte of its protocol.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::gate::Guest;
use crate::helpers::Helpers;
use crate::session::TlsInfo;

/// One connection, as a session sees it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name in the log.
    pub id: ConnectionId,
    /// Who connected.
    pub peer: SocketAddr,
    /// To which of our addresses.
    pub local: SocketAddr,
    /// What TLS agreed on, where it came first (RFC 8314 section 3). Later, by STARTTLS, it comes by
    /// [`crate::session::Session::secured_with`].
    pub tls: Option<TlsInfo>,
    /// For work that would hold up the other sessions.
    pub helpers: Helpers,
    /// What the gate knows of it.
    pub guest: Guest,
}

impl Connection {
    /// What is kept of it by those who ask for it elsewhere.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller { id: self.id, remote: self.peer.ip().to_canonical(), guest: self.guest.clone() }
    }
}

/// For whom something is asked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The connection's name in the log.
    pub id: ConnectionId,
    /// Where it comes from.
    pub remote: IpAddr,
    /// What the gate knows of it.
    pub guest: Guest,
}

/// A number that names a connection in the log of every role it touches; random, so that it is unique among workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        getrandom::u64().map(ConnectionId)
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
