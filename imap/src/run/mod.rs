//! The role: wires the session to its listener, to `auth` and to the store.

pub mod backend;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::service::control::ReloadRefusal;
use ipc::slice::{ImapConfig, Limits, RoleConfig};
use listener::connection::Connection;
use listener::gate::Custom;
use listener::helpers::Helpers;
use listener::login::Logins;
use listener::serve::Reader;
use sandbox::startup::Started;

use crate::proto::{ImapSession, Security, Settings, Shares};
use backend::StoreBackend;

/// Serves until the master says to end.
///
/// # Errors
/// When the master is gone or out of phase.
pub async fn serve(started: Started<Helpers>) -> Result<(), Failure> {
    let Started { config, control, prepared: helpers, .. } = started;
    let RoleConfig::Imap(config) = config else {
        return Err(Failure::new(Exit::Software, "the slice of another role"));
    };
    listener::serve::serve(control, Imap::new(&config), helpers).await
}

/// What IMAP brings to a listener.
#[derive(Debug)]
pub struct Imap {
    settings: Arc<Settings>,
    limits: Limits,
    logins: Logins,
}

impl Imap {
    /// As its slice of the configuration says.
    #[must_use]
    pub fn new(config: &ImapConfig) -> Self {
        let settings = Settings {
            hostname: config.hostname.clone(),
            max_message_size: config.max_message_size,
            idle: Duration::from_secs(u64::from(config.idle_minutes).saturating_mul(60)),
            shares: Shares::default(),
        };
        Imap { settings: Arc::new(settings), limits: config.limits, logins: Logins::default() }
    }
}

impl Reader for Imap {
    type Session = ImapSession;
    type Backend = StoreBackend;

    fn limits(&self) -> Limits {
        self.limits
    }

    fn reloaded(&self, config: &RoleConfig) -> Result<Self, ReloadRefusal> {
        let RoleConfig::Imap(config) = config else { return Err(ReloadRefusal::Restart) };
        let Imap { settings, limits, .. } = Imap::new(config);
        let settings = Settings { shares: self.settings.shares.clone(), ..(*settings).clone() };
        Ok(Imap { settings: Arc::new(settings), limits, logins: self.logins.clone() })
    }

    fn custom(&self) -> Custom {
        Custom::LogIn
    }

    fn busy(&self) -> &[u8] {
        b"* BYE [LIMIT] Too many connections or errors, try again later.\r\n"
    }

    fn open(&self, connection: &Connection) -> (ImapSession, StoreBackend) {
        let security = if connection.tls.is_some() { Security::Tls } else { Security::Plain };
        let backend = StoreBackend::new(Rc::clone(&self.logins.link), connection);
        (ImapSession::new(Arc::clone(&self.settings), security), backend)
    }

    fn introduce(&self, control: &Control) {
        self.logins.introduce(control);
    }

    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure> {
        self.logins.wire(service, peer, socket)
    }
}
