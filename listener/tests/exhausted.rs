//! Running out of descriptors, in a process of its own: accepting stops, and goes on when one is free again.

use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use bulkhead_listener::accept::{Acceptor, Entrance, PAUSE};
use bulkhead_listener::bind::bind;
use bulkhead_listener::gate::{Custom, Gate};
use ipc::service::control::Listener;
use ipc::slice::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::timeout;

#[tokio::test]
async fn accepting_survives_emfile() {
    let socket = TcpListener::from(bind("127.0.0.1:0".parse().unwrap()).unwrap());
    let address = socket.local_addr().unwrap();
    let listener = Listener { address: address.into(), implicit_tls: false };
    let entrances = [Entrance::new(listener, socket.into()).unwrap()];
    let gate = Gate::new(Limits::of(100, 100), Custom::Anonymous);
    let acceptor = Acceptor::new(Rc::clone(&gate));
    let _clients = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    let (first, guest) = (acceptor.accept(&entrances).await.unwrap(), gate.enter());

    let before = getrlimit(Resource::Nofile);
    let next = rustix::io::dup(std::io::stderr()).unwrap();
    let lowest = u64::try_from(std::os::fd::AsRawFd::as_raw_fd(&next)).unwrap();
    drop(next);
    setrlimit(Resource::Nofile, Rlimit { current: Some(lowest), ..before }).unwrap();
    assert!(TcpStream::connect(address).is_err(), "there is no descriptor left");
    assert!(timeout(PAUSE * 2, acceptor.accept(&entrances)).await.is_err());

    // Its own is free when it leaves, and the limit lets nothing else pass.
    let (second, ()) = tokio::join!(acceptor.accept(&entrances), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop((first, guest));
    });
    assert!(second.is_ok());
    setrlimit(Resource::Nofile, before).unwrap();
}
