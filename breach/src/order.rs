//! What the boundary tests tell a hostile role to do, and what it answers. One packet each way.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ipc::codec;
use ipc::peers::Service;
use ipc::socket;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Make the attempt of that name in [`crate::table::all`]. Comes with the descriptors of [`Handed`].
    Attempt {
        /// Its name.
        name: String,
        /// What there is to attack.
        scene: Box<Scene>,
    },
    /// Say that on a channel, and listen.
    Speak(Speech),
    /// Be a victim that may be traced, where the kernel asks for that (Yama).
    LetTrace,
    /// Make the System V message queue of that key, or remove it again.
    Queue {
        /// Its key.
        key: i32,
        /// Make it, or remove it.
        make: bool,
    },
}

/// What an attempt can be directed at. Everything in it exists and works for a process that is not locked down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Scene {
    /// A process of the same user as the master, which does nothing.
    pub victim: i32,
    /// A process of the role's own uid.
    pub sibling: i32,
    /// Another process of the role, locked down by the same layers; 0 where the attempt needs none.
    pub twin: i32,
    /// The master.
    pub master: i32,
    /// A TCP listener on this host.
    pub tcp: Option<SocketAddr>,
    /// A UDP socket on this host.
    pub udp: Option<SocketAddr>,
    /// The path of a Unix listener that anyone may reach.
    pub unix: String,
    /// The name of an abstract Unix listener.
    pub name: String,
    /// A directory beside the role's own, the master's alone, with a file `secret`.
    pub outside: String,
    /// The program test(1) with the set-user-id bit of root; empty where an ordinary user runs the tests.
    pub set_user_id: String,
    /// The key of a System V message queue that anyone may use.
    pub queue: i32,
}

/// The descriptors that come with [`Order::Attempt`]: what a careless master might have left open, in this order.
#[derive(Debug)]
pub struct Handed {
    /// The host's root directory.
    pub host_root: OwnedFd,
    /// A program file.
    pub program: OwnedFd,
    /// A file outside the role's root, open for appending.
    pub file: OwnedFd,
}

impl Handed {
    /// From the descriptors of a packet; `None` when they are not three.
    #[must_use]
    pub fn from_packet(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let [host_root, program, file] = <[OwnedFd; 3]>::try_from(descriptors).ok()?;
        Some(Handed { host_root, program, file })
    }

    /// For sending.
    #[must_use]
    pub fn as_fds(&self) -> [BorrowedFd<'_>; 3] {
        [self.host_root.as_fd(), self.program.as_fd(), self.file.as_fd()]
    }
}

/// A channel that a hostile role holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// One the master wired.
    Peer(Service),
    /// The one to the master.
    Control,
    /// The last one that came with an answer: a mailbox session.
    Session,
}

/// Something to say on a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Speech {
    /// Where.
    pub on: Held,
    /// What, one after the other.
    pub packets: Vec<Packet>,
    /// How many replies to wait for; a reader that reads nothing asks for none.
    pub replies: u16,
    /// Whether to wait, after the replies, for the channel's end.
    pub until_closed: bool,
}

/// One packet, some number of times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Packet {
    /// How it begins.
    pub head: Vec<u8>,
    /// How many bytes of filling follow.
    pub filling: u32,
    /// How many descriptors come with it (the channel's own, again and again).
    pub descriptors: u8,
    /// How often it is said.
    pub times: u32,
}

impl Packet {
    /// These bytes, once, without descriptors.
    #[must_use]
    pub fn once(head: Vec<u8>) -> Self {
        Packet { head, filling: 0, descriptors: 0, times: 1 }
    }
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The attempt succeeded, or the order was carried out.
    Done,
    /// The attempt was refused with that errno.
    Errno(i32),
    /// There is no such attempt or channel, or the descriptors did not come.
    Unknown,
    /// What was heard after [`Order::Speak`].
    Heard(Heard),
}

/// What came back on a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Packets that could be sent.
    pub sent: u32,
    /// The replies, each cut off after [`Heard::REPLY_MAX`] bytes.
    pub replies: Vec<Vec<u8>>,
    /// Whether the server ended the channel within [`Heard::PATIENCE`].
    pub closed: bool,
}

impl Heard {
    /// The most bytes that are kept of a reply.
    pub const REPLY_MAX: usize = 8 * 1024;
    /// How long one reply, or the channel's end, is waited for.
    pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);
}

/// Sends an order or an answer.
///
/// # Errors
/// It is too large, or the other end is gone.
pub fn send<T: Serialize>(socket: impl AsFd, message: &T, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = codec::encode(message).map_err(io::Error::other)?;
    socket::send(socket.as_fd(), &bytes, &[], descriptors)
}

/// Receives an order or an answer.
///
/// # Errors
/// The other end is gone, or sent something else.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<(T, Vec<OwnedFd>)> {
    let packet = socket::receive(socket.as_fd())?;
    Ok((codec::decode(&packet.bytes).map_err(io::Error::other)?, packet.descriptors))
}
