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
use ipc::slice::{Limits, Pop3Config, RoleConfig};
use listener::connection::Connection;
use listener::gate::Custom;
use listener::helpers::Helpers;
use listener::login::Logins;
use listener::serve::Reader;
use sandbox::startup::Started;

use crate::proto::{Pop3Session, Security, Settings, Shares};
use backend::StoreBackend;

/// Serves until the master says to end.
///
/// # Errors
/// When the master is gone or out of phase.
pub async fn serve(started: Started<Helpers>) -> Result<(), Failure> {
    let Started { config, control, prepared: helpers, .. } = started;
    let RoleConfig::Pop3(config) = config else {
        return Err(Failure::new(Exit::Software, "the slice of another role"));
    };
    listener::serve::serve(control, Pop3::new(&config), helpers).await
}

/// What POP3 brings to a listener.
#[derive(Debug)]
pub struct Pop3 {
    settings: Arc<Settings>,
    limits: Limits,
    logins: Logins,
}

impl Pop3 {
    /// As its slice of the configuration says.
    #[must_use]
    pub fn new(config: &Pop3Config) -> Self {
        let settings = Settings {
            hostname: config.hostname.clone(),
            idle: Duration::from_secs(u64::from(config.idle_minutes).saturating_mul(60)),
            shares: Shares::default(),
        };
        Pop3 { settings: Arc::new(settings), limits: config.limits, logins: Logins::default() }
    }
}

impl Reader for Pop3 {
    type Session = Pop3Session;
    type Backend = StoreBackend;

    fn limits(&self) -> Limits {
        self.limits
    }

    fn reloaded(&self, config: &RoleConfig) -> Result<Self, ReloadRefusal> {
        let RoleConfig::Pop3(config) = config else { return Err(ReloadRefusal::Restart) };
        let Pop3 { settings, limits, .. } = Pop3::new(config);
        let settings = Settings { shares: self.settings.shares.clone(), ..(*settings).clone() };
        Ok(Pop3 { settings: Arc::new(settings), limits, logins: self.logins.clone() })
    }

    fn custom(&self) -> Custom {
        Custom::LogIn
    }

    fn busy(&self) -> &[u8] {
        b"-ERR [SYS/TEMP] Too many connections or errors, try again later.\r\n"
    }

    fn open(&self, connection: &Connection) -> (Pop3Session, StoreBackend) {
        let security = if connection.tls.is_some() { Security::Tls } else { Security::Plain };
        let backend = StoreBackend::new(Rc::clone(&self.logins.link), connection);
        (Pop3Session::new(Arc::clone(&self.settings), security), backend)
    }

    fn introduce(&self, control: &Control) {
        self.logins.introduce(control);
    }

    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure> {
        self.logins.wire(service, peer, socket)
    }
}
