//! Running out of descriptors, in a process of its own: accepting stops, and goes on when one is free again.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bulkhead_listener::accept::{Entrance, Gate, PAUSE};
use bulkhead_listener::bind::bind;
use ipc::service::control::Listener;
use ipc::slice::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::timeout;

#[tokio::test]
async fn accepting_survives_emfile() {
    let socket = TcpListener::from(bind("127.0.0.1:0".parse().unwrap()).unwrap());
    let address = socket.local_addr().unwrap();
    let entrances = [Entrance::new(Listener { address: address.into(), implicit_tls: false }, socket.into()).unwrap()];
    let gate = Gate::new(Limits::of(100, 100));
    let _clients = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    let first = gate.accept(&entrances).await.unwrap();

    let before = getrlimit(Resource::Nofile);
    let next = rustix::io::dup(std::io::stderr()).unwrap();
    let lowest = u64::try_from(std::os::fd::AsRawFd::as_raw_fd(&next)).unwrap();
    drop(next);
    setrlimit(Resource::Nofile, Rlimit { current: Some(lowest), ..before }).unwrap();
    assert!(TcpStream::connect(address).is_err(), "there is no descriptor left");
    assert!(timeout(PAUSE * 2, gate.accept(&entrances)).await.is_err());

    // Its own is free when it leaves, and the limit lets nothing else pass.
    let (second, ()) = tokio::join!(gate.accept(&entrances), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(first);
    });
    assert!(second.unwrap().place.is_some());
    setrlimit(Resource::Nofile, before).unwrap();
}
