//! Making listening sockets.

pub mod passed;
pub mod unix;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipc::exit::{Exit, Failure};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::config::{Address, Origin};

/// The workers of an instance whose master was killed are killed with it, and have the port until they are gone.
pub const DYING: Duration = Duration::from_secs(2);

/// What another program that has the address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// It is waited for so long, and then it is an error.
    WaitFor(Duration),
    /// It is one of our own sockets, which share the address.
    AreOurs,
}

/// As many sockets as that for one address, to which nobody can connect yet; and what they are bound to. None when the
/// address is there by default only, and the host has no such family.
///
/// # Errors
/// Why the address cannot be had.
pub fn reserve(
    address: Address,
    sockets: usize,
    others: Others,
) -> Result<Option<(SocketAddr, Vec<OwnedFd>)>, Failure> {
    if let Others::WaitFor(patience) = others {
        match is_free(address.socket, patience) {
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)
                if address.origin == Origin::Default && address.socket.is_ipv6() =>
            {
                return Ok(None);
            }
            Err(errno) => return Err(refused(address.socket, &errno.into())),
            Ok(()) => {}
        }
    }
    let mut local = address.socket;
    let mut made = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let socket = listener::bind::reserve(local).map_err(|error| refused(local, &error))?;
        // a port that the system chose is the port of all workers
        local = rustix::net::getsockname(&socket)
            .ok()
            .and_then(|name| SocketAddr::try_from(name).ok())
            .ok_or_else(|| Failure::new(Exit::OsError, format!("{local} has no name once bound")))?;
        made.push(socket);
    }
    Ok(Some((local, made)))
}

/// Sockets that share a port also share it with another instance of the same user, in silence; one that does not
/// share it tells whether somebody is there.
fn is_free(address: SocketAddr, patience: Duration) -> Result<(), Errno> {
    let asked = Instant::now();
    loop {
        match probe(address) {
            Err(Errno::ADDRINUSE) if asked.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}

fn probe(address: SocketAddr) -> Result<(), Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let probe = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&probe, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&probe, true)?;
    }
    rustix::net::bind(&probe, &address)
}

pub(crate) fn refused(address: SocketAddr, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        io::ErrorKind::PermissionDenied if address.port() < 1024 => {
            "ports below 1024 are for root, or for whoever has CAP_NET_BIND_SERVICE".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this host does not have the address".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(Exit::OsError, format!("cannot listen on {address}: {why}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const NOW: Others = Others::WaitFor(Duration::ZERO);

    fn loopback(port: u16) -> Address {
        Address { socket: SocketAddr::from(([127, 0, 0, 1], port)), origin: Origin::Written }
    }

    #[test]
    fn sockets_share_the_port_the_system_chose_and_nobody_connects_yet() {
        let (local, sockets) = reserve(loopback(0), 3, NOW).unwrap().unwrap();
        assert!(local.port() != 0 && sockets.len() == 3);
        for socket in &sockets {
            let name = SocketAddr::try_from(rustix::net::getsockname(socket).unwrap()).unwrap();
            assert_eq!(name, local);
        }
        assert!(std::net::TcpStream::connect(local).is_err());
        listener::bind::listen(&sockets[0]).unwrap();
        assert!(std::net::TcpStream::connect(local).is_ok());
    }

    #[test]
    fn a_port_in_use_is_an_error_even_if_it_could_be_shared() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let failure = reserve(loopback(port), 1, NOW).unwrap_err();
        assert_eq!(failure.exit, Exit::OsError);
        assert_eq!(
            failure.message,
            format!("cannot listen on 127.0.0.1:{port}: another program listens there")
        );

        let (ours, sockets) = reserve(loopback(0), 1, NOW).unwrap().unwrap();
        listener::bind::listen(&sockets[0]).unwrap();
        assert!(reserve(loopback(ours.port()), 1, NOW).is_err());
        assert!(reserve(loopback(ours.port()), 1, Others::AreOurs).is_ok());
    }

    #[test]
    fn an_address_of_another_host_is_refused() {
        let address = Address { socket: "192.0.2.1:2525".parse().unwrap(), origin: Origin::Written };
        let failure = reserve(address, 1, NOW).unwrap_err();
        assert!(failure.message.contains("does not have the address"));
    }
}
