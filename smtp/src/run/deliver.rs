//! `mx` and `lmtp`: messages go to those who live here, over the channel `deliver`, and nowhere else.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::control::Control;
use ipc::exit::{Exit, Failure as Fatal};
use ipc::mail::TransactionId;
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::rpc::{Client, Link};
use ipc::service::control::ReloadRefusal;
use ipc::service::deliver::{DeliverClient, Delivery, Folder, PATIENCE};
use ipc::service::directory::Directory;
use ipc::slice::{Limits, RoleConfig};
use listener::connection::{Connection, ConnectionId};
use listener::gate::Custom;
use listener::serve::Reader;
use listener::session::Backend;

use super::Door;
use super::directory::look_up;
use super::message::{self, Present};
use crate::proto::{
    self, Answer, Ask, Begin, Begun, Commit, Failure, ForwardPath, Login, Outcome, SmtpSession, Verdict,
};

const _: () = assert!(proto::MAX_TARGETS <= ipc::service::deliver::TARGETS_MAX);

/// The other compartments, as this worker reaches them.
#[derive(Debug, Default)]
struct Peers {
    /// `auth`.
    directory: Link<Client<Directory>>,
    /// The store.
    deliver: Link<DeliverClient>,
}

/// What both roles bring to a listener.
pub(super) struct DeliverReader {
    door: Door,
    peers: Rc<Peers>,
}

impl DeliverReader {
    pub(super) fn new(door: Door) -> Self {
        DeliverReader { door, peers: Rc::default() }
    }
}

impl Reader for DeliverReader {
    type Session = SmtpSession;
    type Backend = DeliverBackend;

    fn limits(&self) -> Limits {
        self.door.limits
    }

    fn reloaded(&self, config: &RoleConfig) -> Result<Self, ReloadRefusal> {
        let door = self.door.reloaded(config).ok_or(ReloadRefusal::Restart)?;
        Ok(DeliverReader { door, peers: Rc::clone(&self.peers) })
    }

    fn custom(&self) -> Custom {
        Custom::Anonymous
    }

    fn busy(&self) -> &[u8] {
        &self.door.busy
    }

    fn open(&self, connection: &Connection) -> (SmtpSession, DeliverBackend) {
        let backend = DeliverBackend {
            peers: Rc::clone(&self.peers),
            connection: connection.id,
            present: Present::default(),
            delivery: None,
        };
        (self.door.open(connection), backend)
    }

    fn introduce(&self, control: &Control) {
        self.peers.directory.on_starving(control.plea(Service::Directory));
        self.peers.deliver.on_starving(control.plea(Service::Deliver));
    }

    fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Fatal> {
        let unfit = |error| Fatal::system(&format!("channel to {peer}"), error);
        match service {
            Service::Directory => self.peers.directory.replace(Client::start(socket).map_err(unfit)?),
            Service::Deliver => self.peers.deliver.replace(DeliverClient::start(socket).map_err(unfit)?),
            _ => return Err(Fatal::new(Exit::Software, format!("{peer} was wired for {service:?}"))),
        }
        Ok(())
    }
}

/// What performs the questions of one connection.
#[derive(Debug)]
pub(super) struct DeliverBackend {
    peers: Rc<Peers>,
    connection: ConnectionId,
    present: Present,
    delivery: Option<Delivery>,
}

impl DeliverBackend {
    async fn recipient(&mut self, count: u32, address: &ForwardPath) -> Verdict {
        match self.present.id(count) {
            Some(id) => look_up(&self.peers.directory, id, address).await,
            None => Verdict::TemporaryFailure,
        }
    }

    async fn begin(&mut self, begin: &Begin) -> Result<Begun, Failure> {
        let id = self.present.id(begin.transaction).ok_or(Failure::Temporary)?;
        let store = self.peers.deliver.get(PATIENCE, |client| !client.is_gone()).await;
        let delivery = match store {
            Some(store) => store.begin(id).await.map_err(|error| self.no_store(id, &error))?,
            None => return Err(self.no_store(id, &"it is away")),
        };
        tracing::debug!(
            %id, connection = %self.connection, from = %begin.reverse_path, targets = begin.targets, "message begins"
        );
        self.delivery = Some(delivery);
        Ok(message::begun(id))
    }

    fn no_store(&self, id: TransactionId, why: &dyn std::fmt::Display) -> Failure {
        tracing::warn!(%id, connection = %self.connection, %why, "the store takes no message");
        Failure::Temporary
    }

    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(delivery) = &mut self.delivery else { return Err(Failure::Temporary) };
        match delivery.chunk(bytes).await {
            Ok(()) => Ok(()),
            Err(why) => {
                self.delivery = None;
                Err(message::failure(why))
            }
        }
    }

    async fn commit(&mut self, commit: Commit) -> Outcome {
        let (Some(delivery), Some(id)) = (self.delivery.take(), self.present.end()) else {
            return Outcome::Refused(Failure::Temporary);
        };
        let structure = message::structure(id, &commit.scanned);
        let targets = commit.targets.into_iter().map(message::wire_target).collect();
        let delivered = delivery.commit(&self.peers.deliver, targets, Folder::Inbox, structure).await;
        tracing::info!(
            %id, connection = %self.connection, bytes = commit.size, outcome = message::word(delivered), "message ends"
        );
        message::outcome(delivered)
    }
}

impl Backend for DeliverBackend {
    type Ask = Ask;
    type Answer = Answer;

    async fn perform(&mut self, ask: Ask) -> Answer {
        match ask {
            // nobody logs in here: a session that asks has gone wrong
            Ask::Login { .. } => Answer::Login(Login::Unavailable),
            Ask::Recipient { transaction, address } => {
                Answer::Recipient(self.recipient(transaction, &address).await)
            }
            Ask::Begin(begin) => Answer::Begin(self.begin(&begin).await),
            Ask::Chunk(bytes) => Answer::Chunk(self.chunk(&bytes).await),
            Ask::Commit(commit) => Answer::Commit(self.commit(*commit).await),
            Ask::Abort => {
                self.delivery = None;
                self.present.end();
                Answer::Abort
            }
        }
    }
}
