//! The way to `auth` and the store, over real channels, with the other ends played by the test.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use ipc::channel::{self, Receiver, Sender};
use ipc::frame::Frame;
use ipc::mail::{AccountId, Address, Senders, Target};
use ipc::rpc::{Client, serve};
use ipc::service::login::{Login as LoginService, LoginReply};
use ipc::service::outcome::Outcomes;
use ipc::service::submit::{Remote, SubmitReply, SubmitRequest};
use ipc::socket::pair;
use listener::connection::ConnectionId;
use listener::gate::Guest;
use listener::helpers::Helpers;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::proto::{Body, ReversePath, Scanned};

/// The store's end of a session.
struct Store {
    sender: Sender<SubmitReply>,
    receiver: Receiver<SubmitRequest>,
}

impl Store {
    fn new(socket: OwnedFd) -> Self {
        let (sender, receiver) = channel::open(socket).unwrap();
        Store { sender, receiver }
    }

    async fn request(&mut self) -> SubmitRequest {
        match self.receiver.receive().await.unwrap() {
            Frame::Message(request, _) => request,
            Frame::Chunk { .. } => panic!("a chunk"),
        }
    }
}

fn senders() -> Senders {
    let anna = Address { local: "anna".into(), domain: "here.example".into() };
    Senders { addresses: vec![anna], ..Senders::default() }
}

/// A backend wired to an `auth` that knows one password, and to a store that knows one thing about each transaction.
fn wired(after: Option<OutcomeReply>) -> (SubmitBackend, UnboundedReceiver<Store>) {
    let peers = Peers::default();
    let (sessions, opened) = unbounded_channel();
    let (here, there) = pair().unwrap();
    tokio::task::spawn_local(serve::<LoginService>(there, 16, move |request, responder| {
        match (request.login.as_str(), request.password.0.as_slice()) {
            ("anna", b"secret") => {
                let (ours, theirs) = pair().unwrap();
                sessions.send(Store::new(ours)).map_err(|_| ()).unwrap();
                let welcome = LoginReply::Welcome { account: AccountId(9), senders: senders() };
                responder.reply(welcome, vec![theirs]);
            }
            ("blocked", _) => responder.reply(LoginReply::Blocked { seconds: 60 }, Vec::new()),
            _ => responder.reply(LoginReply::Denied, Vec::new()),
        }
    }));
    peers.login.replace(Client::start(here).unwrap());
    if let Some(after) = after {
        let (here, there) = pair().unwrap();
        tokio::task::spawn_local(serve::<Outcomes>(there, 16, move |_, responder| {
            responder.reply(after, Vec::new());
        }));
        peers.outcomes.replace(Client::start(here).unwrap());
    }
    let address: SocketAddr = "192.0.2.7:1".parse().unwrap();
    let connection = Connection {
        id: ConnectionId::random().unwrap(),
        peer: address,
        local: address,
        tls: None,
        helpers: Helpers::start().unwrap(),
        guest: Guest::alone(address.ip()).unwrap(),
    };
    (SubmitBackend::new(Rc::new(peers), &connection), opened)
}

async fn log_in(backend: &mut SubmitBackend, login: &str, password: &[u8]) -> Login {
    let ask = Ask::Login { login: login.into(), password: Password(password.to_vec()) };
    match backend.perform(ask).await {
        Answer::Login(login) => login,
        other => panic!("{other:?}"),
    }
}

async fn logged_in(after: Option<OutcomeReply>) -> (SubmitBackend, Store) {
    let (mut backend, mut opened) = wired(after);
    assert_eq!(log_in(&mut backend, "anna", b"secret").await, Login::Welcome(senders()));
    let store = opened.recv().await.unwrap();
    (backend, store)
}

async fn begin(backend: &mut SubmitBackend) -> Result<Begun, Failure> {
    let begin = Begin {
        transaction: 1,
        reverse_path: ReversePath::Null,
        declared_size: None,
        body: Body::SevenBit,
        targets: 2,
    };
    match backend.perform(Ask::Begin(begin)).await {
        Answer::Begin(begun) => begun,
        other => panic!("{other:?}"),
    }
}

async fn commit(backend: &mut SubmitBackend) -> Outcome {
    let remote = Remote {
        address: Address { local: "dora".into(), domain: "there.example".into() },
        notify: None,
        orcpt: None,
    };
    let commit = Commit {
        targets: BTreeSet::from([proto::Target::Account(7)]),
        end: SubmitEnd { reverse_path: None, remote: vec![remote], ..SubmitEnd::default() },
        scanned: Scanned::Panicked,
        size: 4,
    };
    match backend.perform(Ask::Commit(Box::new(commit))).await {
        Answer::Commit(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn without_a_login_there_is_no_store() {
    local(async {
        let (mut backend, _opened) = wired(None);
        assert_eq!(begin(&mut backend).await, Err(Failure::Ended));
        assert_eq!(log_in(&mut backend, "anna", b"guess").await, Login::Denied);
        assert_eq!(log_in(&mut backend, "blocked", b"secret").await, Login::Blocked);
        assert_eq!(begin(&mut backend).await, Err(Failure::Ended));
    });
}

#[test]
fn one_commit_names_local_and_remote_recipients() {
    local(async {
        let (mut backend, mut store) = logged_in(None).await;
        let id = begin(&mut backend).await.unwrap().id;
        assert!(
            matches!(store.request().await, SubmitRequest::Begin { transaction, .. } if transaction.0 == id.0)
        );
        let answering = tokio::task::spawn_local(async move {
            let SubmitRequest::Commit { stream, end } = store.request().await else { panic!("no commit") };
            let outcome = Delivered::Stored;
            store.sender.send(&SubmitReply::Finished { stream, outcome }, &[]).await.unwrap();
            end
        });
        assert_eq!(commit(&mut backend).await, Outcome::Stored);
        let end = answering.await.unwrap();
        assert_eq!(end.targets, [Target::Account(AccountId(7))]);
        assert_eq!((end.remote.len(), end.structure.len()), (1, 0), "the structure is unknown after a panic");
        assert!(end.is_in_form());
    });
}

/// The store dies between commit and reply: the next one knows. After that there is no session any more.
#[test]
fn the_next_store_is_asked_what_became_of_it() {
    for (known, expected) in [
        (Some(OutcomeReply::Stored), Outcome::Stored),
        (Some(OutcomeReply::NotStored), Outcome::Refused(Failure::Temporary)),
    ] {
        local(async {
            let (mut backend, mut store) = logged_in(known).await;
            begin(&mut backend).await.unwrap();
            let dying = tokio::task::spawn_local(async move {
                while !matches!(store.request().await, SubmitRequest::Commit { .. }) {}
            });
            assert_eq!(commit(&mut backend).await, expected);
            dying.await.unwrap();
            assert_eq!(begin(&mut backend).await, Err(Failure::Ended));
        });
    }
}
