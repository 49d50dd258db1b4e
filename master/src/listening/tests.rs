use std::net::TcpStream;
use std::path::Path;

use super::*;

fn config(more: &str) -> Config {
    let text = format!("hostname = \"h.example\"\ndomain = \"example.org\"\n{more}");
    crate::config::parse(Path::new("t.toml"), &text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// mx on those addresses with so many workers, and nothing else.
fn mx(listen: &[SocketAddr], workers: u16) -> Config {
    let listen: Vec<String> = listen.iter().map(|address| format!("\"{address}\"")).collect();
    config(&format!("[mx]\nlisten = [{}]\nworkers = {workers}\n[imap]\nlisten_tls = []\n", listen.join(", ")))
}

fn port_zero() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn address(listening: &Listening) -> SocketAddr {
    tcp(&listening.bound[0]).unwrap()
}

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn every_socket_has_a_worker_and_every_worker_a_socket() {
    for sockets in 1..6 {
        for seats in 1..6 {
            for index in 0..sockets {
                assert!((0..seats).any(|seat| has(index, sockets, seat, seats)), "{sockets} {seats}");
            }
            for seat in 0..seats {
                assert!((0..sockets).any(|index| has(index, sockets, seat, seats)), "{sockets} {seats}");
            }
        }
    }
}

#[test]
fn a_socket_for_each_worker_of_each_address() {
    let listening = Listening::start(&mx(&[port_zero()], 3), Vec::new()).unwrap();
    let of = |seat| listening.of_seat(Role::Mx, seat, 3).iter().map(|bound| bound.id).collect::<Vec<_>>();
    assert_eq!((of(0), of(1), of(2)), (vec![0], vec![1], vec![2]));
    assert_eq!(listening.addresses(), [format!("mx {}", address(&listening))]);
    assert!(TcpStream::connect(address(&listening)).is_ok());
}

#[test]
fn what_is_added_is_there_only_when_it_is_adopted_and_what_is_removed_until_then() {
    let mut listening = Listening::start(&mx(&[free()], 2), Vec::new()).unwrap();
    let (old, new) = (address(&listening), free());
    let change = listening.prepare(&mx(&[new], 2)).unwrap();
    assert!(TcpStream::connect(old).is_ok() && TcpStream::connect(new).is_err());
    drop(change);
    assert!(TcpStream::connect(old).is_ok());
    let change = listening.prepare(&mx(&[new], 2)).unwrap();
    listening.adopt(change).unwrap();
    assert!(TcpStream::connect(old).is_err() && TcpStream::connect(new).is_ok());
    assert_eq!(listening.of_seat(Role::Mx, 1, 2)[0].id, 3, "numbers are not given twice");
}

#[test]
fn the_same_configuration_changes_nothing() {
    let config = mx(&[port_zero()], 2);
    let listening = Listening::start(&config, Vec::new()).unwrap();
    let change = listening.prepare(&config).unwrap();
    assert!(change.added.is_empty() && change.removed.is_empty());
}

#[test]
fn more_workers_get_sockets_of_their_own_and_those_of_fewer_are_taken_over() {
    let mut listening = Listening::start(&mx(&[port_zero()], 1), Vec::new()).unwrap();
    let change = listening.prepare(&mx(&[port_zero()], 3)).unwrap();
    listening.adopt(change).unwrap();
    assert_eq!(listening.bound.len(), 3);
    let change = listening.prepare(&mx(&[port_zero()], 2)).unwrap();
    listening.adopt(change).unwrap();
    assert_eq!(listening.bound.len(), 3, "nobody who waits in one is sent away");
    assert_eq!(listening.of_seat(Role::Mx, 0, 2).len(), 2);
    assert_eq!(listening.of_seat(Role::Mx, 1, 2).len(), 1);
}

#[test]
fn another_programs_address_is_refused() {
    let listening = Listening::start(&mx(&[port_zero()], 1), Vec::new()).unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let failure = listening.prepare(&mx(&[port_zero(), other.local_addr().unwrap()], 1)).unwrap_err();
    assert!(failure.message.ends_with("another program listens there"), "{failure}");
}

#[test]
fn an_address_does_not_change_hands_at_once() {
    let listening = Listening::start(&mx(&[free()], 1), Vec::new()).unwrap();
    let address = address(&listening);
    let taken = config(&format!("[mx]\nlisten = []\n[imap]\nlisten_tls = [\"{address}\"]\n"));
    let failure = listening.prepare(&taken).unwrap_err();
    assert!(failure.message.contains("mx listens there; take it away from mx first"), "{failure}");
}

#[test]
fn from_every_address_to_one_and_back() {
    let port = free().port();
    let (every, one) = (SocketAddr::from(([0, 0, 0, 0], port)), SocketAddr::from(([127, 0, 0, 1], port)));
    let mut listening = Listening::start(&mx(&[every], 1), Vec::new()).unwrap();
    for wanted in [one, every] {
        let change = listening.prepare(&mx(&[wanted], 1)).unwrap();
        listening.adopt(change).unwrap();
        assert!(TcpStream::connect(one).is_ok());
        assert_eq!(address(&listening), wanted);
    }
}

#[test]
fn nothing_to_listen_on_is_refused() {
    let nothing = config("[mx]\nlisten = []\n[imap]\nlisten_tls = []\n");
    assert_eq!(Listening::start(&nothing, Vec::new()).unwrap_err().exit, Exit::Config);
    let listening = Listening::start(&mx(&[port_zero()], 1), Vec::new()).unwrap();
    assert_eq!(listening.prepare(&nothing).unwrap_err().exit, Exit::Config);
}

fn passed(name: &str) -> (Passed, SocketAddr) {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (Passed { name: name.into(), address, socket: socket.into() }, address)
}

#[test]
fn a_socket_that_was_passed_under_a_name_is_all_its_service_has() {
    let (socket, address) = passed("smtp");
    let config = mx(&[free()], 3);
    let listening = Listening::start(&config, vec![socket]).unwrap();
    assert_eq!(listening.addresses(), [format!("mx {address}")]);
    for seat in 0..3 {
        assert_eq!(listening.of_seat(Role::Mx, seat, 3).len(), 1, "all share it");
    }
    assert!(listening.prepare(&mx(&[free()], 2)).is_ok_and(|change| change.added.is_empty()));
}

#[test]
fn a_socket_that_was_passed_for_an_address_stays_as_long_as_that_is_wanted() {
    let (socket, address) = passed("bulkhead.socket");
    let other = free();
    let listening = Listening::start(&mx(&[address, other], 2), vec![socket]).unwrap();
    assert_eq!(listening.bound.len(), 3, "one that is shared, two of our own");
    assert!(listening.prepare(&mx(&[address], 2)).is_ok());
    let failure = listening.prepare(&mx(&[other], 2)).unwrap_err();
    assert!(failure.message.contains("systemd"), "{failure}");
}
