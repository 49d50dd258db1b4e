//! Sockets: those that were handed over, and no others.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ipc::role::{Layer, Layers, Role};
use nix::libc::SIGSYS;

use super::{alone, of, said};
use crate::Starter;
use crate::started::{Cell, outcome};

pub(super) fn a_listener_serves(starter: Starter) {
    serves(starter, "serve");
}

pub(super) fn a_runtime_serves(starter: Starter) {
    serves(starter, "serve-by-runtime");
}

fn serves(starter: Starter, attempt: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let cell = Cell::full(starter, Role::Mx);
    let child = cell.start(attempt, OwnedFd::from(listener), Stdio::piped());
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    client.write_all(b"hello").expect("it is written");
    let mut answer = [0; 5];
    client.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"hello");
    assert_eq!(said(&outcome(child)), "ok");
}

pub(super) fn connecting_is_stopped_by_each_layer(starter: Starter) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let attempt = format!("connect={}", listener.local_addr().expect("an address"));
    let under = |layers| Cell::with(starter, Role::Imap, layers).run(&attempt);
    assert_eq!(said(&under(Layers::NONE)), "ok");
    assert_eq!(said(&under(alone(starter, Layer::NetNamespace))), "Network is unreachable (os error 101)");
    assert_eq!(said(&under(of(&[Layer::Landlock]))), "Permission denied (os error 13)");
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

pub(super) fn abstract_sockets_are_stopped(starter: Starter) {
    let name = format!("bulkhead-test-{}-{starter:?}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let _listener = UnixListener::bind_addr(&address).expect("a socket");
    let attempt = format!("abstract={name}");
    let under = |layers| Cell::with(starter, Role::Imap, layers).run(&attempt);
    assert_eq!(said(&under(Layers::NONE)), "ok");
    assert_eq!(said(&under(alone(starter, Layer::NetNamespace))), "Connection refused (os error 111)");
    assert_eq!(said(&under(of(&[Layer::Landlock]))), "Operation not permitted (os error 1)");
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

pub(super) fn only_the_store_makes_session_pairs(starter: Starter) {
    assert_eq!(said(&Cell::full(starter, Role::Store).run("session-pair")), "ok");
    for role in Role::STARTED.into_iter().filter(|role| *role != Role::Store) {
        assert_eq!(Cell::full(starter, role).run("session-pair").end, Err(SIGSYS), "{role}");
    }
}

pub(super) fn the_journal_is_reached_only_when_planned(starter: Starter) {
    let directory = tempfile::tempdir_in("/tmp").expect("a directory");
    open_to_all(directory.path(), 0o755);
    let path = directory.path().join("socket");
    let journal = UnixDatagram::bind(&path).expect("a socket");
    open_to_all(&path, 0o666);
    let cell = Cell::full(starter, Role::Imap).journal(&path);
    let done = cell.run("journal");
    assert_eq!(said(&done), "ok", "{done:?}");
    let mut record = [0; 64];
    assert_eq!(journal.recv(&mut record).expect("a record"), b"MESSAGE=x".len());
    assert_eq!(Cell::full(starter, Role::Imap).run("journal").end, Err(SIGSYS));
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

pub(super) fn channels_have_time_limits(starter: Starter) {
    for role in Role::STARTED {
        assert_eq!(said(&Cell::full(starter, role).run("time-limits")), "ok", "{role}");
        assert_eq!(Cell::full(starter, role).run("reuse-port").end, Err(SIGSYS), "{role}");
    }
}
