//! The listening sockets: one per worker and address, kept as long as the master lives.

mod unix;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipc::exit::{Exit, Failure};
use ipc::role::{Instance, Role};
use ipc::service::control::Listener;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::config::{Address, Config, Origin};

/// One socket of one worker.
#[derive(Debug)]
pub struct Bound {
    /// Whose it is.
    pub instance: Instance,
    /// How connections on it begin.
    pub listener: Listener,
    /// Listening and non-blocking.
    pub socket: OwnedFd,
}

/// Binds everything that is to be listened on.
///
/// # Errors
/// An address that cannot be had, and why.
pub fn all(config: &Config) -> Result<Vec<Bound>, Failure> {
    let mut bound = Vec::new();
    for role in Role::STARTED.into_iter().filter(|role| role.is_reader()) {
        for (addresses, implicit_tls) in config.listeners(role) {
            for address in addresses {
                bound.extend(for_workers(role, config.workers(role), *address, implicit_tls)?);
            }
        }
        if let Some(socket) = config.unix_socket(role) {
            bound.extend(unix::for_workers(role, config.workers(role), socket)?);
        }
    }
    if bound.is_empty() {
        return Err(Failure::new(
            Exit::Config,
            "there is nothing to listen on: mx.listen and imap.listen_tls are empty, and no other section listens",
        ));
    }
    Ok(bound)
}

fn for_workers(
    role: Role,
    workers: u16,
    address: Address,
    implicit_tls: bool,
) -> Result<Vec<Bound>, Failure> {
    match is_free(address.socket) {
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)
            if address.origin == Origin::Default && address.socket.is_ipv6() =>
        {
            return Ok(Vec::new());
        }
        Err(errno) => return Err(refused(address.socket, &errno.into())),
        Ok(()) => {}
    }
    let mut local = address.socket;
    (0..workers)
        .map(|worker| {
            let socket = listener::bind::bind(local).map_err(|error| refused(local, &error))?;
            // a port that the system chose is the port of all workers
            local = rustix::net::getsockname(&socket)
                .ok()
                .and_then(|name| SocketAddr::try_from(name).ok())
                .ok_or_else(|| Failure::new(Exit::OsError, format!("{local} has no name once bound")))?;
            let listener = Listener { address: local.into(), implicit_tls };
            Ok(Bound { instance: Instance { role, worker }, listener, socket })
        })
        .collect()
}

/// The workers of an instance whose master was killed are killed with it, and have the port until they are gone.
const DYING: Duration = Duration::from_secs(2);

/// Sockets that share a port also share it with another instance of the same user, in silence; one that does not
/// share it tells whether somebody is there.
fn is_free(address: SocketAddr) -> Result<(), Errno> {
    let asked = Instant::now();
    loop {
        match probe(address) {
            Err(Errno::ADDRINUSE) if asked.elapsed() < DYING => std::thread::sleep(Duration::from_millis(20)),
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

fn refused(address: SocketAddr, error: &io::Error) -> Failure {
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

    fn loopback(port: u16) -> Address {
        Address { socket: SocketAddr::from(([127, 0, 0, 1], port)), origin: Origin::Written }
    }

    #[test]
    fn workers_share_the_port_the_system_chose() {
        let bound = for_workers(Role::Mx, 3, loopback(0), false).unwrap();
        let ports: Vec<u16> = bound.iter().filter_map(|bound| bound.listener.address.port()).collect();
        assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
        let workers: Vec<u16> = bound.iter().map(|bound| bound.instance.worker).collect();
        assert_eq!(workers, [0, 1, 2]);
    }

    #[test]
    fn a_port_in_use_is_an_error_even_if_it_could_be_shared() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let failure = for_workers(Role::Mx, 1, loopback(port), false).unwrap_err();
        assert_eq!(failure.exit, Exit::OsError);
        assert_eq!(
            failure.message,
            format!("cannot listen on 127.0.0.1:{port}: another program listens there")
        );

        let ours = for_workers(Role::Mx, 1, loopback(0), false).unwrap();
        let port = ours[0].listener.address.port().unwrap();
        assert!(for_workers(Role::Mx, 1, loopback(port), false).is_err());
    }

    #[test]
    fn an_address_of_another_host_is_refused() {
        let address = Address { socket: "192.0.2.1:2525".parse().unwrap(), origin: Origin::Written };
        assert!(
            for_workers(Role::Mx, 1, address, false)
                .unwrap_err()
                .message
                .contains("does not have the address")
        );
    }
}
