//! The compartments, and the layers each of them is locked down by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A compartment: one job, one kind of process, one uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Runs as root: configuration, ports, wiring, supervision. Reads nothing from outside.
    Master,
    /// SMTP on port 25.
    Mx,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// SMTP of those who live here, on ports 587 and 465.
    Submission,
    /// LMTP.
    Lmtp,
    /// Who exists, who may log in, which address is whose.
    Auth,
    /// The private keys of the TLS certificates.
    Keys,
    /// The mailboxes.
    Store,
}

impl Role {
    /// Every role the master starts, servers before their clients.
    pub const STARTED: [Role; 8] =
        [Role::Store, Role::Keys, Role::Auth, Role::Mx, Role::Imap, Role::Pop3, Role::Submission, Role::Lmtp];

    /// The name in configuration, logs, user names and status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Master => "master",
            Role::Mx => "mx",
            Role::Imap => "imap",
            Role::Pop3 => "pop3",
            Role::Submission => "submission",
            Role::Lmtp => "lmtp",
            Role::Auth => "auth",
            Role::Keys => "keys",
            Role::Store => "store",
        }
    }

    /// The file name of the program that plays the role; several roles may share one.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Role::Master => "bulkhead-master",
            Role::Mx | Role::Submission | Role::Lmtp => "bulkhead-smtp",
            Role::Imap => "bulkhead-imap",
            Role::Pop3 => "bulkhead-pop3",
            Role::Auth => "bulkhead-auth",
            Role::Keys => "bulkhead-keys",
            Role::Store => "bulkhead-store",
        }
    }

    /// A reader parses bytes of the network or of mail; it is run as several workers.
    #[must_use]
    pub const fn is_reader(self) -> bool {
        matches!(self, Role::Mx | Role::Imap | Role::Pop3 | Role::Submission | Role::Lmtp)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One process of a role: readers run several workers, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Instance {
    /// What it does.
    pub role: Role,
    /// Which worker of its role it is.
    pub worker: u16,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.role.is_reader() { write!(f, "{}/{}", self.role, self.worker) } else { self.role.fmt(f) }
    }
}

/// A layer of the lock-down. Each stops what it stops on its own; together they overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Layer {
    /// A uid and gid of the role's own, no supplementary groups.
    Uid,
    /// A user namespace in which no id is mapped.
    UserNamespace,
    /// An empty network namespace (not for roles that make outgoing connections).
    NetNamespace,
    /// Own IPC and host-name namespaces.
    IpcUtsNamespaces,
    /// A mount namespace whose root is an empty directory, or the role's own.
    Root,
    /// No capability in any set, and an empty bounding set.
    Capabilities,
    /// Not dumpable, and killed when the master goes.
    NotDumpable,
    /// `no_new_privs`.
    NoNewPrivs,
    /// Landlock: files beneath the root only, no TCP, no signals or abstract sockets out.
    Landlock,
    /// Resource limits: no core file, no new file where none is needed, bounded descriptors.
    Rlimits,
    /// The system-call allow-list; anything else kills the process.
    Seccomp,
}

impl Layer {
    /// Every layer, in the order it is put on.
    pub const ALL: [Layer; 11] = [
        Layer::Uid,
        Layer::UserNamespace,
        Layer::NetNamespace,
        Layer::IpcUtsNamespaces,
        Layer::Root,
        Layer::Capabilities,
        Layer::NotDumpable,
        Layer::NoNewPrivs,
        Layer::Landlock,
        Layer::Rlimits,
        Layer::Seccomp,
    ];

    /// The name in configuration (`waive = ["uid"]`) and status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Uid => "uid",
            Layer::UserNamespace => "user-namespace",
            Layer::NetNamespace => "net-namespace",
            Layer::IpcUtsNamespaces => "ipc-uts-namespaces",
            Layer::Root => "root",
            Layer::Capabilities => "capabilities",
            Layer::NotDumpable => "not-dumpable",
            Layer::NoNewPrivs => "no-new-privs",
            Layer::Landlock => "landlock",
            Layer::Rlimits => "rlimits",
            Layer::Seccomp => "seccomp",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Layer`]s, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers(u16);

impl Layers {
    /// No layer.
    pub const NONE: Layers = Layers(0);

    /// Every layer.
    #[must_use]
    pub fn all() -> Self {
        Layer::ALL.into_iter().collect()
    }

    /// Is the layer in the set?
    #[must_use]
    pub const fn has(self, layer: Layer) -> bool {
        self.0 & (1 << layer as u8) != 0
    }

    /// The set with that layer in it.
    #[must_use]
    pub const fn with(self, layer: Layer) -> Self {
        Layers(self.0 | (1 << layer as u8))
    }

    /// The set with that layer out of it.
    #[must_use]
    pub const fn without(self, layer: Layer) -> Self {
        Layers(self.0 & !(1 << layer as u8))
    }

    /// The layers in the set, in order; bits that name no layer are passed over.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.has(*layer))
    }
}

impl FromIterator<Layer> for Layers {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        layers.into_iter().fold(Layers::NONE, Layers::with)
    }
}
