//! `submission`: who logs in gets a channel to the store over which he sends as himself, to anywhere.

mod backend;

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::rpc::{Client, Link};
use ipc::service::control::ReloadRefusal;
use ipc::service::directory::Directory;
use ipc::service::login::Login;
use ipc::service::outcome::Outcomes;
use ipc::slice::{Limits, RoleConfig};
use listener::connection::Connection;
use listener::gate::Custom;
use listener::serve::Reader;

use super::Door;
use crate::proto::SmtpSession;
use backend::SubmitBackend;

/// The other compartments, as this worker reaches them. The store takes mail only over what comes with a login.
#[derive(Debug, Default)]
struct Peers {
    /// `auth`, for logins.
    login: Link<Client<Login>>,
    /// `auth`, for recipients.
    directory: Link<Client<Directory>>,
    /// The store, for what became of a message.
    outcomes: Link<Client<Outcomes>>,
}

/// What the role brings to a listener.
pub(super) struct SubmitReader {
    door: Door,
    peers: Rc<Peers>,
}

impl SubmitReader {
    pub(super) fn new(door: Door) -> Self {
        SubmitReader { door, peers: Rc::default() }
    }
}

impl Reader for SubmitReader {
    type Session = SmtpSession;
    type Backend = SubmitBackend;

    fn limits(&self) -> Limits {
        self.door.limits
    }

    fn reloaded(&self, config: &RoleConfig) -> Result<Self, ReloadRefusal> {
        let door = self.door.reloaded(config).ok_or(ReloadRefusal::Restart)?;
        Ok(SubmitReader { door, peers: Rc::clone(&self.peers) })
    }

    fn custom(&self) -> Custom {
        Custom::LogIn
    }

    fn busy(&self) -> &[u8] {
        &self.door.busy
    }

    fn open(&self, connection: &Connection) -> (SmtpSession, SubmitBackend) {
        (self.door.open(connection), SubmitBackend::new(Rc::clone(&self.peers), connection))
    }

    fn introduce(&self, control: &Control) {
        self.peers.login.on_starving(control.plea(Service::Login));
        self.peers.directory.on_starving(control.plea(Service::Directory));
        self.peers.outcomes.on_starving(control.plea(Service::Outcome));
    }

    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure> {
        let unfit = |error| Failure::system(&format!("channel to {peer}"), error);
        match service {
            Service::Login => self.peers.login.replace(Client::start(socket).map_err(unfit)?),
            Service::Directory => self.peers.directory.replace(Client::start(socket).map_err(unfit)?),
            Service::Outcome => self.peers.outcomes.replace(Client::start(socket).map_err(unfit)?),
            _ => return Err(Failure::new(Exit::Software, format!("{peer} was wired for {service:?}"))),
        }
        Ok(())
    }
}
