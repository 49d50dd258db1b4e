//! The configuration as it is written. Every key is described in `docs/bulkhead.toml.example`.

use std::path::PathBuf;

use ipc::service::control::LogLevel;
use serde::Deserialize;
use toml::Spanned;

use super::turnover::Replace;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The name of this host in greetings, Received fields and a certificate of its own. Needed.
    pub hostname: Option<Spanned<String>>,
    /// The first domain whose mail is ours; what a login without a domain means. Needed.
    pub domain: Option<Spanned<String>>,
    /// The directory of everything that lasts: one beneath it for each role that keeps something.
    pub state_dir: Option<Spanned<PathBuf>>,
    /// The directory of the sockets for `bulkhead` and of what lasts as long as the process.
    pub run_dir: Option<Spanned<PathBuf>>,
    /// How much is logged: error, warn, info or debug.
    pub log: Option<LogLevel>,
    /// Role n gets uid and gid base + n; without it, those of the users `bulkhead-<role>`.
    pub uid_base: Option<Spanned<u32>>,
    /// Layers of the lock-down a role may start without where the host does not have them.
    #[serde(default)]
    pub waive: Vec<Spanned<String>>,
    /// The certificate of the host; without it, `keys` makes one that is signed by itself.
    pub tls: Option<Spanned<Tls>>,
    /// What is the same for every port.
    #[serde(default)]
    pub limits: LimitsSection,
    /// SMTP.
    #[serde(default)]
    pub mx: Mx,
    /// IMAP.
    #[serde(default)]
    pub imap: Imap,
    /// POP3.
    pub pop3: Option<Pop3>,
    /// SMTP of those who live here.
    pub submission: Option<Submission>,
    /// LMTP.
    pub lmtp: Option<Lmtp>,
    /// When workers are replaced.
    #[serde(default)]
    pub replace: Replace,
    /// The mailboxes.
    #[serde(default)]
    pub store: Store,
}

/// `[tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A file with the certificate chain, leaf first, in PEM.
    pub certificate: Option<Spanned<PathBuf>>,
    /// A file with its private key, in PEM.
    pub key: Option<Spanned<PathBuf>>,
    /// More, for clients that ask for one of their names, or can check another kind of key.
    #[serde(default)]
    pub certificates: Vec<Spanned<Certificate>>,
}

/// `[[tls.certificates]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// As in [`Tls`].
    pub certificate: Option<Spanned<PathBuf>>,
    /// As in [`Tls`].
    pub key: Option<Spanned<PathBuf>>,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    /// Offences of an address, in a short time, after which it is refused; 0 is never.
    pub block_after: Option<Spanned<u32>>,
    /// For how long, the first time.
    pub block_minutes: Option<Spanned<u32>>,
    /// Networks that are never refused.
    pub never_block: Option<Vec<Spanned<String>>>,
}

/// `[mx]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mx {
    /// Addresses with port.
    pub listen: Option<Vec<Spanned<String>>>,
    /// Processes; one per core.
    pub workers: Option<Spanned<u16>>,
    /// The largest message, by whichever way it comes.
    pub max_message_size: Option<Spanned<Quantity>>,
    /// Recipients of one transaction.
    pub max_recipients: Option<Spanned<u32>>,
    /// Connections open at once, each worker.
    pub max_connections: Option<Spanned<u32>>,
    /// Connections from one address open at once, each worker.
    pub max_connections_per_address: Option<Spanned<u32>>,
    /// Connections from one network open at once, each worker.
    pub max_connections_per_network: Option<Spanned<u32>>,
    /// Networks of proxies that send a PROXY protocol header.
    #[serde(default)]
    pub proxy_from: Vec<Spanned<String>>,
}

/// `[imap]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// Addresses with port on which a session begins in plain; none by default when `listen_tls` is written.
    pub listen: Option<Vec<Spanned<String>>>,
    /// Addresses with port on which TLS begins with the first byte (RFC 8314 section 3).
    pub listen_tls: Option<Vec<Spanned<String>>>,
    /// Processes; one per core.
    pub workers: Option<Spanned<u16>>,
    /// Minutes a session may be silent.
    pub idle_minutes: Option<Spanned<u32>>,
    /// Connections open at once, each worker.
    pub max_connections: Option<Spanned<u32>>,
    /// Connections from one address open at once, each worker.
    pub max_connections_per_address: Option<Spanned<u32>>,
    /// Connections from one network open at once, each worker.
    pub max_connections_per_network: Option<Spanned<u32>>,
    /// Networks of proxies that send a PROXY protocol header.
    #[serde(default)]
    pub proxy_from: Vec<Spanned<String>>,
}

