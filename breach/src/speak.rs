//! Saying anything at all on a channel.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use ipc::socket;
use rustix::net::sockopt::{self, Timeout};

use crate::order::{Heard, Packet, Speech};

/// Says it and listens; also the last descriptor that came with a reply.
pub(crate) fn speak(channel: BorrowedFd<'_>, speech: &Speech) -> (Heard, Option<OwnedFd>) {
    let mut heard = Heard::default();
    let mut session = None;
    for which in [Timeout::Send, Timeout::Recv] {
        if sockopt::set_socket_timeout(channel, which, Some(Heard::PATIENCE)).is_err() {
            return (heard, None);
        }
    }
    'all: for packet in &speech.packets {
        for _ in 0..packet.times {
            if say(channel, packet).is_err() {
                break 'all;
            }
            heard.sent = heard.sent.saturating_add(1);
        }
    }
    for _ in 0..speech.replies {
        if !listen(channel, &mut heard, &mut session, true) {
            return (heard, session);
        }
    }
    while speech.until_closed && listen(channel, &mut heard, &mut session, false) {}
    (heard, session)
}

fn say(channel: BorrowedFd<'_>, packet: &Packet) -> io::Result<()> {
    let filling = vec![0; usize::try_from(packet.filling).unwrap_or(usize::MAX)];
    let descriptors = vec![channel; packet.descriptors.into()];
    socket::send(channel, &packet.head, &filling, &descriptors)
}

/// One more packet; `false` when none came in time, or the channel is at its end.
fn listen(channel: BorrowedFd<'_>, heard: &mut Heard, session: &mut Option<OwnedFd>, keep: bool) -> bool {
    match socket::receive(channel) {
        Ok(mut packet) => {
            packet.bytes.truncate(Heard::REPLY_MAX);
            if keep {
                heard.replies.push(packet.bytes);
            }
            *session = packet.descriptors.pop().or_else(|| session.take());
            true
        }
        Err(error) => {
            heard.closed = matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            );
            false
        }
    }
}
