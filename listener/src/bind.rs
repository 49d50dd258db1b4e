//! Binding the ports. Only the master does this; the readers get the sockets.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// Connections that wait in the kernel while no worker accepts; net.core.somaxconn may be less.
const BACKLOG: i32 = 4096;

/// A listening TCP socket, non-blocking and close-on-exec. Several workers can each have one on the same address
/// (SO_REUSEPORT); an IPv6 address takes IPv6 connections only.
///
/// # Errors
/// As [`reserve`] and [`listen`].
pub fn bind(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = reserve(address)?;
    listen(&socket)?;
    Ok(socket)
}

/// The same, but nobody can connect to it before [`listen`].
///
/// # Errors
/// As socket(2) and bind(2).
pub fn reserve(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

/// From now on connections to it are made.
///
/// # Errors
/// As listen(2).
pub fn listen(socket: impl AsFd) -> io::Result<()> {
    Ok(rustix::net::listen(socket, BACKLOG)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn workers_share_a_port() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let first = TcpListener::from(bind(loopback.parse().unwrap()).unwrap());
            let address = first.local_addr().unwrap();
            let second = TcpListener::from(bind(address).unwrap());
            assert_eq!(second.local_addr().unwrap(), address);
            assert!(sockopt::socket_acceptconn(&second).unwrap());
            assert_eq!(first.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
            assert!(rustix::io::fcntl_getfd(&first).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        }
    }

    #[test]
    fn both_families_have_the_port_for_themselves() {
        let six = TcpListener::from(bind("[::]:0".parse().unwrap()).unwrap());
        let port = six.local_addr().unwrap().port();
        // Without IPV6_V6ONLY and SO_REUSEPORT on the other socket this port would be taken.
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}
