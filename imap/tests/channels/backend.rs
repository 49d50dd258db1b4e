//! The way to `auth` and the store, over real channels, with the other ends played by the test.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use bulkhead_imap::proto::{Answer, Ask, LoginOutcome, Look};
use bulkhead_imap::run::backend::StoreBackend;
use ipc::channel::{self, Receiver, Sender};
use ipc::frame::Frame;
use ipc::mail::{AccountId, MailboxId, Password, Senders, SystemFlags};
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
fn an_append_goes_in_chunks_and_may_be_refused() {
    local(async {
        let (mut backend, mut store) = logged_in().await;
        let serving = tokio::task::spawn_local(async move {
            assert!(matches!(store.request().await, MailboxRequest::Append { .. }));
            let mut bytes = 0;
            let commit = loop {
                match store.receiver.receive().await.unwrap() {
                    Frame::Chunk { stream: 0, bytes: chunk } => {
                        bytes += chunk.len();
                        store.reply(MailboxReply::Credit { chunks: 1 }).await;
                    }
                    Frame::Message(request, _) => break request,
                    Frame::Chunk { .. } => panic!("another stream"),
                }
            };
            assert_eq!(bytes, 700);
            assert!(matches!(commit, MailboxRequest::Commit { .. }));
            store.reply(MailboxReply::Appended { uid_validity: 7, uid: 1 }).await;
            assert!(matches!(store.request().await, MailboxRequest::Append { .. }));
            store.reply(MailboxReply::Refused(Refusal::Full)).await;
            store
        });
        let commit = || {
            Ask::Finish(MailboxRequest::Commit {
                mailbox: MailboxId(1),
                flags: SystemFlags::default(),
                keywords: Vec::new(),
                internal_date: None,
                structure: Vec::new(),
            })
        };
        assert!(matches!(backend.perform(Ask::Begin).await, Answer::Begun(_)));
        for _ in 0..7 {
            assert!(matches!(backend.perform(Ask::Piece(vec![1; 100])).await, Answer::Taken));
        }
        let appended = backend.perform(commit()).await;
        assert!(matches!(appended, Answer::Reply(MailboxReply::Appended { uid: 1, .. })), "{appended:?}");
        assert!(matches!(backend.perform(Ask::Begin).await, Answer::Begun(_)));
        for _ in 0..9 {
            assert!(matches!(backend.perform(Ask::Piece(vec![1; 100])).await, Answer::Taken));
        }
        let refused = backend.perform(commit()).await;
        assert!(matches!(refused, Answer::Reply(MailboxReply::Refused(Refusal::Full))), "{refused:?}");
        serving.await.unwrap();
    });
}

#[test]
fn news_is_asked_for_when_there_is_some() {
    local(async {
        let (mut backend, mut store) = logged_in().await;
        let quiet = backend.perform(Ask::News { since: 1, look: Look::IfDirty }).await;
        assert!(matches!(quiet, Answer::Quiet));
        store.reply(MailboxReply::Dirty).await;
        backend.notified().await;
        let serving = tokio::task::spawn_local(async move {
            assert!(matches!(store.request().await, MailboxRequest::Changes { since: 1 }));
            store.reply(MailboxReply::Dirty).await;
            store.reply(MailboxReply::Refused(Refusal::NotSelected)).await;
            assert!(matches!(store.request().await, MailboxRequest::Unselect));
            store.reply(MailboxReply::Done).await;
            store
        });
        let reply = backend.perform(Ask::News { since: 1, look: Look::IfDirty }).await;
        assert!(matches!(reply, Answer::Reply(MailboxReply::Refused(_))));
        // what was dirty is not the mailbox selected next
        backend.perform(Ask::Request(MailboxRequest::Unselect)).await;
        let quiet = backend.perform(Ask::News { since: 1, look: Look::IfDirty }).await;
        assert!(matches!(quiet, Answer::Quiet));
        serving.await.unwrap();
    });
}

#[test]
fn a_store_that_dies_is_noticed() {
    local(async {
        let (mut backend, store) = logged_in().await;
        store.reply(MailboxReply::Dirty).await;
        backend.notified().await;
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Quiet));
        // that there is news is said once, and the next is that the store is gone
        drop(store);
        backend.notified().await;
        assert!(matches!(backend.perform(Ask::Alive).await, Answer::Lost));
        assert!(matches!(backend.perform(Ask::Chunk).await, Answer::Lost));
    });
}
