//! `admin`: what the `bulkhead` command asks. The master accepts the connection on a socket in the run directory,
//! reads the peer's credentials, and hands the connection unread, with a permission, to the role that serves it; what
//! it serves itself is one enum.

use serde::{Deserialize, Serialize};

use crate::mail::{AccountId, Address, Password, QueueId, Seconds, TransactionId};
use crate::role::{Instance, Layers};
use crate::rpc::Procedure;
use crate::socket::Kind;

/// The socket in the run directory that leads to the master itself.
pub const MASTER_SOCKET: &str = "master.sock";
/// The socket in the run directory that leads to `auth`.
pub const AUTH_SOCKET: &str = "auth.sock";
/// The socket in the run directory that leads to `store`.
pub const STORE_SOCKET: &str = "store.sock";
/// Rows in one page or one import request.
pub const ROWS_MAX: usize = 128;

/// Requests one connection may have outstanding.
pub const IN_FLIGHT: usize = 8;

/// What the master serves.
#[derive(Debug)]
pub enum MasterAdmin {}

/// What is asked of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MasterRequest {
    /// How is everybody?
    Status,
    /// Drain and end.
    Stop,
    /// Read the configuration again, and go on with it if every role can.
    Reload,
}

/// What the master answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum MasterReply {
    /// How it is.
    Status(SuiteStatus),
    /// It is being done; the connection closes when it is.
    Stopping,
    /// The configuration is in force.
    Reloaded {
        /// How often it has been read since the start.
        generation: u32,
    },
    /// Nothing has changed.
    NotReloaded {
        /// The exit status, as in sysexits.h.
        exit: u8,
        /// Why, for the administrator, a mistake a line; at most [`WHY_MAX`] bytes.
        why: String,
    },
    /// The peer may not ask that.
    Refused,
}

/// The most bytes of what is said about a configuration that is refused.
pub const WHY_MAX: usize = 32 * 1024;

/// How the suite is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteStatus {
    /// Which configuration is in force: 1 is that of the start.
    pub generation: u32,
    /// Since how many seconds.
    pub in_force: u64,
    /// One row a process.
    pub processes: Vec<ProcessStatus>,
}

/// How one process is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Who.
    pub instance: Instance,
    /// Its process id; none while it is away.
    pub pid: Option<u32>,
    /// Its uid as the host sees it.
    pub uid: Option<u32>,
    /// Where it is in its life.
    pub state: ProcessState,
    /// How often it was started again after it had ended unasked.
    pub restarts: u32,
    /// How often a worker in its place was replaced by a fresh one.
    pub replaced: u32,
    /// Seconds since this process was started.
    pub uptime: u64,
    /// Sessions open at its last sign of life.
    pub sessions: u32,
    /// Sessions since it started.
    pub served: u64,
    /// The layers it said it runs under.
    pub layers: Layers,
}

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessState {
    /// Before `Ready`.
    Starting,
    /// Serving.
    Ready,
    /// Replaced, or not wanted any more: its sessions go on, and it accepts nothing.
    Retiring,
    /// Told to drain.
    Draining,
    /// Waiting to be started again.
    Down,
}

impl Procedure for MasterAdmin {
    type Request = MasterRequest;
    type Reply = MasterReply;
    const IN_FLIGHT: usize = IN_FLIGHT;
}

/// What `auth` serves.
#[derive(Debug)]
pub enum AuthAdmin {}

/// What is asked of `auth`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AuthRequest {
    /// Add accounts; all of them or, when one cannot be, none.
    AddAccounts(Vec<NewAccount>),
    /// A page of accounts by address, from behind `after`.
    ListAccounts {
        /// The last address of the page before.
        after: Option<String>,
    },
    /// Change a password.
    SetPassword {
        /// Whose.
        address: String,
        /// To.
        credential: Credential,
    },
    /// Remove an account with all its mail.
    RemoveAccount {
        /// Which.
        address: String,
    },
    /// Go on without the accounts that the store has and the account database does not know, because it was lost or is an
    /// older one: mail for unknown addresses is refused again, no longer put off. The mail of those accounts stays.
    GiveUpLost,
    /// Open a session with an account's mailboxes, for mail that is brought along or taken out.
    OpenMailboxes {
        /// Whose.
        address: String,
    },
    /// Add a domain.
    AddDomain {
        /// Its name.
        domain: String,
    },
    /// All domains.
    ListDomains,
    /// Remove a domain that has no accounts and aliases.
    RemoveDomain {
        /// Its name.
        domain: String,
    },
    /// Add an alias, or set where it leads.
    SetAlias {
        /// The alias: an address, or `@domain` for all else in that domain.
        alias: String,
        /// Addresses of accounts, at most [`ROWS_MAX`].
        targets: Vec<String>,
    },
    /// A page of aliases, from behind `after`.
    ListAliases {
        /// The last alias of the page before.
        after: Option<String>,
    },
    /// Remove an alias.
    RemoveAlias {
        /// Which.
        alias: String,
    },
}

