use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use bulkhead_listener::bind::bind;
use bulkhead_listener::connection::Connection;
use bulkhead_listener::gate::Custom;
use bulkhead_listener::helpers::Helpers;
use bulkhead_listener::serve::{Reader, serve};
use ipc::channel::{self, Blocking, Receiver, Sender};
use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::frame::Frame;
use ipc::peers::Service;
use ipc::role::{Instance, Layers, Role};
use ipc::service::control::{Listener, ReloadRefusal, ToMaster, ToRole};
use ipc::slice::{Limits, RoleConfig};
use rustls::version::TLS13;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::{Echo, KeyKind, Keys, Nothing, hear, hear_the_end, local};

const SOON: Duration = Duration::from_millis(300);

mod reload;

/// A protocol that greets with what it was told of the connection.
struct Toy(Limits);

impl Reader for Toy {
    type Session = Echo;
    type Backend = Nothing;

    fn limits(&self) -> Limits {
        self.0
    }

    fn reloaded(&self, config: &RoleConfig) -> Result<Self, ReloadRefusal> {
        match config {
            RoleConfig::Mx(config) => Ok(Toy(config.limits)),
            _ => Err(ReloadRefusal::Restart),
        }
    }

    fn custom(&self) -> Custom {
        Custom::Anonymous
    }

    fn busy(&self) -> &[u8] {
        b"come back\n"
    }

    fn open(&self, connection: &Connection) -> (Echo, Nothing) {
        let tls = connection.tls.as_ref().map_or("plain", |tls| tls.version);
        assert_ne!(connection.peer, connection.local);
        (Echo { greeting: format!("hello {tls}\n") }, Nothing)
    }

    fn introduce(&self, _: &Control) {}

    fn wire(&self, service: Service, _: Instance, _: OwnedFd) -> Result<(), Failure> {
        Err(Failure::new(Exit::Software, format!("no {service:?} here")))
    }
}

/// The master's end.
struct Master {
    sender: Sender<ToRole>,
    receiver: Receiver<ToMaster>,
    role: JoinHandle<Result<(), Failure>>,
}

impl Master {
    async fn start() -> Master {
        let (ours, theirs) = ipc::socket::pair().unwrap();
        let role = tokio::task::spawn_local(async move {
            let control = Control::locked(Blocking::new(theirs), Layers::NONE).await?;
            serve(control, Toy(Limits::of(10, 2)), Helpers::start().unwrap()).await
        });
        let (sender, receiver) = channel::open(ours).unwrap();
        let mut master = Master { sender, receiver, role };
        assert_eq!(master.next().await, ToMaster::Locked(Layers::NONE));
        master
    }

    async fn say(&self, message: ToRole) {
        self.sender.send(&message, &[]).await.unwrap();
    }

    async fn next(&mut self) -> ToMaster {
        match self.receiver.receive().await.unwrap() {
            Frame::Message(message, _) => message,
            chunk @ Frame::Chunk { .. } => panic!("{chunk:?}"),
        }
    }

    async fn listen(&self, implicit_tls: bool) -> SocketAddr {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let socket = std::net::TcpListener::from(socket);
        let address = socket.local_addr().unwrap();
        let listener = Listener { address: address.into(), implicit_tls };
        self.sender.send(&ToRole::Listener { listener }, &[socket.as_fd()]).await.unwrap();
        address
    }

    async fn wire(&self, service: Service, socket: OwnedFd) {
        let peer = Instance { role: Role::Keys, worker: 0 };
        let message = ToRole::Peer { service, peer, serves: false };
        self.sender.send(&message, &[socket.as_fd()]).await.unwrap();
    }

    async fn sessions(&mut self) -> (u32, u64) {
        self.say(ToRole::Ping).await;
        match self.next().await {
            ToMaster::Alive { sessions, served } => (sessions, served),
            other => panic!("{other:?}"),
        }
    }

