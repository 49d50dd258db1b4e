//! The way to `auth` and the store, over real channels, with the other ends played by the test.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use bulkhead_pop3::proto::{Answer, Ask, LoginOutcome};
use bulkhead_pop3::run::backend::StoreBackend;
use ipc::channel::{self, Receiver, Sender};
use ipc::frame::Frame;
use ipc::mail::{AccountId, Password, Senders, UidRange};
use ipc::rpc::{Client, Link};
use ipc::service::login::{Login, LoginReply};
use ipc::service::mailbox::{MailboxReply, MailboxRequest, Refusal};
use ipc::socket::{CHUNK_MAX, pair};
use listener::connection::{Connection, ConnectionId};
use listener::gate::Guest;
use listener::helpers::Helpers;
use listener::session::Backend;

/// The store's end of a session.
struct Store {
    sender: Sender<MailboxReply>,
    receiver: Receiver<MailboxRequest>,
}

impl Store {
    fn new(socket: OwnedFd) -> Self {
        let (sender, receiver) = channel::open(socket).unwrap();
        Store { sender, receiver }
    }

    async fn request(&mut self) -> MailboxRequest {
        match self.receiver.receive().await.unwrap() {
            Frame::Message(request, _) => request,
            Frame::Chunk { .. } => panic!("a chunk"),
        }
    }

    async fn reply(&self, reply: MailboxReply) {
        self.sender.send(&reply, &[]).await.unwrap();
    }
}

/// A backend that is wired to an `auth` which knows one password.
fn wired() -> (StoreBackend, tokio::sync::mpsc::UnboundedReceiver<Store>) {
    let (here, there) = pair().unwrap();
    let (sessions, opened) = tokio::sync::mpsc::unbounded_channel();
    tokio::task::spawn_local(ipc::rpc::serve::<Login>(there, 16, move |request, responder| {
        if request.password.0 != b"secret" || request.login != "user" {
            return responder.reply(LoginReply::Denied, Vec::new());
        }
        let (ours, theirs) = pair().unwrap();
        sessions.send(Store::new(ours)).map_err(|_| ()).unwrap();
        responder
            .reply(LoginReply::Welcome { account: AccountId(9), senders: Senders::default() }, vec![theirs]);
    }));
    let link = Rc::new(Link::default());
    link.replace(Client::start(here).unwrap());
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let connection = Connection {
        id: ConnectionId::random().unwrap(),
        peer: address,
        local: address,
        tls: None,
        helpers: Helpers::start().unwrap(),
        guest: Guest::alone(address.ip()).unwrap(),
    };
    (StoreBackend::new(link, &connection), opened)
}

async fn log_in(backend: &mut StoreBackend, password: &str) -> LoginOutcome {
    let ask = Ask::Login { login: "user".to_owned(), password: Password(password.as_bytes().to_vec()) };
    match backend.perform(ask).await {
        Answer::Login(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

async fn logged_in() -> (StoreBackend, Store) {
    let (mut backend, mut opened) = wired();
    assert_eq!(log_in(&mut backend, "secret").await, LoginOutcome::Welcome(AccountId(9)));
    let store = opened.recv().await.unwrap();
    (backend, store)
}

fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_wrong_password_opens_nothing() {
    local(async {
        let (mut backend, _opened) = wired();
        assert_eq!(log_in(&mut backend, "wrong").await, LoginOutcome::Denied);
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Lost));
        assert_eq!(log_in(&mut backend, "secret").await, LoginOutcome::Welcome(AccountId(9)));
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Quiet));
    });
}

#[test]
fn a_body_comes_in_chunks() {
    local(async {
        let (mut backend, mut store) = logged_in().await;
        let body: Vec<u8> = (0..=255).cycle().take(CHUNK_MAX * 9 + 17).collect();
        let sent = body.clone();
        let serving = tokio::task::spawn_local(async move {
            let request = store.request().await;
            assert!(matches!(request, MailboxRequest::Body { uid: 3, offset: 1, .. }));
            store.reply(MailboxReply::Body { length: u32::try_from(sent.len()).unwrap() }).await;
            let mut credits = 4;
            for chunk in sent.chunks(CHUNK_MAX) {
                while credits == 0 {
                    match store.request().await {
                        MailboxRequest::Credit { chunks } => credits += chunks,
                        other => panic!("{other:?}"),
                    }
                }
                credits -= 1;
                store.sender.chunk(0, chunk).await.unwrap();
            }
            // credits for the last chunks are still to come
            store
        });
        let length = match backend.perform(Ask::Body { uid: 3, offset: 1, length: u32::MAX }).await {
            Answer::Reply(MailboxReply::Body { length }) => length as usize,
            other => panic!("{other:?}"),
        };
        let mut got = Vec::new();
        while got.len() < length {
            match backend.perform(Ask::Chunk).await {
                Answer::Chunk(bytes) => got.extend(bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, body);
        serving.await.unwrap();
    });
}

#[test]
fn an_expunge_is_asked_for_past_news() {
    local(async {
        let (mut backend, mut store) = logged_in().await;
        let serving = tokio::task::spawn_local(async move {
            assert!(matches!(store.request().await, MailboxRequest::Expunge { uids: Some(_) }));
            store.reply(MailboxReply::Dirty).await;
            store.reply(MailboxReply::Refused(Refusal::Full)).await;
            store
        });
        let expunge = MailboxRequest::Expunge { uids: Some(vec![UidRange { first: 1, last: 2 }]) };
        let reply = backend.perform(Ask::Request(expunge)).await;
        assert!(matches!(reply, Answer::Reply(MailboxReply::Refused(Refusal::Full))), "{reply:?}");
        serving.await.unwrap();
    });
}

#[test]
fn a_store_that_dies_is_noticed_and_news_are_not() {
    local(async {
        let (mut backend, store) = logged_in().await;
        store.reply(MailboxReply::Dirty).await;
        let short = std::time::Duration::from_millis(50);
        assert!(
            tokio::time::timeout(short, backend.notified()).await.is_err(),
            "news are for the next session"
        );
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Quiet));
        drop(store);
        backend.notified().await;
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Lost));
        assert!(matches!(backend.perform(Ask::Chunk).await, Answer::Lost));
    });
}