/// An account to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewAccount {
    /// Its address, which is its login.
    pub address: String,
    /// How it logs in.
    pub credential: Credential,
}

/// What proves who somebody is; never shown.
#[derive(Clone, Serialize, Deserialize)]
pub enum Credential {
    /// A password, to be hashed.
    Password(Password),
    /// An argon2id hash in PHC form, made elsewhere.
    Hash(String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credential::Password(_) => "Password(…)",
            Credential::Hash(_) => "Hash(…)",
        })
    }
}

/// What `auth` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthReply {
    /// Done, and durable.
    Done,
    /// The session's channel comes with it.
    Opened,
    /// A page of accounts.
    Accounts {
        /// At most [`ROWS_MAX`].
        rows: Vec<AccountRow>,
        /// Are there more?
        more: bool,
    },
    /// The domains.
    Domains(Vec<String>),
    /// A page of aliases.
    Aliases {
        /// At most [`ROWS_MAX`].
        rows: Vec<AliasRow>,
        /// Are there more?
        more: bool,
    },
    /// It is not done.
    Refused {
        /// What kind of trouble it is, for the exit status.
        kind: RefusalKind,
        /// A sentence for the administrator.
        why: String,
    },
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// What was asked cannot be done as it was asked.
    Input,
    /// What it is about is not there.
    NotThere,
    /// It cannot be done now (a full disk, too much at once).
    NotNow,
}

/// An account as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its address.
    pub address: String,
    /// When it was made, seconds since 1970 UTC.
    pub created: i64,
}

/// An alias as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasRow {
    /// The alias.
    pub alias: String,
    /// Where it leads.
    pub targets: Vec<String>,
}

impl Procedure for AuthAdmin {
    type Request = AuthRequest;
    type Reply = AuthReply;
    const IN_FLIGHT: usize = IN_FLIGHT;

    fn reply_descriptors(reply: &AuthReply) -> &'static [Kind] {
        match reply {
            AuthReply::Opened => &[Kind::Channel],
            AuthReply::Done
            | AuthReply::Accounts { .. }
            | AuthReply::Domains(_)
            | AuthReply::Aliases { .. }
            | AuthReply::Refused { .. } => &[],
        }
    }
}

/// What `store` serves.
#[derive(Debug)]
pub enum StoreAdmin {}

/// What is asked of `store`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StoreRequest {
    /// A page of the mail that waits to be sent on, the oldest first, from behind `after`.
    ListQueue {
        /// The last entry of the page before.
        after: Option<QueueId>,
    },
}

/// What `store` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreReply {
    /// A page of the queue.
    Queue {
        /// At most [`ROWS_MAX`], and no more than fit a message; at least one if there is one.
        rows: Vec<QueueRow>,
        /// Are there more?
        more: bool,
    },
}

/// An entry of the queue as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow {
    /// Its id: where the next page begins.
    pub id: QueueId,
    /// The transaction it came by: its id in every log.
    pub transaction: TransactionId,
    /// Whose it is.
    pub account: AccountId,
    /// Who gets reports; none is the null reverse path.
    pub reverse_path: Option<Address>,
    /// To whom it is to be sent.
    pub recipients: Vec<Address>,
    /// When it was taken in.
    pub at: Seconds,
    /// Its size in bytes.
    pub size: u32,
}

impl Procedure for StoreAdmin {
    type Request = StoreRequest;
    type Reply = StoreReply;
    const IN_FLIGHT: usize = IN_FLIGHT;
}
