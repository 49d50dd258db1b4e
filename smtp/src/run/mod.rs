//! The role `mx`: sessions on sockets it was handed, with the other compartments behind them.

mod backend;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::rpc::Client;
use ipc::service::deliver::DeliverClient;
use ipc::slice::{Limits, MxConfig, RoleConfig};
use listener::connection::Connection;
use listener::helpers::Helpers;
use listener::serve::Reader;
use listener::session::Session as _;

use crate::proto::{Mx, Settings, StartTls};
use backend::{MxBackend, Peers};

/// MAIL commands of one connection: then it has to come again, and perhaps to another worker. Far beyond what a list
/// server sends in one go, and whoever loads a mailbox.
const MAX_TRANSACTIONS: u32 = 100_000;

/// Serves until the master says to end.
///
/// # Errors
/// When the configuration is not this role's, or the master is gone.
pub async fn serve(config: RoleConfig, control: Control, helpers: Helpers) -> Result<(), Failure> {
    let RoleConfig::Mx(config) = config else {
        return Err(Failure::new(Exit::Software, "not the configuration of mx"));
    };
    listener::serve::serve(control, MxReader::new(&config), helpers).await
}

struct MxReader {
    settings: Arc<Settings>,
    limits: Limits,
    busy: Vec<u8>,
    peers: Rc<Peers>,
}

impl MxReader {
    fn new(config: &MxConfig) -> Self {
        let settings = Settings {
            hostname: config.hostname.clone(),
            max_message_size: config.max_message_size,
            max_recipients: usize::try_from(config.max_recipients).unwrap_or(usize::MAX),
            max_transactions: MAX_TRANSACTIONS,
            starttls: StartTls::Offered,
        };
        let busy = format!("421 4.7.0 {} Too many connections from your address\r\n", config.hostname);
        MxReader {
            settings: Arc::new(settings),
            limits: config.limits,
            busy: busy.into_bytes(),
            peers: Rc::default(),
        }
    }
}

impl Reader for MxReader {
    type Session = Mx;
    type Backend = MxBackend;

    fn limits(&self) -> Limits {
        self.limits
    }

    fn busy(&self) -> &[u8] {
        &self.busy
    }

    fn open(&self, connection: &Connection) -> (Mx, MxBackend) {
        let mut session = Mx::new(Arc::clone(&self.settings), connection.peer.ip());
        if let Some(tls) = &connection.tls {
            session.secured_with(tls);
        }
        (session, MxBackend::new(Rc::clone(&self.peers), connection.id))
    }

    fn introduce(&self, control: &Control) {
        self.peers.directory.on_starving(control.plea(Service::Directory));
        self.peers.deliver.on_starving(control.plea(Service::Deliver));
    }

    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure> {
        let unfit = |error| Failure::system(&format!("channel to {peer}"), error);
        match service {
            Service::Directory => self.peers.directory.replace(Client::start(socket).map_err(unfit)?),
            Service::Deliver => self.peers.deliver.replace(DeliverClient::start(socket).map_err(unfit)?),
            Service::Login | Service::Sessions | Service::Handshake | Service::Outcome => {
                return Err(Failure::new(Exit::Software, format!("mx asks nothing over {service:?}")));
            }
        }
        Ok(())
    }
}
