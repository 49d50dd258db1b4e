use super::*;
use std::net::TcpStream as Client;

use ipc::slice::Limits;

use crate::bind::bind;
use crate::gate::Custom;

fn entrance() -> (Entrance, SocketAddr) {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    (
        Entrance::new(Listener { address: address.into(), implicit_tls: false }, listener.into()).unwrap(),
        address,
    )
}

fn acceptor() -> Acceptor {
    Acceptor::new(Gate::new(Limits::of(9, 9), Custom::Anonymous))
}

#[tokio::test]
async fn every_entrance_is_served() {
    let (one, two) = (entrance(), entrance());
    let acceptor = acceptor();
    let _clients = [Client::connect(one.1), Client::connect(one.1), Client::connect(two.1)];
    let entrances = [one.0, two.0];
    let mut through = Vec::new();
    for _ in 0..3 {
        let arrival = acceptor.accept(&entrances).await.unwrap();
        let Stream::Tcp(stream) = &arrival.stream else { panic!("no TCP") };
        assert!(stream.nodelay().unwrap());
        through.push(arrival.listener.address);
    }
    assert_eq!(through.iter().filter(|address| **address == two.1.into()).count(), 1);
    assert_ne!(through[2], two.1.into(), "a busy entrance must not hide the other");
}

#[tokio::test]
async fn a_path_of_this_host_is_an_entrance() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let listener = Listener { address: Endpoint::Unix, implicit_tls: false };
    let entrances = [Entrance::new(listener, socket.into()).unwrap()];
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let arrival = acceptor().accept(&entrances).await.unwrap();
    assert_eq!((arrival.peer, arrival.listener.address), (LOCAL_PEER, Endpoint::Unix));
    assert_eq!(arrival.stream.local_addr().unwrap(), LOCAL_PEER);
}

#[tokio::test]
async fn while_the_gate_has_no_room_the_kernel_keeps_the_next() {
    let (entrance, address) = entrance();
    let entrances = [entrance];
    let acceptor = acceptor();
    let mut pending: Vec<_> = (0..9 + crate::gate::SLACK).map(|_| acceptor.gate.enter()).collect();
    let _client = Client::connect(address).unwrap();
    let soon = Duration::from_millis(200);
    assert!(timeout(soon, acceptor.accept(&entrances)).await.is_err());
    pending.pop();
    assert!(timeout(soon, acceptor.accept(&entrances)).await.is_ok());
}

#[tokio::test]
async fn errors_of_one_connection_do_not_matter_and_those_of_the_entrance_do() {
    let acceptor = acceptor();
    let survive = |errno: Errno| acceptor.survive(errno.into());
    for errno in [Errno::CONNABORTED, Errno::PROTO, Errno::PERM, Errno::NETDOWN, Errno::HOSTUNREACH] {
        assert!(survive(errno).await.is_ok(), "{errno}");
    }
    for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
        assert!(survive(errno).await.is_err(), "{errno}");
    }
}

#[tokio::test(start_paused = true)]
async fn want_of_descriptors_is_waited_out() {
    let acceptor = acceptor();
    for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
        let started = tokio::time::Instant::now();
        acceptor.survive(errno.into()).await.unwrap();
        assert_eq!(started.elapsed(), PAUSE, "{errno}");
        let guest = acceptor.gate.enter();
        let (survived, ()) = tokio::join!(acceptor.survive(errno.into()), async { drop(guest) });
        survived.unwrap();
        assert_eq!(started.elapsed(), PAUSE, "{errno}: somebody left");
    }
}
