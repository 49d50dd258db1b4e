//! What the tests play: the master, the workers, and the store.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Bound;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ipc::channel::{self, Blocking, Receiver, Sender};
use ipc::control::Control;
use ipc::exit::Failure;
use ipc::frame::Frame;
use ipc::mail::{AccountId, Address, Password, Senders, TransactionId};
use ipc::peers::Service;
use ipc::rpc::{Client, serve};
use ipc::service::admin::{AuthAdmin, AuthReply, AuthRequest, Credential, NewAccount};
use ipc::service::control::{Permission, ToMaster, ToRole};
use ipc::service::directory::{Directory, DirectoryReply, DirectoryRequest};
use ipc::service::login::{Login, LoginReply, LoginRequest};
use ipc::service::sessions::{CREATE_MAX, Sessions, SessionsReply, SessionsRequest};
use ipc::slice::{AuthConfig, Blocks, Networks};
use ipc::socket::pair;
use ipc::{Instance, Layers, Role};
use tempfile::TempDir;
use tokio::task::{JoinHandle, spawn_local};

use crate::address::parse;
use crate::auth::Auth;
use crate::database::{Added, NewRow};
use crate::hashing::Pool;
use crate::store::Knowledge;

/// Runs a test on a runtime like a role's; none takes longer than a minute.
pub(super) fn local<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    tokio::task::LocalSet::new().block_on(&runtime, test).expect("the test took too long")
}

/// A running role, seen from its master.
pub(super) struct Running {
    pub(super) auth: Rc<Auth>,
    pub(super) to: Sender<ToRole>,
    pub(super) from: Receiver<ToMaster>,
    pub(super) role: JoinHandle<Result<(), Failure>>,
}

/// After three wrong passwords from elsewhere nothing is heard from there for a minute.
pub(super) fn config() -> AuthConfig {
    AuthConfig {
        domain: "example.org".into(),
        blocks: Blocks { after: 3, seconds: 60 },
        never_block: Networks::new(&["127.0.0.0/8".parse().unwrap()]).unwrap(),
    }
}

pub(super) fn database(directory: &TempDir) -> PathBuf {
    directory.path().join("accounts.db")
}

impl Running {
    /// Starts it on the directory's database, without a store.
    pub(super) async fn start(directory: &TempDir) -> Running {
        let (ours, theirs) = pair().unwrap();
        let (to, mut from) = channel::open::<ToRole, ToMaster>(ours).unwrap();
        let control = Control::locked(Blocking::new(theirs), Layers::NONE).await.unwrap();
        let auth =
            Auth::open(&database(directory), config(), Pool::start().unwrap(), control.gauge()).unwrap();
        let role = spawn_local(crate::role::run(control, Rc::clone(&auth)));
        assert!(matches!(from.receive().await.unwrap(), Frame::Message(ToMaster::Locked(_), _)));
        to.send(&ToRole::Serve, &[]).await.unwrap();
        assert!(matches!(from.receive().await.unwrap(), Frame::Message(ToMaster::Ready, _)));
        Running { auth, to, from, role }
    }

    pub(super) async fn wire(&self, service: Service, role: Role, worker: u16, serves: bool) -> OwnedFd {
        let (ours, theirs) = pair().unwrap();
        let peer = Instance { role, worker };
        self.to.send(&ToRole::Peer { service, peer, serves }, &[theirs.as_fd()]).await.unwrap();
        ours
    }

    pub(super) async fn imap(&self, worker: u16) -> Client<Login> {
        Client::start(self.wire(Service::Login, Role::Imap, worker, true).await).unwrap()
    }

    pub(super) async fn mx(&self) -> Client<Directory> {
        Client::start(self.wire(Service::Directory, Role::Mx, 0, true).await).unwrap()
    }

    pub(super) async fn admin(&self) -> Client<AuthAdmin> {
        let (ours, theirs) = pair().unwrap();
        self.to.send(&ToRole::Admin { permission: Permission::Full }, &[theirs.as_fd()]).await.unwrap();
        Client::start(ours).unwrap()
    }

    pub(super) async fn store(&self) -> Rc<Store> {
        self.store_that_removed(&[]).await
    }

