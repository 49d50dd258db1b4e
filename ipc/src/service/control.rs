//! `control`: the one socket a role is started with. The master tells it what it is, hands it what it holds, and says
//! when to go. What a role says to the master is of fixed size: integers and enums, never a string, never a list.
//!
//! The order is fixed: [`ToRole::Hello`] → lock-down → [`ToMaster::Locked`] → peers and (for readers) listeners →
//! [`ToRole::Serve`] → [`ToMaster::Ready`]. A role whose master is gone ends.
//!
//! A reload has two phases: [`ToRole::Prepare`] is answered with [`ToMaster::Prepared`] or [`ToMaster::Refused`], and
//! followed by [`ToRole::Commit`], if every role said yes, or else by [`ToRole::Abort`].

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::frame::Message;
use crate::peers::Service;
use crate::role::{Instance, Layers};
use crate::slice::RoleConfig;
use crate::socket::Kind;

/// What the master tells a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToRole {
    /// The first frame. Its descriptors are what [`RoleConfig::descriptors`] says.
    Hello(Box<Hello>),
    /// One end of a channel to a peer; a new one for the same peer and service replaces the old.
    Peer {
        /// The service it speaks.
        service: Service,
        /// Who is at the other end.
        peer: Instance,
        /// Whether this role answers on it (else it asks).
        serves: bool,
    },
    /// A bound, listening, non-blocking socket.
    Listener {
        /// How connections on it begin.
        listener: Listener,
    },
    /// All peers and listeners of the start are there.
    Serve,
    /// An administrator's connection that the master accepted and found permitted.
    Admin {
        /// What it may do.
        permission: Permission,
    },
    /// A slice of a new configuration: can the role go on with it? Nothing changes yet. Its descriptors are what
    /// [`RoleConfig::descriptors`] says.
    Prepare(Box<Preparation>),
    /// What was prepared is in force.
    Commit,
    /// What was prepared is not to be.
    Abort,
    /// Accept what has come in on that listener, then close it.
    Unlisten {
        /// As it was handed over.
        listener: Listener,
    },
    /// Stop accepting; sessions go on. When the last has ended, answer [`ToMaster::Drained`] and end. A
    /// [`ToRole::Drain`] may follow, when that takes too long.
    Retire,
    /// Answer with [`ToMaster::Alive`].
    Ping,
    /// Stop accepting, finish what is under way within that time, then answer [`ToMaster::Drained`] and end.
    Drain {
        /// Milliseconds.
        within: u32,
    },
}

impl Message for ToRole {
    fn descriptors(&self) -> &'static [Kind] {
        match self {
            ToRole::Hello(hello) => hello.config.descriptors(),
            ToRole::Peer { .. } | ToRole::Admin { .. } => &[Kind::Channel],
            ToRole::Prepare(preparation) => preparation.config.descriptors(),
            ToRole::Listener { .. } => &[Kind::Listener],
            ToRole::Serve
            | ToRole::Commit
            | ToRole::Abort
            | ToRole::Unlisten { .. }
            | ToRole::Retire
            | ToRole::Ping
            | ToRole::Drain { .. } => &[],
        }
    }
}

/// Everything a role knows when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Who it is.
    pub instance: Instance,
    /// How it is locked down.
    pub lockdown: LockdownOrder,
    /// Where its log goes.
    pub log: Log,
    /// Its slice of the configuration.
    pub config: RoleConfig,
}

/// What a reload would change for a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Preparation {
    /// How much is logged.
    pub level: LogLevel,
    /// Its new slice of the configuration.
    pub config: RoleConfig,
}

/// What the master has decided on the lock-down of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockdownOrder {
    /// The layers to put on: all of them, but in tests of single layers.
    pub apply: Layers,
    /// Those that may be missing, as the configuration says.
    pub may_miss: Layers,
    /// The uid and gid of its own, when the master is root.
    pub ids: Option<(u32, u32)>,
    /// The directory that becomes its root: an empty one, or its own.
    pub root: String,
    /// The most descriptors it may have open.
    pub max_open_files: u64,
}

/// Where a role's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// To the journal's socket, bind-mounted into the role's root; else to standard error, a pipe the master forwards.
    pub journal: bool,
    /// How much.
    pub level: LogLevel,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// And what looks wrong.
    Warn,
    /// And one line an event that an administrator wants: a message stored, a login.
    Info,
    /// And each step.
    Debug,
}

/// What a listening socket is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Endpoint {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A path of this host; a role has one at most, and its processes share the socket.
    Unix,
}

impl Endpoint {
    /// The port, of one that has a port.
    #[must_use]
    pub const fn port(self) -> Option<u16> {
        match self {
            Endpoint::Tcp(address) => Some(address.port()),
            Endpoint::Unix => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Endpoint::Tcp(address)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(address) => address.fmt(f),
            Endpoint::Unix => f.write_str("unix"),
        }
    }
}

/// How connections on a listener begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// What it is bound to, for the log.
    pub address: Endpoint,
    /// TLS from the first byte (RFC 8314 section 3).
    pub implicit_tls: bool,
}

/// What an administrator's connection may do, decided by the master from the peer's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// Everything: root, or the user who started the suite.
    Full,
}

/// What a role tells the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToMaster {
    /// These layers are on. Nothing from outside was read yet.
    Locked(Layers),
    /// It serves.
    Ready,
    /// It lives; how many sessions are open, how many there were.
    Alive {
        /// Open now.
        sessions: u32,
        /// Since it started.
        served: u64,
    },
    /// It can go on with what it was given to prepare.
    Prepared,
    /// It cannot.
    Refused(ReloadRefusal),
    /// It has nothing under way any more.
    Drained,
    /// It has been without a channel to ask that service over for a while: both ends live, and neither has it any more.
    Unwired(Service),
}

impl Message for ToMaster {}

/// Why a role cannot go on with a new configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ReloadRefusal {
    /// A certificate or its key is of no use.
    #[error("{fault}")]
    Certificate {
        /// Which, in the order of the configuration, from 0.
        index: u16,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// It has to be started again for that.
    #[error("it takes a restart")]
    Restart,
    /// The system refused something.
    #[error("the system refused something; its log says what")]
    System,
}

/// What is wrong with a certificate or its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CertificateFault {
    /// The chain cannot be read, is damaged, empty or too long.
    #[error("there is no usable certificate chain in it")]
    Chain,
    /// The key cannot be read, is damaged, or of no kind that is supported.
    #[error("there is no usable private key in it")]
    Key,
    /// The key is protected by a passphrase.
    #[error("the key is encrypted, and nobody is there to type its passphrase")]
    Encrypted,
    /// They do not belong together.
    #[error("the key is not that of the first certificate of the chain")]
    Mismatch,
}

impl CertificateFault {
    /// Is the file with the chain at fault? (Else the one with the key is.)
    #[must_use]
    pub const fn blames_chain(self) -> bool {
        matches!(self, CertificateFault::Chain)
    }
}
