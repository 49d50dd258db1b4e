//! Sockets of its own making: to connect, to bind, to listen to the network.

use std::net::SocketAddr;

use ipc::role::Layer;
use nix::libc;

use super::done;
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "connect-tcp",
        "connect to a TCP port of this host",
        connect_tcp,
        &[KILLED, errno(Layer::NetNamespace, libc::ENETUNREACH), errno(Layer::Landlock, libc::EACCES)],
    ),
    attempt("bind-tcp", "listen on a TCP port", bind_tcp, &[KILLED, errno(Layer::Landlock, libc::EACCES)]),
    attempt(
        "send-udp",
        "send a datagram",
        send_udp,
        &[KILLED, errno(Layer::NetNamespace, libc::ENETUNREACH)],
    ),
    attempt("bind-udp", "take a UDP port", bind_udp, &[KILLED]),
    attempt(
        "connect-unix",
        "connect to a Unix socket by its path",
        connect_unix,
        &[KILLED, errno(Layer::Root, libc::ENOENT)],
    ),
    attempt(
        "connect-abstract",
        "connect to an abstract Unix socket",
        connect_abstract,
        &[KILLED, errno(Layer::NetNamespace, libc::ECONNREFUSED), errno(Layer::Landlock, libc::EPERM)],
    ),
    attempt("bind-abstract", "listen on an abstract Unix socket", bind_abstract, &[KILLED]),
    attempt(
        "family-inet",
        "make an IPv4 socket",
        |_, _| family(libc::AF_INET, libc::SOCK_STREAM, 0),
        &[KILLED],
    ),
    attempt(
        "family-inet6",
        "make an IPv6 socket",
        |_, _| family(libc::AF_INET6, libc::SOCK_STREAM, 0),
        &[KILLED],
    )
    .unless(&[libc::EAFNOSUPPORT]),
    attempt(
        "family-unix",
        "make a Unix socket",
        |_, _| family(libc::AF_UNIX, libc::SOCK_STREAM, 0),
        &[KILLED],
    ),
    attempt(
        "family-netlink",
        "make a netlink socket",
        |_, _| family(libc::AF_NETLINK, libc::SOCK_RAW, 0),
        &[KILLED],
    ),
    attempt(
        "family-raw",
        "make a raw IP socket",
        |_, _| family(libc::AF_INET, libc::SOCK_RAW, 1),
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "family-packet",
        "make a packet socket",
        |_, _| family(libc::AF_PACKET, libc::SOCK_RAW, 0),
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root()
    .unless(&[libc::EAFNOSUPPORT]),
    attempt(
        "family-vsock",
        "make a VM socket",
        |_, _| family(libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        &[KILLED],
    )
    .unless(&[libc::EAFNOSUPPORT, libc::ENODEV]),
    attempt(
        "family-alg",
        "make a socket of the kernel's ciphers",
        |_, _| family(libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
        &[KILLED],
    )
    .unless(&[libc::EAFNOSUPPORT]),
    attempt("stream-pair", "make a pair of stream sockets", stream_pair, &[KILLED]),
    attempt("send-with-address", "send to an address on a socket it has", send_with_address, &[KILLED]),
];

fn connect_tcp(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    connect(family_socket(libc::AF_INET, libc::SOCK_STREAM)?, &internet(scene.tcp)?)
}

fn bind_tcp(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let socket = family_socket(libc::AF_INET, libc::SOCK_STREAM)?;
    bind(socket, &internet(Some(SocketAddr::from(([0, 0, 0, 0], 0))))?)?;
    done(call(libc::SYS_listen, &mut [Arg::Int(socket), Arg::Int(1)]))
}

fn send_udp(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    send_to(family_socket(libc::AF_INET, libc::SOCK_DGRAM)?, &internet(scene.udp)?)
}

fn bind_udp(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let socket = family_socket(libc::AF_INET, libc::SOCK_DGRAM)?;
    bind(socket, &internet(Some(SocketAddr::from(([0, 0, 0, 0], 0))))?)
}

fn connect_unix(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    connect(family_socket(libc::AF_UNIX, libc::SOCK_STREAM)?, &local(&[scene.unix.as_bytes(), b"\0"]))
}

fn connect_abstract(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    connect(family_socket(libc::AF_UNIX, libc::SOCK_STREAM)?, &local(&[b"\0", scene.name.as_bytes()]))
}

fn bind_abstract(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let socket = family_socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    let name = format!("bulkhead-breach-{}", std::process::id());
    bind(socket, &local(&[b"\0", name.as_bytes()]))
}

fn stream_pair(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let (family, kind) = (Arg::Int(libc::AF_UNIX.into()), Arg::Int(libc::SOCK_STREAM.into()));
    done(call(libc::SYS_socketpair, &mut [family, kind, NULL, Arg::Out(&mut [0; 8])]))
}

fn send_with_address(scene: &Scene, _: &Handed) -> Result<(), Failed> {
    // the control channel is a connected socket: an address is refused as one too many, but looked at first
    match send_to(0, &local(&[scene.unix.as_bytes(), b"\0"])) {
        Err(libc::EISCONN | libc::EPROTOTYPE | libc::EOPNOTSUPP) => Ok(()),
        other => other,
    }
}

fn family(family: i32, kind: i32, protocol: i64) -> Result<(), Failed> {
    done(call(libc::SYS_socket, &mut [Arg::Int(family.into()), Arg::Int(kind.into()), Arg::Int(protocol)]))
}

fn family_socket(family: i32, kind: i32) -> Result<i64, Failed> {
    call(libc::SYS_socket, &mut [Arg::Int(family.into()), Arg::Int(kind.into())])
}

fn connect(socket: i64, address: &[u8]) -> Result<(), Failed> {
    done(call(libc::SYS_connect, &mut [Arg::Int(socket), Arg::In(address), length(address)]))
}

fn bind(socket: i64, address: &[u8]) -> Result<(), Failed> {
    done(call(libc::SYS_bind, &mut [Arg::Int(socket), Arg::In(address), length(address)]))
}

fn send_to(socket: i64, address: &[u8]) -> Result<(), Failed> {
    let (text, flags) = (Arg::In(b"x"), Arg::Int(libc::MSG_NOSIGNAL.into()));
    done(call(
        libc::SYS_sendto,
        &mut [Arg::Int(socket), text, Arg::Int(1), flags, Arg::In(address), length(address)],
    ))
}

fn length(address: &[u8]) -> Arg<'static> {
    Arg::Int(i64::try_from(address.len()).unwrap_or_default())
}

/// struct sockaddr_in
fn internet(address: Option<SocketAddr>) -> Result<Vec<u8>, Failed> {
    let Some(SocketAddr::V4(address)) = address else { return Err(libc::EDESTADDRREQ) };
    let family = u16::try_from(libc::AF_INET).unwrap_or_default().to_ne_bytes();
    Ok([&family[..], &address.port().to_be_bytes(), &address.ip().octets(), &[0; 8]].concat())
}

/// struct sockaddr_un
fn local(name: &[&[u8]]) -> Vec<u8> {
    let family = u16::try_from(libc::AF_UNIX).unwrap_or_default().to_ne_bytes();
    [&family[..], &name.concat()].concat()
}
