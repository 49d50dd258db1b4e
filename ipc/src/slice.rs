//! The slice of the configuration each role gets: all it knows of the file, resolved and typed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::budget;
use crate::network::Network;
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
    /// For [`Role::Submission`].
    Submission(SubmissionConfig),
    /// For [`Role::Lmtp`].
    Lmtp(LmtpConfig),
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
            RoleConfig::Submission(_) => Role::Submission,
            RoleConfig::Lmtp(_) => Role::Lmtp,
            RoleConfig::Auth(_) => Role::Auth,
            RoleConfig::Keys(_) => Role::Keys,
            RoleConfig::Store(_) => Role::Store,
        }
    }

    /// The descriptors that come with it.
    #[must_use]
    pub fn descriptors(&self) -> &'static [Kind] {
        const FILES: &[Kind] = &[Kind::File; budget::CERTIFICATES * 2];
        match self {
            RoleConfig::Keys(keys) => FILES.get(..keys.certificates.len().saturating_mul(2)).unwrap_or(FILES),
            _ => &[],
        }
    }
}

/// How many connections a reader takes, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Open at once in one worker; more are told to come back, or take the place of a network that holds much.
    pub connections: u32,
    /// Open at once from one address in one worker; more are told to come back.
    pub connections_per_address: u32,
    /// Open at once from one network (IPv4 /24, IPv6 /48) in one worker; more are told to come back.
    pub connections_per_network: u32,
    /// Whose PROXY protocol header is believed, and has to be there.
    pub proxies: Networks,
    /// Who is never refused for offences.
    pub never_block: Networks,
    /// What repeated offences lead to.
    pub blocks: Blocks,
}

impl Limits {
    /// That many in all and from one address, the same from one network; no proxies, no blocks.
    #[must_use]
    pub const fn of(connections: u32, connections_per_address: u32) -> Self {
        Limits {
            connections,
            connections_per_address,
            connections_per_network: connections,
            proxies: Networks::NONE,
            never_block: Networks::NONE,
            blocks: Blocks { after: 0, seconds: 0 },
        }
    }
}

/// When an address is refused for a while: after commands that are none, and recipients that are not there. (Wrong
/// passwords are counted by `auth`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// Offences in a short time; 0 is never.
    pub after: u32,
    /// How long the first time; twice as long each further time, up to [`budget::BLOCK`].
    pub seconds: u32,
}

/// A list of networks, [`budget::NETWORKS`] at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Networks([Option<Network>; budget::NETWORKS]);

impl Networks {
    /// None.
    pub const NONE: Networks = Networks([None; budget::NETWORKS]);

    /// Those.
    ///
    /// # Errors
    /// How many there are, when it is more than [`budget::NETWORKS`].
    pub fn new(networks: &[Network]) -> Result<Self, usize> {
        if networks.len() > budget::NETWORKS {
            return Err(networks.len());
        }
        let mut list = Networks::NONE;
        for (place, network) in list.0.iter_mut().zip(networks) {
            *place = Some(*network);
        }
        Ok(list)
    }

    /// Is the address in one of them?
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().flatten().any(|network| network.contains(address))
    }
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

/// For SMTP of those who live here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmissionConfig {
    /// Our name in greetings, Received fields and message ids.
    pub hostname: String,
    /// The largest message, bytes.
    pub max_message_size: u64,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Connections.
    pub limits: Limits,
}

/// For LMTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LmtpConfig {
    /// Our name in greetings and Received fields.
    pub hostname: String,
    /// The largest message, bytes.
    pub max_message_size: u64,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Connections.
    pub limits: Limits,
}

/// For accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthConfig {
    /// The first of our domains: always ours, and what a login without a domain means.
    pub domain: String,
    /// What repeated wrong passwords lead to.
    pub blocks: Blocks,
    /// Who is never refused.
    pub never_block: Networks,
}

/// For private keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeysConfig {
    /// Our name, for a certificate of its own making.
    pub hostname: String,
    /// What the administrator called the files of each certificate, for error messages: chain and key, which come as
    /// descriptors in this order. The first is the one for clients that ask for no name, or for another. At most
    /// [`budget::CERTIFICATES`]; without any it makes a self-signed certificate and keeps it.
    pub certificates: Vec<(String, String)>,
}

/// For the mailboxes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoreConfig {
    /// The largest message it takes, bytes.
    pub max_message_size: u64,
    /// Bytes of messages that may be in memory on their way in, all sessions together.
    pub upload_memory: u64,
    /// Recipients elsewhere to whom one account may send in an hour, and at once when it sent nothing before.
    pub recipients_per_hour: u32,
}
