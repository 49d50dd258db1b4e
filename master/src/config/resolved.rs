//! The configuration as it is meant: every default filled in, every value in range.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipc::role::{Layers, Role};
use ipc::service::control::LogLevel;
use ipc::slice::{
    AuthConfig, Blocks, ImapConfig, KeysConfig, Limits, LmtpConfig, MxConfig, Networks, Pop3Config,
    RoleConfig, StoreConfig, SubmissionConfig,
};

use super::turnover::Turnover;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our name, in lower case.
    pub hostname: String,
    /// The first of our domains, in lower case.
    pub domain: String,
    /// Absolute.
    pub state_dir: PathBuf,
    /// Absolute.
    pub run_dir: PathBuf,
    /// How much is logged.
    pub log: LogLevel,
    /// Where the roles' uids are from.
    pub ids: IdSource,
    /// The layers a role may start without.
    pub waived: Layers,
    /// The administrator's certificates, the one for clients that ask for no name first.
    pub tls: Vec<TlsFiles>,
    /// When workers are replaced.
    pub turnover: Turnover,
    /// The largest message, bytes, by whichever way it comes.
    pub max_message_size: u64,
    /// When an address is refused.
    pub blocks: Blocks,
    /// Networks that never are.
    pub never_block: Networks,
    /// SMTP.
    pub mx: Mx,
    /// IMAP.
    pub imap: Imap,
    /// POP3.
    pub pop3: Pop3,
    /// SMTP of those who live here.
    pub submission: Submission,
    /// LMTP.
    pub lmtp: Lmtp,
    /// Bytes of messages on their way in.
    pub upload_memory: u64,
}

/// Where the uids of the roles are from, when the master is root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// Role n has uid and gid base + n.
    Base(u32),
    /// The users `bulkhead-<role>` of the system.
    Users,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// With its port; port 0 takes any free one.
    pub socket: SocketAddr,
    /// Who asked for it.
    pub origin: Origin,
}

/// Who asked for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file: it has to be there.
    Written,
    /// The default: IPv6 is left out where the host has none.
    Default,
}

/// What every reader has.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where, in plain, perhaps until TLS is asked for.
    pub listen: Vec<Address>,
    /// Where, with TLS from the first byte.
    pub listen_tls: Vec<Address>,
    /// Processes.
    pub workers: u16,
    /// Connections of one worker.
    pub limits: Limits,
}

/// SMTP.
#[derive(Clone, Debug)]
pub struct Mx {
    /// Its ports.
    pub door: Door,
    /// Recipients of one transaction.
    pub max_recipients: u32,
}

/// IMAP.
#[derive(Clone, Debug)]
pub struct Imap {
    /// Its ports.
    pub door: Door,
    /// Minutes a session may be silent.
    pub idle_minutes: u32,
}

/// POP3.
#[derive(Clone, Debug)]
pub struct Pop3 {
    /// Its ports.
    pub door: Door,
    /// Minutes a session may be silent.
    pub idle_minutes: u32,
}

/// SMTP of those who live here.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its ports.
    pub door: Door,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Recipients elsewhere of one account in an hour.
    pub recipients_per_hour: u32,
}

/// LMTP.
#[derive(Clone, Debug)]
pub struct Lmtp {
    /// Its ports.
    pub door: Door,
    /// And where in the file system.
    pub unix: Option<UnixSocket>,
    /// Recipients of one transaction.
    pub max_recipients: u32,
}

/// A listening socket in the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// Absolute.
    pub path: PathBuf,
    /// Its permissions: whoever may write to it may connect.
    pub mode: u32,
    /// The name of the group it is to belong to, if not the master's.
    pub group: Option<String>,
}

impl Config {
    /// The ports of a reader.
    #[must_use]
    pub fn door(&self, role: Role) -> Option<&Door> {
        match role {
            Role::Mx => Some(&self.mx.door),
            Role::Imap => Some(&self.imap.door),
            Role::Pop3 => Some(&self.pop3.door),
            Role::Submission => Some(&self.submission.door),
            Role::Lmtp => Some(&self.lmtp.door),
            Role::Master | Role::Auth | Role::Keys | Role::Store => None,
        }
    }

    /// The same, to be changed.
    pub fn door_mut(&mut self, role: Role) -> Option<&mut Door> {
        match role {
            Role::Mx => Some(&mut self.mx.door),
            Role::Imap => Some(&mut self.imap.door),
            Role::Pop3 => Some(&mut self.pop3.door),
            Role::Submission => Some(&mut self.submission.door),
            Role::Lmtp => Some(&mut self.lmtp.door),
            Role::Master | Role::Auth | Role::Keys | Role::Store => None,
        }
    }

