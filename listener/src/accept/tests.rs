use super::*;
use std::net::TcpStream as Client;
use tokio::time::sleep;

use crate::bind::bind;

fn entrance() -> (Entrance, SocketAddr) {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    (Entrance::new(Listener { address: address.into(), implicit_tls: false }, listener.into()).unwrap(), address)
}

fn gate(connections: u32, connections_per_address: u32) -> Gate {
    Gate::new(Limits::of(connections, connections_per_address))
}

const SOON: Duration = Duration::from_millis(200);

#[tokio::test]
async fn every_entrance_is_served() {
    let (one, two) = (entrance(), entrance());
    let gate = gate(10, 10);
    let _clients = [Client::connect(one.1), Client::connect(one.1), Client::connect(two.1)];
    let entrances = [one.0, two.0];
    let mut through = Vec::new();
    for _ in 0..3 {
        let arrival = gate.accept(&entrances).await.unwrap();
        let crate::stream::Stream::Tcp(stream) = &arrival.stream else { panic!("no TCP") };
        assert!(arrival.place.is_some() && stream.nodelay().unwrap());
        through.push(arrival.listener.address);
    }
    assert_eq!(through.iter().filter(|address| **address == two.1.into()).count(), 1);
    assert_ne!(through[2], two.1.into(), "a busy entrance must not hide the other");
}

#[tokio::test]
async fn a_path_of_this_host_is_an_entrance_for_one_client_with_all_places() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let listener = Listener { address: Endpoint::Unix, implicit_tls: false };
    let entrances = [Entrance::new(listener, socket.into()).unwrap()];
    let gate = gate(3, 1);
    let _clients = [(); 2].map(|()| std::os::unix::net::UnixStream::connect(&path).unwrap());
    for _ in 0..2 {
        let arrival = gate.accept(&entrances).await.unwrap();
        assert_eq!((arrival.peer, arrival.listener.address), (LOCAL_PEER, Endpoint::Unix));
        assert_eq!(arrival.stream.local_addr().unwrap(), LOCAL_PEER);
        std::mem::forget(arrival.place.expect("a place"));
    }
}

#[tokio::test]
async fn when_all_places_are_taken_the_kernel_keeps_the_next() {
    let (entrance, address) = entrance();
    let entrances = [entrance];
    let gate = gate(2, 9);
    let _clients: Vec<_> = (0..3).map(|_| Client::connect(address).unwrap()).collect();
    let first = gate.accept(&entrances).await.unwrap();
    let _second = gate.accept(&entrances).await.unwrap();
    assert!(timeout(SOON, gate.accept(&entrances)).await.is_err());
    drop(first);
    assert!(timeout(SOON, gate.accept(&entrances)).await.unwrap().unwrap().place.is_some());
}

#[tokio::test]
async fn an_address_with_too_many_gets_no_place_until_one_leaves() {
    let (entrance, address) = entrance();
    let entrances = [entrance];
    let gate = gate(10, 2);
    let _clients: Vec<_> = (0..4).map(|_| Client::connect(address).unwrap()).collect();
    let first = gate.accept(&entrances).await.unwrap();
    let _second = gate.accept(&entrances).await.unwrap();
    assert!(gate.accept(&entrances).await.unwrap().place.is_none());
    drop(first);
    assert!(gate.accept(&entrances).await.unwrap().place.is_some());
    assert_eq!(gate.by_address.borrow().len(), 1);
}

#[tokio::test]
async fn it_is_empty_when_all_have_left() {
    let (entrance, address) = entrance();
    let entrances = [entrance];
    let gate = gate(3, 3);
    let _client = Client::connect(address).unwrap();
    let arrival = gate.accept(&entrances).await.unwrap();
    assert!(timeout(SOON, gate.empty()).await.is_err());
    tokio::join!(gate.empty(), async {
        sleep(Duration::from_millis(10)).await;
        drop(arrival);
    });
    assert!(gate.by_address.borrow().is_empty());
}

#[tokio::test]
async fn errors_of_one_connection_do_not_matter_and_those_of_the_entrance_do() {
    let gate = gate(1, 1);
    let survive = |errno: Errno| gate.survive(errno.into());
    for errno in [Errno::CONNABORTED, Errno::PROTO, Errno::PERM, Errno::NETDOWN, Errno::HOSTUNREACH] {
        assert!(survive(errno).await.is_ok(), "{errno}");
    }
    for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
        assert!(survive(errno).await.is_err(), "{errno}");
    }
}

#[tokio::test(start_paused = true)]
async fn want_of_descriptors_is_waited_out() {
    let gate = gate(1, 1);
    for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
        let started = tokio::time::Instant::now();
        gate.survive(errno.into()).await.unwrap();
        assert_eq!(started.elapsed(), PAUSE, "{errno}");
        gate.left.notify_one();
        gate.survive(errno.into()).await.unwrap();
        assert_eq!(started.elapsed(), PAUSE, "{errno}: somebody left");
    }
}

#[test]
fn an_ipv6_network_counts_as_one() {
    let counted = |text: &str| counted_as(text.parse().unwrap()).to_string();
    assert_eq!(counted("192.0.2.7"), "192.0.2.7");
    assert_eq!(counted("::ffff:192.0.2.7"), "192.0.2.7");
    assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}
