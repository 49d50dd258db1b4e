//! The roles `mx`, `submission` and `lmtp`: sessions on sockets they were handed, with the other compartments behind them.

mod deliver;
mod directory;
mod message;
mod submit;

use std::sync::Arc;

use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::slice::{Limits, LmtpConfig, MxConfig, RoleConfig, SubmissionConfig};
use listener::connection::Connection;
use listener::helpers::Helpers;
use listener::session::Session as _;

use crate::proto::{Service, Settings, SmtpSession, StartTls};
use deliver::DeliverReader;
use submit::SubmitReader;

/// MAIL commands of one connection: then it has to come again, and perhaps to another worker. Far beyond what a list
/// server sends in one go, and whoever loads a mailbox.
const MAX_TRANSACTIONS: u32 = 100_000;

/// Serves until the master says to end.
///
/// # Errors
/// When the configuration is of no role of this program, or the master is gone.
pub async fn serve(config: RoleConfig, control: Control, helpers: Helpers) -> Result<(), Failure> {
    match Door::of(&config) {
        Some(door) if door.settings.service == Service::Submission => {
            listener::serve::serve(control, SubmitReader::new(door), helpers).await
        }
        Some(door) => listener::serve::serve(control, DeliverReader::new(door), helpers).await,
        None => Err(Failure::new(Exit::Software, "the slice of another role")),
    }
}

/// What the configuration says about sessions.
struct Door {
    settings: Arc<Settings>,
    limits: Limits,
    /// What a client is told whose address has too many connections.
    busy: Vec<u8>,
}

impl Door {
    fn of(config: &RoleConfig) -> Option<Self> {
        let (service, hostname, max_message_size, max_recipients, limits) = match config {
            RoleConfig::Mx(MxConfig { hostname, max_message_size, max_recipients, limits }) => {
                (Service::Mx, hostname, max_message_size, max_recipients, limits)
            }
            RoleConfig::Submission(SubmissionConfig {
                hostname,
                max_message_size,
                max_recipients,
                limits,
            }) => (Service::Submission, hostname, max_message_size, max_recipients, limits),
            RoleConfig::Lmtp(LmtpConfig { hostname, max_message_size, max_recipients, limits }) => {
                (Service::Lmtp, hostname, max_message_size, max_recipients, limits)
            }
            _ => return None,
        };
        let settings = Settings {
            hostname: hostname.clone(),
            max_message_size: *max_message_size,
            max_recipients: usize::try_from(*max_recipients).unwrap_or(usize::MAX),
            max_transactions: MAX_TRANSACTIONS,
            starttls: StartTls::Offered,
            service,
        };
        let busy = format!("421 4.7.0 {hostname} Too many connections or errors, try again later\r\n");
        Some(Door { settings: Arc::new(settings), limits: *limits, busy: busy.into_bytes() })
    }

    /// The same role's with another configuration.
    fn reloaded(&self, config: &RoleConfig) -> Option<Self> {
        Door::of(config).filter(|new| new.settings.service == self.settings.service)
    }

    fn open(&self, connection: &Connection) -> SmtpSession {
        let mut session = SmtpSession::new(Arc::clone(&self.settings), connection.peer.ip());
        if let Some(tls) = &connection.tls {
            session.secured_with(tls);
        }
        session
    }
}
