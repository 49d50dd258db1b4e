//! The real servers, wired as the master wires them, and hostile readers that come and go.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use breach::order::{Answer, Order};
use breach::table::Starter;
use ipc::channel::Blocking;
use ipc::frame::{self, Frame};
use ipc::mail::{AccountId, Password, Target, TransactionId};
use ipc::peers::{self, Service};
use ipc::role::{Instance, Role};
use ipc::rpc;
use ipc::service::admin::{AuthAdmin, AuthReply, AuthRequest, Credential, NewAccount};
use ipc::service::deliver::{DeliverEnd, DeliverReply, DeliverRequest, Delivered, Folder};
use ipc::socket;

use crate::boundary::process::{RoleProcess, Start, Taken};
use crate::boundary::programs::Programs;
use crate::boundary::{every_layer, role_id};

/// The password of both accounts.
pub(super) const PASSWORD: &[u8] = b"correct horse battery staple";

/// The transaction of the one message there is, which is the other account's.
const THEIR_MESSAGE: TransactionId = TransactionId(0x7468_6569_7273);

/// What there is in the servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// The account the hijacked reader has a password of: alice@example.org.
    pub(super) own: AccountId,
    /// One it has none of: bob@example.org, with one message in the inbox.
    pub(super) other: AccountId,
}

/// The three servers.
pub(super) struct Servers {
    pub(super) facts: Facts,
    starter: Starter,
    programs: Programs,
    directory: tempfile::TempDir,
    running: Vec<(Role, RoleProcess)>,
}

impl Servers {
    pub(super) fn start(starter: Starter, programs: Programs) -> Self {
        let directory = tempfile::Builder::new().prefix("bulkhead-servers-").tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        let facts = Facts { own: AccountId(0), other: AccountId(0) };
        let mut servers = Servers { facts, starter, programs, directory, running: Vec::new() };
        for role in [Role::Store, Role::Keys, Role::Auth] {
            let program = servers.programs.real(role);
            let process = start_role(&servers, program, Instance { role, worker: 0 });
            servers.running.push((role, process));
        }
        let to_store = servers.channel(Service::Sessions, Instance { role: Role::Auth, worker: 0 });
        let store = Instance { role: Role::Store, worker: 0 };
        servers.server(Role::Auth).peer(Service::Sessions, store, false, to_store);
        for (_, process) in &mut servers.running {
            process.serve();
        }
        servers.facts = servers.furnish();
        servers
    }

    /// A hostile client of the servers under full lock-down, with every channel that its role has.
    pub(super) fn reader(&self, role: Role) -> Reader {
        // not the one that `auth` itself is
        let instance = Instance { role, worker: 7 };
        let process = start_role(self, self.programs.hostile(role), instance);
        for (_, server, service) in peers::standing().filter(|(client, ..)| *client == role) {
            let end = self.channel(service, instance);
            process.peer(service, Instance { role: server, worker: 0 }, false, end);
        }
        let admin = process.admin();
        Reader { process, admin }
    }

    /// A client's end of a new channel to whoever serves that.
    pub(super) fn channel(&self, service: Service, client: Instance) -> OwnedFd {
        let lines = peers::standing().find(|(from, _, what)| *from == client.role && *what == service);
        let (_, server, _) = lines.expect("a line of the table");
        let (ours, theirs) = socket::pair().expect("a pair");
        self.server(server).peer(service, client, true, theirs);
        ours
    }

    /// Those that have ended.
    pub(super) fn the_dead(&mut self) -> Vec<Role> {
        let lives = self.running.iter_mut().map(|(role, process)| (*role, process.lives()));
        lives.filter(|(_, lives)| !lives).map(|(role, _)| role).collect()
    }

    fn server(&self, role: Role) -> &RoleProcess {
        self.running.iter().find(|(of, _)| *of == role).map(|(_, process)| process).expect("it was started")
    }

    /// Two accounts, and a message for one of them.
    fn furnish(&self) -> Facts {
        let admin = self.server(Role::Auth).admin();
        let account = |address: &str| NewAccount {
            address: address.into(),
            credential: Credential::Password(Password(PASSWORD.to_vec())),
        };
        let add = AuthRequest::AddAccounts(vec![account("alice@example.org"), account("bob@example.org")]);
        let added = rpc::call_blocking::<AuthAdmin>(&admin, add).expect("auth answers");
        assert_eq!(added, AuthReply::Done);
        let listed = rpc::call_blocking::<AuthAdmin>(&admin, AuthRequest::ListAccounts { after: None });
        let Ok(AuthReply::Accounts { rows, .. }) = listed else { panic!("{listed:?}") };
        let [own, other] = rows.as_slice() else { panic!("{rows:?}") };
        self.deliver(other.id);
        Facts { own: own.id, other: other.id }
    }

    fn deliver(&self, account: AccountId) {
        let socket = self.channel(Service::Deliver, Instance { role: Role::Mx, worker: 9 });
        let begin = DeliverRequest::Begin { stream: 1, transaction: THEIR_MESSAGE };
        let (targets, folder) = (vec![Target::Account(account)], Folder::Inbox);
        let end = DeliverEnd { targets, folder, structure: Vec::new() };
        let commit = DeliverRequest::Commit { stream: 1, end };
        let channel =
            Blocking::<DeliverRequest, DeliverReply>::new(socket.try_clone().expect("a descriptor"));
        channel.send(&begin, &[]).expect("the store listens");
        let body = b"Subject: for bob only\r\n\r\nhello\r\n";
        socket::send(socket.as_fd(), &frame::chunk_head(1), body, &[]).expect("the store listens");
        channel.send(&commit, &[]).expect("the store listens");
        loop {
            match channel.receive() {
                Ok(Frame::Message(DeliverReply::Finished { outcome, .. }, _)) => {
                    return assert_eq!(outcome, Delivered::Stored);
                }
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A hijacked reader.
pub(super) struct Reader {
    process: RoleProcess,
    admin: OwnedFd,
}

impl Reader {
    pub(super) fn order(&mut self, order: &Order) -> Result<Answer, String> {
        match self.process.order(&self.admin, order, &[]) {
            Taken::Answered(answer) => Ok(answer),
            Taken::Ended(status) => Err(format!("the reader ended: {status}")),
        }
    }
}

fn start_role(servers: &Servers, program: PathBuf, instance: Instance) -> RoleProcess {
    let root = root(servers.directory.path(), instance.role, servers.starter);
    let id = (servers.starter == Starter::Root).then(|| role_id(instance.role));
    let start = Start { program, instance, apply: every_layer(servers.starter), id, root };
    RoleProcess::start(&start).unwrap_or_else(|why| panic!("{why}"))
}

fn root(directory: &Path, role: Role, starter: Starter) -> PathBuf {
    let path = directory.join(role.name());
    if fs::create_dir(&path).is_ok() && starter == Starter::Root {
        chown(&path, Some(role_id(role)), Some(role_id(role))).expect("chown");
    }
    path
}
