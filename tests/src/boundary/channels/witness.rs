//! Another reader, itself, on channels of its own: what it asks is answered while its neighbour is hijacked.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ipc::channel::Blocking;
use ipc::frame::Frame;
use ipc::mail::{Address, TransactionId};
use ipc::peers::Service;
use ipc::role::{Instance, Role};
use ipc::rpc;
use ipc::service::deliver::{DeliverReply, DeliverRequest, Delivered};
use ipc::service::directory::{Directory, DirectoryReply, DirectoryRequest};
use ipc::service::handshake::{Handshake, HandshakeReply, HandshakeRequest};
use ipc::socket;

use super::servers::Servers;

/// How long an answer may take, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(10);
/// A neighbour's worker.
const WITNESS: Instance = Instance { role: Role::Mx, worker: 1 };

/// The witness, at work.
pub(super) struct Witness {
    over: Arc<AtomicBool>,
    working: JoinHandle<Result<u32, String>>,
}

impl Witness {
    pub(super) fn start(servers: &Servers) -> Self {
        let channel = |service| {
            let socket = servers.channel(service, WITNESS);
            socket::set_receive_timeout(&socket, PATIENCE).expect("a time limit");
            socket
        };
        let channels = Channels {
            directory: channel(Service::Directory),
            handshake: channel(Service::Handshake),
            deliver: Blocking::new(channel(Service::Deliver)),
        };
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let working = std::thread::spawn(move || {
            let mut rounds = 0;
            while rounds == 0 || !until.load(Ordering::Relaxed) {
                channels.ask().map_err(|why| format!("the witness, in round {rounds}: {why}"))?;
                rounds += 1;
                std::thread::sleep(PAUSE);
            }
            Ok(rounds)
        });
        Witness { over, working }
    }

    /// What went wrong, if anything did.
    pub(super) fn stop(self) -> Option<String> {
        self.over.store(true, Ordering::Relaxed);
        self.working.join().unwrap_or_else(|_| Err("the witness panicked".into())).err()
    }
}

struct Channels {
    directory: OwnedFd,
    handshake: OwnedFd,
    deliver: Blocking<DeliverRequest, DeliverReply>,
}

impl Channels {
    fn ask(&self) -> Result<(), String> {
        let asked = Instant::now();
        let recipient = Address { local: "alice".into(), domain: "example.org".into() };
        let request = DirectoryRequest { recipient, transaction: TransactionId(1) };
        match rpc::call_blocking::<Directory>(&self.directory, request) {
            Ok(DirectoryReply::Deliver(_)) => {}
            other => return Err(format!("auth: {other:?} after {:?}", asked.elapsed())),
        }
        match rpc::call_blocking::<Handshake>(&self.handshake, HandshakeRequest::Identity(0)) {
            Ok(HandshakeReply::Identity(Some(_))) => {}
            other => return Err(format!("keys: {other:?} after {:?}", asked.elapsed())),
        }
        let request = DeliverRequest::Outcome { stream: 1, transaction: TransactionId(1) };
        match self.deliver.send(&request, &[]).and_then(|()| self.deliver.receive()) {
            Ok(Frame::Message(DeliverReply::Finished { outcome: Delivered::NotStored, .. }, _)) => Ok(()),
            other => Err(format!("store: {other:?} after {:?}", asked.elapsed())),
        }
    }
}