/// `[pop3]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pop3 {
    /// Addresses with port on which a session begins in plain and is secured by STLS (RFC 2595 section 4).
    pub listen: Option<Vec<Spanned<String>>>,
    /// Addresses with port on which TLS begins with the first byte (RFC 8314 section 3).
    pub listen_tls: Option<Vec<Spanned<String>>>,
    /// Processes; one per core.
    pub workers: Option<Spanned<u16>>,
    /// Minutes a session may be silent.
    pub idle_minutes: Option<Spanned<u32>>,
    /// Connections open at once, each worker.
    pub max_connections: Option<Spanned<u32>>,
    /// Connections from one address open at once, each worker.
    pub max_connections_per_address: Option<Spanned<u32>>,
    /// Connections from one network open at once, each worker.
    pub max_connections_per_network: Option<Spanned<u32>>,
    /// Networks of proxies that send a PROXY protocol header.
    #[serde(default)]
    pub proxy_from: Vec<Spanned<String>>,
}

/// `[submission]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Addresses with port on which a session begins in plain and is secured by STARTTLS (RFC 6409 section 3.1).
    pub listen: Option<Vec<Spanned<String>>>,
    /// Addresses with port on which TLS begins with the first byte (RFC 8314 section 3.3).
    pub listen_tls: Option<Vec<Spanned<String>>>,
    /// Processes; one per core.
    pub workers: Option<Spanned<u16>>,
    /// Recipients of one transaction.
    pub max_recipients: Option<Spanned<u32>>,
    /// Recipients elsewhere to whom one account may send in an hour.
    pub max_recipients_per_hour: Option<Spanned<u32>>,
    /// Connections open at once, each worker.
    pub max_connections: Option<Spanned<u32>>,
    /// Connections from one address open at once, each worker.
    pub max_connections_per_address: Option<Spanned<u32>>,
    /// Connections from one network open at once, each worker.
    pub max_connections_per_network: Option<Spanned<u32>>,
    /// Networks of proxies that send a PROXY protocol header.
    #[serde(default)]
    pub proxy_from: Vec<Spanned<String>>,
}

/// `[lmtp]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lmtp {
    /// Addresses with port; whoever reaches them delivers mail to everybody who lives here.
    pub listen: Option<Vec<Spanned<String>>>,
    /// A socket in the file system; empty for none.
    pub listen_unix: Option<Spanned<PathBuf>>,
    /// Who may connect to it, as chmod writes it.
    pub unix_mode: Option<Spanned<String>>,
    /// The group it belongs to.
    pub unix_group: Option<Spanned<String>>,
    /// Processes; one per core.
    pub workers: Option<Spanned<u16>>,
    /// Recipients of one transaction.
    pub max_recipients: Option<Spanned<u32>>,
    /// Connections open at once, each worker.
    pub max_connections: Option<Spanned<u32>>,
    /// Connections from one address open at once, each worker.
    pub max_connections_per_address: Option<Spanned<u32>>,
    /// Connections from one network open at once, each worker.
    pub max_connections_per_network: Option<Spanned<u32>>,
    /// Networks of proxies that send a PROXY protocol header.
    #[serde(default)]
    pub proxy_from: Vec<Spanned<String>>,
}

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Memory for messages on their way in, all sessions together.
    pub upload_memory: Option<Spanned<Quantity>>,
}

/// A number of bytes: plain, or with a unit.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a size: a number of bytes, or text such as \"50 MiB\"")]
pub enum Quantity {
    /// Bytes.
    Bytes(i64),
    /// With a unit.
    Text(String),
}

pub(super) fn default_run_dir() -> PathBuf {
    "/run/bulkhead".into()
}

pub(super) fn default_state_dir() -> PathBuf {
    "/var/lib/bulkhead".into()
}
