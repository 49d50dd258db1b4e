//! The services over real channels, with the clients that readers use.

mod copying;
mod delivering;
mod hostile;
mod managing;
mod reading;
mod sessions;
mod slow;
mod submitting;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use ipc::control::Gauge;
use ipc::mail::{AccountId, MailboxId, Target, TransactionId};
use ipc::rpc::{Client, Link};
use ipc::service::deliver::{DeliverClient, Delivered, Folder};
use ipc::service::mailbox::{MailboxClient, MailboxReply, MailboxRequest, MailboxStatus, MessageRow};
use ipc::service::sessions::{Sessions, SessionsReply, SessionsRequest};
use ipc::slice::StoreConfig;
use ipc::socket::pair;

use super::Store;
use crate::engine::Threads;

const INBOX: MailboxId = MailboxId(1);
const MIB: u64 = 1 << 20;

/// A store that serves, on a directory of its own.
struct Served {
    store: Rc<Store>,
    sessions: Client<Sessions>,
    /// What ends with the process.
    serving: RefCell<Vec<tokio::task::AbortHandle>>,
    place: tempfile::TempDir,
}

/// Runs a test on a runtime as the role's own.
fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

async fn open(directory: &Path, upload_memory: u64) -> Rc<Store> {
    let config = StoreConfig { max_message_size: 32 * MIB, upload_memory, recipients_per_hour: 100 };
    for _ in 0..500 {
        match super::open(&directory.join("log"), &config, Arc::<Gauge>::default(), Threads::start().unwrap())
            .await
        {
            Ok(store) => return store,
            Err(error) => assert!(error.message.contains("lock"), "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the lock is never let go of");
}

impl Served {
    async fn start() -> Self {
        Self::with_upload_memory(64 * MIB).await
    }

    async fn with_upload_memory(upload_memory: u64) -> Self {
        let place = tempfile::tempdir().unwrap();
        Self::on(place, upload_memory).await
    }

    async fn on(place: tempfile::TempDir, upload_memory: u64) -> Self {
        let store = open(place.path(), upload_memory).await;
        let (ours, theirs) = pair().unwrap();
        let serving = tokio::task::spawn_local(super::sessions::serve(Rc::clone(&store), ours));
        let sessions = Client::start(theirs).unwrap();
        Served { store, sessions, serving: RefCell::new(vec![serving.abort_handle()]), place }
    }

    /// The process ends, and another one starts.
    async fn restart(self) -> Self {
        let Served { store, sessions, serving, place } = self;
        store.registry.end_all();
        drop((store, sessions));
        serving.take().iter().for_each(tokio::task::AbortHandle::abort);
        Self::on(place, 64 * MIB).await
    }

    async fn ask(&self, request: SessionsRequest) -> SessionsReply {
        self.sessions.call(request).await.unwrap().0
    }

    async fn create(&self, accounts: &[u64]) {
        let accounts = accounts.iter().copied().map(AccountId).collect();
        assert_eq!(self.ask(SessionsRequest::Create { accounts }).await, SessionsReply::Done);
    }

    async fn mailbox(&self, account: u64) -> MailboxClient {
        MailboxClient::start(self.mailbox_socket(account).await).unwrap()
    }

    async fn mailbox_socket(&self, account: u64) -> std::os::fd::OwnedFd {
        let request = SessionsRequest::OpenMailbox { account: AccountId(account) };
        let (reply, mut descriptors) = self.sessions.call(request).await.unwrap();
        assert_eq!(reply, SessionsReply::Opened);
        descriptors.pop().unwrap()
    }

    fn deliver(&self) -> Link<DeliverClient> {
        let link = Link::default();
        link.replace(DeliverClient::start(self.deliver_socket()).unwrap());
        link
    }

    fn deliver_socket(&self) -> std::os::fd::OwnedFd {
        let (ours, theirs) = pair().unwrap();
        let store = Rc::clone(&self.store);
        let serving = tokio::task::spawn_local(super::deliver::serve(store, ours));
        self.serving.borrow_mut().push(serving.abort_handle());
        theirs
    }
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

async fn send(
    link: &Link<DeliverClient>,
    transaction: u128,
    bytes: &[u8],
    accounts: &[u64],
) -> Option<Delivered> {
    let client = link.get(std::time::Duration::from_secs(1), |client| !client.is_gone()).await.unwrap();
    let mut delivery = client.begin(TransactionId(transaction)).await.unwrap();
    if let Err(why) = delivery.chunk(bytes).await {
        return Some(why);
    }
    let targets = accounts.iter().map(|account| Target::Account(AccountId(*account))).collect();
    delivery.commit(link, targets, Folder::Inbox, b"structure".to_vec()).await
}

async fn select(client: &mut MailboxClient) -> MailboxStatus {
    let request = MailboxRequest::Select { mailbox: INBOX, write: true };
    match client.call(&request).await.unwrap() {
        MailboxReply::Selected { status, .. } => status,
        other => panic!("{other:?}"),
    }
}

async fn rows(client: &mut MailboxClient) -> Vec<MessageRow> {
    match client.call(&MailboxRequest::Messages { after: 0 }).await.unwrap() {
        MailboxReply::Messages { rows, more: false } => rows,
        other => panic!("{other:?}"),
    }
}

/// Changes flags; the UIDs of each page of the answer.
async fn flagged(client: &mut MailboxClient, request: &MailboxRequest) -> Vec<Vec<u32>> {
    let mut pages = Vec::new();
    let mut reply = client.call(request).await.unwrap();
    loop {
        let MailboxReply::Flagged { rows, more, .. } = reply else { panic!("{reply:?}") };
        pages.push(rows.iter().map(|row| row.uid).collect());
        if !more {
            return pages;
        }
        reply = client.reply().await.unwrap();
    }
}

async fn body(client: &mut MailboxClient, uid: u32) -> Vec<u8> {
    let request = MailboxRequest::Body { uid, offset: 0, length: u32::MAX };
    let reply = client.call(&request).await.unwrap();
    assert!(matches!(reply, MailboxReply::Body { .. }), "{reply:?}");
    let mut bytes = Vec::new();
    loop {
        let chunk = client.body_chunk().await.unwrap();
        if chunk.is_empty() {
            return bytes;
        }
        bytes.extend(chunk);
    }
}

async fn append(client: &mut MailboxClient, transaction: u128, bytes: &[u8]) -> MailboxReply {
    client.append(TransactionId(transaction)).await.unwrap();
    client.append_chunk(bytes).await.unwrap();
    let end = MailboxRequest::Commit {
        mailbox: INBOX,
        flags: ipc::mail::SystemFlags::default(),
        keywords: vec!["$Forwarded".into()],
        internal_date: Some(1000),
        structure: Vec::new(),
    };
    client.finish_append(&end).await.unwrap()
}
