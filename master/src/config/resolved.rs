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

/// SMTP.
#[derive(Clone, Debug)]
pub struct Mx {
    /// Where.
    pub listen: Vec<Address>,
    /// Processes.
    pub workers: u16,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Connections of one worker.
    pub limits: Limits,
}

/// IMAP.
#[derive(Clone, Debug)]
pub struct Imap {
    /// Where, in plain until STARTTLS.
    pub listen: Vec<Address>,
    /// Where, with TLS from the first byte.
    pub listen_tls: Vec<Address>,
    /// Processes.
    pub workers: u16,
    /// Minutes a session may be silent.
    pub idle_minutes: u32,
    /// Connections of one worker.
    pub limits: Limits,
}

/// POP3.
#[derive(Clone, Debug)]
pub struct Pop3 {
    /// Where, in plain until STLS.
    pub listen: Vec<Address>,
    /// Where, with TLS from the first byte.
    pub listen_tls: Vec<Address>,
    /// Processes.
    pub workers: u16,
    /// Minutes a session may be silent.
    pub idle_minutes: u32,
    /// Connections of one worker.
    pub limits: Limits,
}

/// SMTP of those who live here.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Where, in plain until STARTTLS.
    pub listen: Vec<Address>,
    /// Where, with TLS from the first byte.
    pub listen_tls: Vec<Address>,
    /// Processes.
    pub workers: u16,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Recipients elsewhere of one account in an hour.
    pub recipients_per_hour: u32,
    /// Connections of one worker.
    pub limits: Limits,
}

/// LMTP.
#[derive(Clone, Debug)]
pub struct Lmtp {
    /// Where.
    pub listen: Vec<Address>,
    /// And where in the file system.
    pub unix: Option<UnixSocket>,
    /// Processes.
    pub workers: u16,
    /// Recipients of one transaction.
    pub max_recipients: u32,
    /// Connections of one worker.
    pub limits: Limits,
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
    /// How many processes a role has.
    #[must_use]
    pub fn workers(&self, role: Role) -> u16 {
        match role {
            Role::Mx => self.mx.workers,
            Role::Imap => self.imap.workers,
            Role::Pop3 => self.pop3.workers,
            Role::Submission => self.submission.workers,
            Role::Lmtp => self.lmtp.workers,
            Role::Master | Role::Auth | Role::Keys | Role::Store => 1,
        }
    }

    /// Where a role listens, and whether TLS begins with the first byte there.
    #[must_use]
    pub fn listeners(&self, role: Role) -> Vec<(&[Address], bool)> {
        match role {
            Role::Mx => vec![(&self.mx.listen, false)],
            Role::Imap => vec![(&self.imap.listen, false), (&self.imap.listen_tls, true)],
            Role::Pop3 => vec![(&self.pop3.listen, false), (&self.pop3.listen_tls, true)],
            Role::Submission => vec![(&self.submission.listen, false), (&self.submission.listen_tls, true)],
            Role::Lmtp => vec![(&self.lmtp.listen, false)],
            Role::Master | Role::Auth | Role::Keys | Role::Store => Vec::new(),
        }
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

    /// How many connections a reader takes, to be changed.
    pub fn limits_mut(&mut self, role: Role) -> Option<&mut Limits> {
        match role {
            Role::Mx => Some(&mut self.mx.limits),
            Role::Imap => Some(&mut self.imap.limits),
            Role::Pop3 => Some(&mut self.pop3.limits),
            Role::Submission => Some(&mut self.submission.limits),
            Role::Lmtp => Some(&mut self.lmtp.limits),
            Role::Master | Role::Auth | Role::Keys | Role::Store => None,
        }
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
                limits: self.mx.limits,
            }),
            Role::Imap => RoleConfig::Imap(ImapConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                idle_minutes: self.imap.idle_minutes,
                limits: self.imap.limits,
            }),
            Role::Pop3 => RoleConfig::Pop3(Pop3Config {
                hostname: self.hostname.clone(),
                idle_minutes: self.pop3.idle_minutes,
                limits: self.pop3.limits,
            }),
            Role::Submission => RoleConfig::Submission(SubmissionConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                max_recipients: self.submission.max_recipients,
                limits: self.submission.limits,
            }),
            Role::Lmtp => RoleConfig::Lmtp(LmtpConfig {
                hostname: self.hostname.clone(),
                max_message_size: self.max_message_size,
                max_recipients: self.lmtp.max_recipients,
                limits: self.lmtp.limits,
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
        let connections = |limits: Limits| u64::from(limits.connections);
        let workers = Role::STARTED
            .into_iter()
            .filter(|role| self.has(*role) && role.is_reader())
            .fold(0_u64, |sum, role| sum.saturating_add(self.workers(role).into()));
        let logged_in = |role: Role, limits| {
            let workers = if self.has(role) { self.workers(role) } else { 0 };
            connections(limits).saturating_mul(workers.into())
        };
        let more = match role {
            Role::Mx => connections(self.mx.limits),
            // a mailbox session comes with each login
            Role::Imap => connections(self.imap.limits).saturating_mul(2),
            Role::Pop3 => connections(self.pop3.limits).saturating_mul(2),
            // and a submit session
            Role::Submission => connections(self.submission.limits).saturating_mul(2),
            Role::Lmtp => connections(self.lmtp.limits),
            // the far ends of those, and segments
            Role::Store => logged_in(Role::Imap, self.imap.limits)
                .saturating_add(logged_in(Role::Pop3, self.pop3.limits))
                .saturating_add(logged_in(Role::Submission, self.submission.limits))
                .saturating_add(workers.saturating_mul(2))
                .saturating_add(1024),
            // session descriptors on their way through
            Role::Auth => workers.saturating_mul(64).saturating_add(256),
            Role::Keys => workers.saturating_mul(2),
            Role::Master => 0,
        };
        more.saturating_add(BASE)
    }
}
