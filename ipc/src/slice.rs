//! The slice of the configuration each role gets: all it knows of the file, resolved and typed.

use serde::{Deserialize, Serialize};

use crate::role::Role;
use crate::socket::Kind;

/// One role's slice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RoleConfig {
    /// For [`Role::Mx`].
    Mx(MxConfig),
    /// For [`Role::Imap`].
    Imap(ImapConfig),
    /// For [`Role::Pop3`].
    Pop3(Pop3Config),
    /// For [`Role::Auth`].
    Auth(AuthConfig),
    /// For [`Role::Keys`].
    Keys(KeysConfig),
    /// For [`Role::Store`].
    Store(StoreConfig),
}

impl RoleConfig {
    /// Whose slice it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            RoleConfig::Mx(_) => Role::Mx,
            RoleConfig::Imap(_) => Role::Imap,
            RoleConfig::Pop3(_) => Role::Pop3,
            RoleConfig::Auth(_) => Role::Auth,
            RoleConfig::Keys(_) => Role::Keys,
            RoleConfig::Store(_) => Role::Store,
        }
    }

    /// The descriptors that come with it.
    #[must_use]
    pub const fn descriptors(&self) -> &'static [Kind] {
        match self {
            RoleConfig::Keys(KeysConfig { files: true, .. }) => &[Kind::File, Kind::File],
            _ => &[],
        }
    }
}

/// How many connections a reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Open at once in one worker; more wait in the kernel's queue.
    pub connections: u32,
    /// Open at once from one address in one worker; more are told to come back.
    pub connections_per_address: u32,
}

/// For SMTP on port 25.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MxConfig {
    /// Our name in greetings and Received fields.
    pub hostname: String,
    /// The largest message, bytes.
    pub max_message_size: u64,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Connections.
    pub limits: Limits,
}

/// For IMAP.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImapConfig {
    /// Our name in the greeting.
    pub hostname: String,
    /// The largest message that can be appended, bytes.
    pub max_message_size: u64,
    /// Minutes a session may be silent (RFC 9051 section 5.4 asks for 30 at least).
    pub idle_minutes: u32,
    /// Connections.
    pub limits: Limits,
}

/// For POP3.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pop3Config {
    /// Our name in the greeting.
    pub hostname: String,
    /// Minutes a session may be silent (RFC 1939 section 3 asks for 10 at least).
    pub idle_minutes: u32,
    /// Connections.
    pub limits: Limits,
}

/// For accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthConfig {
    /// The first of our domains: always ours, and what a login without a domain means.
    pub domain: String,
}

/// For private keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeysConfig {
    /// Our name, for a certificate of its own making.
    pub hostname: String,
    /// The certificate chain and its key come as descriptors (else it makes a self-signed certificate and keeps it).
    pub files: bool,
    /// What the administrator called them, for error messages.
    pub names: Option<(String, String)>,
}

/// For the mailboxes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoreConfig {
    /// The largest message it takes, bytes.
    pub max_message_size: u64,
    /// Bytes of messages that may be in memory on their way in, all sessions together.
    pub upload_memory: u64,
}
