//! The program itself under its whole lock-down: all that it does is done once, so that a system call or a file that its
//! line of the table lacks shows here. As root it runs under a uid of its own, else under all other layers.

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use ipc::channel::{self, Receiver, Sender};
    use ipc::frame::Frame;
    use ipc::mail::{AccountId, Address, Password, Senders, Target, TransactionId};
    use ipc::peers::Service;
    use ipc::rpc::{Client, serve};
    use ipc::service::admin::{AuthAdmin, AuthReply, AuthRequest, Credential, NewAccount};
    use ipc::service::control::{Hello, LockdownOrder, Log, LogLevel, Permission, ToMaster, ToRole};
    use ipc::service::directory::{Directory, DirectoryReply, DirectoryRequest};
    use ipc::service::login::{Login, LoginReply, LoginRequest};
    use ipc::service::sessions::{Sessions, SessionsReply, SessionsRequest};
    use ipc::slice::{AuthConfig, Blocks, Networks, RoleConfig};
    use ipc::socket::pair;
    use ipc::{Instance, Layer, Layers, Role};

    /// Any uid that is nobody's.
    const UID: u32 = 64_123;

    struct Master {
        child: Child,
        to: Sender<ToRole>,
        from: Receiver<ToMaster>,
    }

    impl Master {
        async fn start(root: &Path) -> Master {
            let as_root = std::os::unix::fs::chown(root, Some(UID), Some(UID)).is_ok();
            let (ours, theirs) = pair().unwrap();
            let child = Command::new(env!("CARGO_BIN_EXE_bulkhead-auth"))
                .env_clear()
                .stdin(Stdio::from(theirs))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let (to, from) = channel::open(ours).unwrap();
            let mut master = Master { child, to, from };
            let layers = if as_root { Layers::all() } else { Layers::all().without(Layer::Uid) };
            let lockdown = LockdownOrder {
                apply: layers,
                may_miss: Layers::NONE,
                ids: as_root.then_some((UID, UID)),
                root: root.to_str().unwrap().into(),
                max_open_files: 1024,
            };
            let hello = Hello {
                instance: Instance { role: Role::Auth, worker: 0 },
                lockdown,
                log: Log { journal: false, level: LogLevel::Debug },
                config: RoleConfig::Auth(AuthConfig {
                    domain: "example.org".into(),
                    blocks: Blocks { after: 20, seconds: 60 },
                    never_block: Networks::NONE,
                }),
            };
            master.to.send(&ToRole::Hello(Box::new(hello)), &[]).await.unwrap();
            master.expect(ToMaster::Locked(layers)).await;
            master
        }

        async fn expect(&mut self, expected: ToMaster) {
            match self.from.receive().await {
                Ok(Frame::Message(said, _)) => assert_eq!(said, expected),
                other => {
                    // it is dead: what it said last tells why
                    let mut log = String::new();
                    let mut stderr = self.child.stderr.take().unwrap();
                    std::io::Read::read_to_string(&mut stderr, &mut log).unwrap();
                    panic!("{other:?}, {:?}\n{log}", self.child.wait());
                }
            }
        }

        async fn wire(&self, service: Service, role: Role, serves: bool) -> OwnedFd {
            let (ours, theirs) = pair().unwrap();
            let peer = Instance { role, worker: 0 };
            self.to.send(&ToRole::Peer { service, peer, serves }, &[theirs.as_fd()]).await.unwrap();
            ours
        }

        async fn store(&self) {
            let socket = self.wire(Service::Sessions, Role::Store, false).await;
            tokio::task::spawn_local(serve::<Sessions>(socket, 64, |request, responder| match request {
                SessionsRequest::OpenMailbox { .. } => {
                    responder.reply(SessionsReply::Opened, vec![pair().unwrap().0]);
                }
                _ => responder.reply(SessionsReply::Done, vec![]),
            }));
        }

        async fn admin(&self) -> Client<AuthAdmin> {
            let (ours, theirs) = pair().unwrap();
            let request = ToRole::Admin { permission: Permission::Full };
            self.to.send(&request, &[theirs.as_fd()]).await.unwrap();
            Client::start(ours).unwrap()
        }

        async fn drain(mut self) -> String {
            self.to.send(&ToRole::Drain { within: 10_000 }, &[]).await.unwrap();
            self.expect(ToMaster::Drained).await;
            let output = self.child.wait_with_output().unwrap();
            let log = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{:?}\n{log}", output.status);
            log
        }
    }

    async fn login(client: &Client<Login>, password: &str) -> LoginReply {
        let request = LoginRequest {
            login: "bob".into(),
            password: Password(password.into()),
            remote: [192, 0, 2, 7].into(),
        };
        client.call(request).await.unwrap().0
    }

    async fn ask(client: &Client<AuthAdmin>, request: AuthRequest) {
        assert_eq!(client.call(request).await.unwrap().0, AuthReply::Done);
    }

    /// Does all it can, and says who bob is.
    async fn everything_once(master: &mut Master) -> AccountId {
        master.store().await;
        let login_client = Client::start(master.wire(Service::Login, Role::Imap, true).await).unwrap();
        let directory =
            Client::<Directory>::start(master.wire(Service::Directory, Role::Mx, true).await).unwrap();
        master.to.send(&ToRole::Serve, &[]).await.unwrap();
        master.expect(ToMaster::Ready).await;
        let admin = master.admin().await;
        let accounts = (0..20)
            .map(|number| NewAccount {
                address: if number == 0 {
                    "bob@example.org".into()
                } else {
                    format!("user{number}@example.org")
                },
                credential: Credential::Password(Password(b"secret phrase".to_vec())),
            })
            .collect();
        ask(&admin, AuthRequest::AddAccounts(accounts)).await;
        ask(&admin, AuthRequest::AddDomain { domain: "b.org".into() }).await;
        ask(
            &admin,
            AuthRequest::SetAlias { alias: "@b.org".into(), targets: vec!["bob@example.org".into()] },
        )
        .await;
        let LoginReply::Welcome { account: bob, .. } = login(&login_client, "secret phrase").await else {
            panic!("bob is welcome")
        };
        assert_eq!(login(&login_client, "wrong phrase").await, LoginReply::Denied);
        let request = DirectoryRequest {
            recipient: Address { local: "any".into(), domain: "b.org".into() },
            transaction: TransactionId(1),
        };
        let reply = directory.call(request).await.unwrap().0;
        assert_eq!(reply, DirectoryReply::Deliver(vec![Target::Account(bob)]));
        ask(&admin, AuthRequest::RemoveAccount { address: "user1@example.org".into() }).await;
        bob
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let test = async { tokio::time::timeout(Duration::from_secs(60), test).await };
        tokio::task::LocalSet::new().block_on(&runtime, test).expect("the test took too long");
    }

    #[test]
    fn everything_it_does_is_possible_and_stays_after_a_kill() {
        run(async {
            let directory = tempfile::tempdir().unwrap();
            let mut master = Master::start(directory.path()).await;
            let bob = everything_once(&mut master).await;
            assert!(directory.path().join("accounts.db").exists(), "its root is that directory");
            master.child.kill().unwrap();
            master.child.wait().unwrap();

            let mut master = Master::start(directory.path()).await;
            let client = Client::start(master.wire(Service::Login, Role::Imap, true).await).unwrap();
            master.store().await;
            master.to.send(&ToRole::Serve, &[]).await.unwrap();
            master.expect(ToMaster::Ready).await;
            let bob = LoginReply::Welcome { account: bob, senders: Senders::default() };
            assert_eq!(login(&client, "secret phrase").await, bob);
            assert_eq!(login(&client, "wrong phrase").await, LoginReply::Denied);
            let log = master.drain().await;
            assert!(log.contains("logged in") && log.contains("login denied"), "{log}");
            assert!(log.contains("192.0.2.7"), "{log}");
            assert!(!log.contains("phrase") && !log.contains("argon2id"), "{log}");
        });
    }

    /// A journal that a kill left behind is rolled back by the locked-down role: reading and unlinking it are allowed.
    #[test]
    fn a_transaction_that_was_cut_off_is_rolled_back() {
        run(async {
            let directory = tempfile::tempdir().unwrap();
            let mut master = Master::start(directory.path()).await;
            let bob = everything_once(&mut master).await;
            master.drain().await;
            let path = directory.path().join("accounts.db");
            let (database, journal) = hot_copy(&path);
            std::fs::write(&path, database).unwrap();
            let journal_path = directory.path().join("accounts.db-journal");
            std::fs::write(&journal_path, journal).unwrap();
            let _ = std::os::unix::fs::chown(&journal_path, Some(UID), Some(UID));

            let mut master = Master::start(directory.path()).await;
            let client = Client::start(master.wire(Service::Login, Role::Imap, true).await).unwrap();
            master.store().await;
            master.to.send(&ToRole::Serve, &[]).await.unwrap();
            master.expect(ToMaster::Ready).await;
            let bob = LoginReply::Welcome { account: bob, senders: Senders::default() };
            assert_eq!(login(&client, "secret phrase").await, bob);
            assert!(!journal_path.exists());
            master.drain().await;
        });
    }

    /// The file and its journal in the middle of a transaction whose pages are in the file already.
    fn hot_copy(path: &Path) -> (Vec<u8>, Vec<u8>) {
        let before = std::fs::read(path).unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        connection
            .execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE accounts SET hash = printf('%9000d', id)")
            .unwrap();
        let journal = path.with_file_name("accounts.db-journal");
        let copies = (std::fs::read(path).unwrap(), std::fs::read(journal).unwrap());
        connection.execute_batch("ROLLBACK").unwrap();
        assert_ne!(copies.0, before, "no page is in the file yet");
        assert!(copies.1.starts_with(&[0xd9, 0xd5, 0x05, 0xf9]), "the journal is not in use yet");
        copies
    }
}
