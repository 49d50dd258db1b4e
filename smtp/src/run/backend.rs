//! Performs what a session asks: look-ups at `auth`, the message at the store.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use ipc::mail::{self, TransactionId};
use ipc::rpc::{Client, Link};
use ipc::service::deliver::{DeliverClient, Delivered, Delivery, Folder, PATIENCE as STORE_PATIENCE};
use ipc::service::directory::{self, Directory, DirectoryReply, DirectoryRequest};
use ipc::service::upload::STRUCTURE_MAX;
use listener::connection::ConnectionId;
use listener::session::Backend;

use crate::proto::{
    self, Answer, Ask, Begin, Begun, Commit, Domain, Failure, ForwardPath, Outcome, Target, Verdict,
};

const _: () = assert!(proto::MAX_TARGETS <= ipc::service::deliver::TARGETS_MAX);

/// The other compartments, as this worker reaches them.
#[derive(Debug, Default)]
pub(super) struct Peers {
    /// `auth`.
    pub(super) directory: Link<Client<Directory>>,
    /// The store.
    pub(super) deliver: Link<DeliverClient>,
}

/// What performs the questions of one connection.
#[derive(Debug)]
pub(super) struct MxBackend {
    peers: Rc<Peers>,
    connection: ConnectionId,
    /// The present transaction: its count within the connection, and its name everywhere.
    transaction: Option<(u32, TransactionId)>,
    delivery: Option<Delivery>,
}

impl MxBackend {
    /// For one connection.
    #[must_use]
    pub(super) fn new(peers: Rc<Peers>, connection: ConnectionId) -> Self {
        MxBackend { peers, connection, transaction: None, delivery: None }
    }

    /// The name of the connection's n-th transaction, made when it is first needed.
    fn id(&mut self, count: u32) -> Option<TransactionId> {
        match self.transaction {
            Some((present, id)) if present == count => Some(id),
            _ => {
                let id = TransactionId::random()
                    .inspect_err(|error| tracing::error!(%error, "no randomness for a transaction id"))
                    .ok()?;
                self.transaction = Some((count, id));
                Some(id)
            }
        }
    }

    async fn recipient(&mut self, count: u32, address: &ForwardPath) -> Verdict {
        let Some(transaction) = self.id(count) else { return Verdict::TemporaryFailure };
        let Some(recipient) = recipient(address) else { return Verdict::NotLocal };
        let request = DirectoryRequest { recipient, transaction };
        match self.peers.directory.insist(directory::PATIENCE, request).await {
            Ok((DirectoryReply::Deliver(targets), _)) => {
                Verdict::Accepted(targets.into_iter().map(target).collect())
            }
            Ok((DirectoryReply::Unknown, _)) => Verdict::Unknown,
            Ok((DirectoryReply::NotLocal, _)) => Verdict::NotLocal,
            Ok((DirectoryReply::Unavailable, _)) => Verdict::TemporaryFailure,
            Err(error) => {
                tracing::warn!(id = %transaction, %error, "the directory does not answer");
                Verdict::TemporaryFailure
            }
        }
    }

    async fn begin(&mut self, begin: &Begin) -> Result<Begun, Failure> {
        let id = self.id(begin.transaction).ok_or(Failure::Temporary)?;
        let store = self.peers.deliver.get(STORE_PATIENCE, |client| !client.is_gone()).await;
        let delivery = match store {
            Some(store) => store.begin(id).await.map_err(|error| self.no_store(id, &error))?,
            None => return Err(self.no_store(id, &"it is away")),
        };
        tracing::debug!(
            %id, connection = %self.connection, from = %begin.reverse_path, targets = begin.targets, "message begins"
        );
        self.delivery = Some(delivery);
        Ok(Begun { id: proto::TransactionId(id.0), now: now() })
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
                Err(failure(why))
            }
        }
    }

    async fn commit(&mut self, commit: Commit) -> Outcome {
        let (Some(delivery), Some((_, id))) = (self.delivery.take(), self.transaction.take()) else {
            return Outcome::Refused(Failure::Temporary);
        };
        // What is left out is computed by whoever needs it.
        let structure = ipc::codec::encode_record(&commit.structure)
            .ok()
            .filter(|encoded| encoded.len() <= STRUCTURE_MAX)
            .unwrap_or_default();
        let targets = commit.targets.into_iter().map(wire_target).collect();
        let outcome = delivery.commit(&self.peers.deliver, targets, Folder::Inbox, structure).await;
        let ended = outcome.map_or("unknown", word);
        tracing::info!(%id, connection = %self.connection, bytes = commit.size, outcome = ended, "message ends");
        match outcome {
            Some(Delivered::Stored) => Outcome::Stored,
            Some(why) => Outcome::Refused(failure(why)),
            None => Outcome::Unknown,
        }
    }
}

impl Backend for MxBackend {
    type Ask = Ask;
    type Answer = Answer;

    async fn perform(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Recipient { transaction, address } => {
                Answer::Recipient(self.recipient(transaction, &address).await)
            }
            Ask::Begin(begin) => Answer::Begin(self.begin(&begin).await),
            Ask::Chunk(bytes) => Answer::Chunk(self.chunk(&bytes).await),
            Ask::Commit(commit) => Answer::Commit(self.commit(*commit).await),
            Ask::Abort => {
                self.delivery = None;
                self.transaction = None;
                Answer::Abort
            }
        }
    }
}

/// The recipient as `auth` is asked; `None` for an address literal, which is nobody's domain here.
fn recipient(path: &ForwardPath) -> Option<mail::Address> {
    match path {
        ForwardPath::Postmaster => Some(mail::Address { local: "postmaster".into(), domain: String::new() }),
        ForwardPath::Mailbox(address) => match address.domain() {
            Domain::Name(name) => {
                Some(mail::Address { local: address.local().to_owned(), domain: name.to_ascii_lowercase() })
            }
            Domain::Literal(_) => None,
        },
    }
}

fn target(target: mail::Target) -> Target {
    match target {
        mail::Target::Account(account) => Target::Account(account.0),
        mail::Target::Forward(forward) => Target::Forward(forward.0),
    }
}

fn wire_target(target: Target) -> mail::Target {
    match target {
        Target::Account(account) => mail::Target::Account(mail::AccountId(account)),
        Target::Forward(forward) => mail::Target::Forward(mail::ForwardId(forward)),
    }
}

/// For the log.
fn word(outcome: Delivered) -> &'static str {
    match outcome {
        Delivered::Stored => "stored",
        Delivered::NoAccount => "an account is gone",
        Delivered::Full => "no space",
        Delivered::TooLarge => "too large",
        Delivered::NotStored => "not stored",
    }
}

fn failure(why: Delivered) -> Failure {
    match why {
        Delivered::Full | Delivered::TooLarge => Failure::Full,
        Delivered::Stored | Delivered::NoAccount | Delivered::NotStored => Failure::Temporary,
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