    /// How many processes a role has.
    #[must_use]
    pub fn workers(&self, role: Role) -> u16 {
        self.door(role).map_or(1, |door| door.workers)
    }

    /// Where a role listens, and whether TLS begins with the first byte there.
    #[must_use]
    pub fn listeners(&self, role: Role) -> Vec<(&[Address], bool)> {
        let door = self.door(role).into_iter();
        door.flat_map(|door| [(door.listen.as_slice(), false), (door.listen_tls.as_slice(), true)]).collect()
    }

    /// The socket in the file system that a role listens on.
    #[must_use]
    pub fn unix_socket(&self, role: Role) -> Option<&UnixSocket> {
        match role {
            Role::Lmtp => self.lmtp.unix.as_ref(),
            _ => None,
        }
    }

    /// Is the role to be there? A reader that listens nowhere is not.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        !role.is_reader()
            || self.unix_socket(role).is_some()
            || self.listeners(role).iter().any(|(addresses, _)| !addresses.is_empty())
    }

    /// The slice of a role: all it gets to know. The master has none.
    #[must_use]
    pub fn slice(&self, role: Role) -> Option<RoleConfig> {
        Some(match role {
            Role::Master => return None,
            Role::Mx => RoleConfig::Mx(MxConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                max_recipients: self.mx.max_recipients,
                limits: self.mx.door.limits,
            }),
            Role::Imap => RoleConfig::Imap(ImapConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                idle_minutes: self.imap.idle_minutes,
                limits: self.imap.door.limits,
            }),
            Role::Pop3 => RoleConfig::Pop3(Pop3Config {
                hostname: self.hostname.clone(),
                idle_minutes: self.pop3.idle_minutes,
                limits: self.pop3.door.limits,
            }),
            Role::Submission => RoleConfig::Submission(SubmissionConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                max_recipients: self.submission.max_recipients,
                limits: self.submission.door.limits,
            }),
            Role::Lmtp => RoleConfig::Lmtp(LmtpConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                max_recipients: self.lmtp.max_recipients,
                limits: self.lmtp.door.limits,
            }),
            Role::Auth => RoleConfig::Auth(AuthConfig {
                domain: self.domain.clone(),
                blocks: self.blocks,
                never_block: self.never_block,
            }),
            Role::Keys => RoleConfig::Keys(KeysConfig {
                hostname: self.hostname.clone(),
                certificates: self
                    .tls
                    .iter()
                    .map(|files| (files.certificate.display().to_string(), files.key.display().to_string()))
                    .collect(),
            }),
            Role::Store => RoleConfig::Store(StoreConfig {
                max_message_size: self.max_message_size,
                upload_memory: self.upload_memory,
                recipients_per_hour: self.submission.recipients_per_hour,
            }),
        })
    }

    /// How many descriptors a process of the role may have open.
    #[must_use]
    pub fn max_open_files(&self, role: Role) -> u64 {
        /// The runtime, channels to every peer, listeners, the control channel, and what is being replaced.
        const BASE: u64 = 256;
        let readers = Role::STARTED.into_iter().filter(|role| self.has(*role) && role.is_reader());
        let workers = readers.fold(0_u64, |sum, role| sum.saturating_add(self.workers(role).into()));
        let connections = |role| self.door(role).map_or(0, |door| u64::from(door.limits.connections));
        let logged_in = |role| match self.has(role) {
            true => connections(role).saturating_mul(self.workers(role).into()),
            false => 0,
        };
        let more = match role {
            Role::Mx | Role::Lmtp => connections(role),
            // a session with the store comes with each login
            Role::Imap | Role::Pop3 | Role::Submission => connections(role).saturating_mul(2),
            // the far ends of those, and segments
            Role::Store => [Role::Imap, Role::Pop3, Role::Submission]
                .into_iter()
                .fold(workers.saturating_mul(2), |sum, role| sum.saturating_add(logged_in(role)))
                .saturating_add(1024),
            // session descriptors on their way through
            Role::Auth => workers.saturating_mul(64).saturating_add(256),
            Role::Keys => workers.saturating_mul(2),
            Role::Master => 0,
        };
        more.saturating_add(BASE)
    }
}