    /// A store, and its accounts are known.
    pub(super) async fn known_store(&self) -> Rc<Store> {
        let store = self.store().await;
        while self.auth.store.knowledge() != Knowledge::Whole {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        store
    }

    pub(super) async fn store_that_removed(&self, removed: &[AccountId]) -> Rc<Store> {
        let store = Rc::new(Store { removed: RefCell::new(removed.to_vec()), ..Store::default() });
        let socket = self.wire(Service::Sessions, Role::Store, 0, false).await;
        let serving = Rc::clone(&store);
        let task = spawn_local(async move {
            let _ = serve::<Sessions>(socket, 8192, |request, responder| {
                let (reply, descriptors) = serving.answer(&request);
                responder.reply(reply, descriptors);
            })
            .await;
        });
        store.task.replace(Some(task));
        store
    }

    /// As if it were killed: the role, and every channel of it, is gone; what it has committed is there.
    pub(super) async fn kill(self) {
        self.role.abort();
        let _ = self.role.await;
    }
}

/// A store that does as it is told.
#[derive(Default)]
pub(super) struct Store {
    pub(super) away: Cell<bool>,
    pub(super) created: RefCell<BTreeSet<AccountId>>,
    pub(super) opened: RefCell<Vec<AccountId>>,
    /// Whom the sessions that send may send as.
    pub(super) sending: RefCell<Vec<Senders>>,
    pub(super) removed: RefCell<Vec<AccountId>>,
    far_ends: RefCell<Vec<OwnedFd>>,
    task: RefCell<Option<JoinHandle<()>>>,
}

impl Store {
    fn answer(&self, request: &SessionsRequest) -> (SessionsReply, Vec<OwnedFd>) {
        match request {
            _ if self.away.get() => (SessionsReply::Unavailable, Vec::new()),
            SessionsRequest::OpenMailbox { account }
            | SessionsRequest::OpenSubmit { account, .. }
            | SessionsRequest::OpenImport { account }
                if self.removed.borrow().contains(account) =>
            {
                (SessionsReply::Removed, Vec::new())
            }
            SessionsRequest::OpenMailbox { account }
            | SessionsRequest::OpenSubmit { account, .. }
            | SessionsRequest::OpenImport { account } => {
                if let SessionsRequest::OpenSubmit { senders, .. } = request {
                    self.sending.borrow_mut().push(senders.clone());
                }
                let (ours, theirs) = pair().unwrap();
                self.opened.borrow_mut().push(*account);
                self.far_ends.borrow_mut().push(ours);
                (SessionsReply::Opened, vec![theirs])
            }
            SessionsRequest::Remove { account } => {
                self.removed.borrow_mut().push(*account);
                self.created.borrow_mut().remove(account);
                (SessionsReply::Done, Vec::new())
            }
            SessionsRequest::Create { accounts } => self.create(accounts),
            SessionsRequest::Revoke { .. } => (SessionsReply::Done, Vec::new()),
            SessionsRequest::Accounts { after } => {
                let there = self.created.borrow();
                let behind = there.range((Bound::Excluded(*after), Bound::Unbounded)).copied();
                (SessionsReply::Accounts(behind.take(CREATE_MAX).collect()), Vec::new())
            }
        }
    }

    fn create(&self, accounts: &[AccountId]) -> (SessionsReply, Vec<OwnedFd>) {
        if accounts.iter().any(|account| self.removed.borrow().contains(account)) {
            return (SessionsReply::Removed, Vec::new());
        }
        self.created.borrow_mut().extend(accounts);
        (SessionsReply::Done, Vec::new())
    }

    pub(super) fn kill(&self) {
        self.task.take().unwrap().abort();
    }
}

pub(super) fn request(login: &str, password: &str) -> LoginRequest {
    LoginRequest {
        login: login.into(),
        password: Password(password.as_bytes().to_vec()),
        remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

pub(super) async fn login(client: &Client<Login>, login: &str, password: &str) -> LoginReply {
    let (reply, descriptors) = client.call(request(login, password)).await.unwrap();
    assert_eq!(descriptors.len(), usize::from(matches!(reply, LoginReply::Welcome { .. })));
    reply
}

pub(super) async fn recipient(client: &Client<Directory>, local: &str, domain: &str) -> DirectoryReply {
    let recipient = Address { local: local.into(), domain: domain.into() };
    client.call(DirectoryRequest { recipient, transaction: TransactionId(7) }).await.unwrap().0
}

pub(super) async fn ask(client: &Client<AuthAdmin>, request: AuthRequest) -> AuthReply {
    client.call(request).await.unwrap().0
}

pub(super) fn password(text: &str) -> Credential {
    Credential::Password(Password(text.as_bytes().to_vec()))
}

pub(super) fn account(address: &str, text: &str) -> NewAccount {
    NewAccount { address: address.into(), credential: password(text) }
}

/// bob@example.org, whose password is `secret`; with or without a store.
pub(super) async fn add_bob(running: &Running) {
    let secret = Password(b"secret".to_vec());
    let hash = running.auth.credentials.pool().make(secret).unwrap().await.unwrap().unwrap();
    let bob = NewRow { address: parse("bob@example.org").unwrap(), hash };
    assert_eq!(running.auth.database.add_accounts(&[bob], 0).unwrap(), Added::All);
}

pub(super) fn welcome(id: u64) -> LoginReply {
    LoginReply::Welcome { account: AccountId(id), senders: Senders::default() }
}
