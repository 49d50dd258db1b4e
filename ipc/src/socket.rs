//! One Unix SOCK_SEQPACKET socket: a packet is a frame, with its descriptors.
//!
//! The only place that calls `sendmsg` and `recvmsg` on a channel.

use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use zeroize::Zeroize;

use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// The most bytes of a body in one packet.
pub const CHUNK_MAX: usize = 128 * 1024;
/// The most bytes of a packet: a chunk or a message, and the frame's head.
pub const PACKET_MAX: usize = CHUNK_MAX + 16;
/// The most descriptors any frame carries.
pub const DESCRIPTORS_MAX: usize = 130;

/// What arrived in one packet.
#[derive(Debug)]
pub struct Packet {
    /// Its bytes; never empty.
    pub bytes: Vec<u8>,
    /// Its descriptors, close-on-exec.
    pub descriptors: Vec<OwnedFd>,
}

/// Makes a connected pair, close-on-exec and blocking.
///
/// # Errors
/// As socketpair(2): mostly when there are too many descriptors.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one packet: `head` and `body` joined.
///
/// # Errors
/// As sendmsg(2); [`io::ErrorKind::WouldBlock`] when the socket is non-blocking and the peer slow.
pub fn send(
    socket: BorrowedFd<'_>,
    head: &[u8],
    body: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors in one packet"));
    }
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    net::sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one packet.
///
/// # Errors
/// As recvmsg(2); [`io::ErrorKind::UnexpectedEof`] when the peer closed; [`io::ErrorKind::InvalidData`] when the
/// packet, or its descriptors, did not fit (what did arrive is closed).
pub fn receive(socket: BorrowedFd<'_>) -> io::Result<Packet> {
    // One buffer a thread: a thousand idle channels hold no buffer each.
    thread_local!(static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PACKET_MAX]));
    BUFFER.with_borrow_mut(|buffer| {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got =
            net::recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let descriptors = control
            .drain()
            .filter_map(
                |message| if let RecvAncillaryMessage::ScmRights(fds) = message { Some(fds) } else { None },
            )
            .flatten()
            .collect();
        if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet larger than any frame"));
        }
        if got.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let filled = buffer.get_mut(..got.bytes).unwrap_or_default();
        let bytes = filled.to_vec();
        // A message may hold a password; chunks, which are large, hold mail.
        if filled.get(1) == Some(&crate::frame::MESSAGE) {
            filled.zeroize();
        }
        Ok(Packet { bytes, descriptors })
    })
}

/// Whether [`receive`] would return at once: with a packet, or because the channel is at its end.
#[must_use]
pub fn is_readable(socket: BorrowedFd<'_>) -> bool {
    // `poll` is a system call that the readers' filters do not have
    net::recv(socket, &mut [0u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) != Err(rustix::io::Errno::AGAIN)
}

/// Whether the other end is closed and nothing it said is left to be read.
#[must_use]
pub fn has_ended(socket: BorrowedFd<'_>) -> bool {
    match net::recv(socket, &mut [0u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, length)) => length == 0,
        Err(error) => error != rustix::io::Errno::AGAIN,
    }
}

/// What a descriptor must be, for the frame that carries it to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Unix SEQPACKET socket: one end of a channel.
    Channel,
    /// A listening stream socket.
    Listener,
    /// A regular file.
    File,
}

impl Kind {
    /// Is the descriptor of this kind?
    #[must_use]
    pub fn admits(self, descriptor: BorrowedFd<'_>) -> bool {
        use rustix::net::sockopt;
        match self {
            Kind::Channel => sockopt::socket_type(descriptor) == Ok(SocketType::SEQPACKET),
            Kind::Listener => sockopt::socket_acceptconn(descriptor) == Ok(true),
            Kind::File => rustix::fs::fstat(descriptor)
                .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()),
        }
    }
}

/// Sets how long a blocking receive on the socket waits.
///
/// # Errors
/// As setsockopt(2).
pub fn set_receive_timeout(socket: impl AsFd, timeout: std::time::Duration) -> io::Result<()> {
    Ok(net::sockopt::set_socket_timeout(socket, net::sockopt::Timeout::Recv, Some(timeout))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_keeps_its_edges_and_its_descriptors() {
        let (a, b) = pair().unwrap();
        let (inner, _far) = pair().unwrap();
        send(a.as_fd(), b"one", b"", &[inner.as_fd()]).unwrap();
        send(a.as_fd(), b"t", b"wo", &[]).unwrap();
        let first = receive(b.as_fd()).unwrap();
        assert_eq!((first.bytes.as_slice(), first.descriptors.len()), (&b"one"[..], 1));
        assert!(Kind::Channel.admits(first.descriptors[0].as_fd()));
        assert!(!Kind::File.admits(first.descriptors[0].as_fd()));
        assert!(!Kind::Listener.admits(first.descriptors[0].as_fd()));
        assert_eq!(receive(b.as_fd()).unwrap().bytes, b"two");
        drop(a);
        assert_eq!(receive(b.as_fd()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn an_oversized_packet_is_refused() {
        let (a, b) = pair().unwrap();
        send(a.as_fd(), &vec![1; PACKET_MAX + 1], b"", &[]).unwrap();
        assert_eq!(receive(b.as_fd()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