    /// A worker that is ready.
    async fn serving(keys: &Keys) -> Master {
        let mut master = Master::start().await;
        master.wire(Service::Handshake, keys.channel(Role::Mx, 0)).await;
        master.say(ToRole::Serve).await;
        assert_eq!(master.next().await, ToMaster::Ready);
        master
    }
}

#[test]
fn ready_is_said_when_there_is_a_certificate() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::start().await;
        master.say(ToRole::Serve).await;
        assert!(timeout(SOON, master.next()).await.is_err());
        assert_eq!(master.sessions().await, (0, 0));
        master.wire(Service::Handshake, keys.channel(Role::Mx, 0)).await;
        assert_eq!(master.next().await, ToMaster::Ready);
    });
}

#[test]
fn plain_and_implicit_tls_are_served_and_counted() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let (plain, tls) = (master.listen(false).await, master.listen(true).await);
        let mut one = TcpStream::connect(plain).await.unwrap();
        hear(&mut one, "hello plain\n").await;
        let two = TcpStream::connect(tls).await.unwrap();
        let mut two = keys.client(&TLS13).connect(two).await.unwrap();
        hear(&mut two, "hello TLS1.3\n").await;
        assert_eq!(master.sessions().await, (2, 2));

        let mut three = TcpStream::connect(plain).await.unwrap();
        hear_the_end(&mut three, "come back\n").await;
        one.write_all(b"quit\n").await.unwrap();
        hear_the_end(&mut one, "").await;
        drop(one);
        while master.sessions().await != (1, 2) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut four = TcpStream::connect(plain).await.unwrap();
        hear(&mut four, "hello plain\n").await;
    });
}

#[test]
fn a_panic_is_one_sessions() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let address = master.listen(false).await;
        let mut one = TcpStream::connect(address).await.unwrap();
        let mut two = TcpStream::connect(address).await.unwrap();
        one.write_all(b"panic\n").await.unwrap();
        hear_the_end(&mut one, "hello plain\n").await;
        two.write_all(b"still here\n").await.unwrap();
        hear(&mut two, "hello plain\nstill here\n").await;
        assert_eq!(master.sessions().await, (1, 2));
    });
}

#[test]
fn draining_accepts_nobody_and_ends_all() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let (plain, tls) = (master.listen(false).await, master.listen(true).await);
        let mut one = TcpStream::connect(plain).await.unwrap();
        hear(&mut one, "hello plain\n").await;
        // One that has not even said hello must not hold it up.
        let _silent = TcpStream::connect(tls).await.unwrap();
        while master.sessions().await.0 != 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        master.say(ToRole::Drain { within: 30_000 }).await;
        hear_the_end(&mut one, "Draining\n").await;
        drop(one);
        assert_eq!(timeout(Duration::from_secs(2), master.next()).await.unwrap(), ToMaster::Drained);
        assert!((&mut master.role).await.unwrap().is_ok());
        assert!(TcpStream::connect(plain).await.is_err(), "the worker held the last end of this socket");
    });
}

#[test]
fn draining_has_a_deadline() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let address = master.listen(false).await;
        let mut one = TcpStream::connect(address).await.unwrap();
        hear(&mut one, "hello plain\n").await;
        master.say(ToRole::Drain { within: 100 }).await;
        // The peer does not close, so that the worker lingers for longer than that.
        assert_eq!(timeout(Duration::from_secs(1), master.next()).await.unwrap(), ToMaster::Drained);
    });
}

#[test]
fn what_is_not_for_a_reader_ends_it() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        master.wire(Service::Sessions, keys.channel(Role::Mx, 0)).await;
        assert_eq!((&mut master.role).await.unwrap().unwrap_err().exit, Exit::Software);

        let mut master = Master::serving(&keys).await;
        master.say(ToRole::Serve).await;
        assert!((&mut master.role).await.unwrap().is_err());

        let master = Master::start().await;
        drop((master.sender, master.receiver));
        assert_eq!(master.role.await.unwrap().unwrap_err().exit, Exit::Unavailable);
    });
}
