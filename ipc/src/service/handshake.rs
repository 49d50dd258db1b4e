//! `handshake`: a reader asks `keys` to sign a TLS handshake. The key itself never leaves `keys`.
//!
//! rustls signs synchronously, so this client blocks, with a time-out of [`PATIENCE`]; a worker has one such channel.
//! When `keys` dies, handshakes under way fail, and the client uses the channel the master wires to the next one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::channel::{Blocking, ChannelError};
use crate::frame::Frame;
use crate::rpc::{Answer, Call, Procedure};

/// How long a signature may take.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Requests a worker may have outstanding.
pub const IN_FLIGHT: usize = 16;
/// The most bytes that are signed: a TLS 1.2 server key exchange is the longest.
pub const INPUT_MAX: usize = 512;

/// The service.
#[derive(Debug)]
pub enum Handshake {}

/// What a reader asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum HandshakeRequest {
    /// The certificates of this role's listeners.
    Identities,
    /// A signature.
    Sign {
        /// Which of the identities.
        identity: u16,
        /// The TLS SignatureScheme code (RFC 8446 section 4.2.3).
        scheme: u16,
        /// A TLS 1.3 CertificateVerify content (RFC 8446 section 4.4.3) or TLS 1.2 signed parameters (RFC 8422
        /// section 5.4); anything else is refused.
        input: Vec<u8>,
    },
    /// The ticket keys of this role.
    TicketKeys,
}

/// A certificate chain and what its key can sign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// The chain, leaf first, each certificate in DER.
    pub chain: Vec<Vec<u8>>,
    /// The SignatureScheme codes its key can produce, preferred first.
    pub schemes: Vec<u16>,
}

/// One generation of ticket keys.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct TicketKey {
    /// Names the key within a ticket.
    pub name: [u8; 16],
    /// For AES-256-GCM.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey(…)")
    }
}

/// What `keys` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum HandshakeReply {
    /// The identities, in the order of preference.
    Identities(Vec<Identity>),
    /// The signature.
    Signature(Vec<u8>),
    /// The present and the previous ticket keys.
    TicketKeys {
        /// To encrypt with, and to decrypt.
        current: TicketKey,
        /// To decrypt with.
        previous: Option<TicketKey>,
        /// Seconds until they change: ask again then.
        fresh_for: u32,
    },
    /// That is not signed.
    Refused,
}

impl Procedure for Handshake {
    type Request = HandshakeRequest;
    type Reply = HandshakeReply;
    const IN_FLIGHT: usize = IN_FLIGHT;
}

/// The blocking client, whose channel the master can replace.
#[derive(Debug, Default)]
pub struct HandshakeClient {
    channel: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    channel: Option<Blocking<Call<Handshake>, Answer<Handshake>>>,
    next: u32,
    /// A call on this channel was given up, and `keys` has said nothing since.
    silent: bool,
}

impl Present {
    fn is_silent(&self) -> bool {
        self.silent && self.channel.as_ref().is_some_and(|channel| !channel.is_readable())
    }
}

impl HandshakeClient {
    /// A new channel stands.
    ///
    /// # Errors
    /// When the socket takes no time-out.
    pub fn replace(&self, socket: std::os::fd::OwnedFd) -> std::io::Result<()> {
        crate::socket::set_receive_timeout(&socket, PATIENCE)?;
        let mut present = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        present.channel = Some(Blocking::new(socket));
        present.silent = false;
        Ok(())
    }

    /// Did a call end without an answer, and is there still none? Until there is, no call is tried: each would stop
    /// its thread, with all sessions on it, for [`PATIENCE`].
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner).is_silent()
    }

    /// Asks and waits, at most [`PATIENCE`]; not at all while [`HandshakeClient::is_silent`].
    ///
    /// # Errors
    /// When `keys` is away or does not answer in time.
    pub fn call(&self, request: HandshakeRequest) -> Result<HandshakeReply, ChannelError> {
        let mut present = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        if present.is_silent() {
            return Err(ChannelError::Unread);
        }
        let id = present.next;
        present.next = id.wrapping_add(1);
        let channel = present.channel.as_ref().ok_or(ChannelError::Gone)?;
        let outcome = Self::exchange(channel, id, request);
        present.silent = matches!(outcome, Err(ChannelError::Unread));
        if !matches!(outcome, Ok(_) | Err(ChannelError::Unread)) {
            present.channel = None;
        }
        outcome
    }

    fn exchange(
        channel: &Blocking<Call<Handshake>, Answer<Handshake>>,
        id: u32,
        request: HandshakeRequest,
    ) -> Result<HandshakeReply, ChannelError> {
        channel.send(&Call::new(id, request), &[])?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            match channel.receive() {
                // A late reply to a call that was given up is passed over.
                Ok(Frame::Message(answer, _)) if answer.id() == id => return Ok(answer.into_reply()),
                Ok(_) => {}
                Err(ChannelError::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Err(ChannelError::Unread)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;
    use crate::frame::Message;

    /// A call as the other end sees it.
    #[derive(Debug, Serialize, Deserialize)]
    struct Heard {
        id: u32,
        _request: HandshakeRequest,
    }

    /// An answer as the other end makes it.
    #[derive(Debug, Serialize, Deserialize)]
    struct Said {
        id: u32,
        reply: HandshakeReply,
    }

    impl Message for Heard {}
    impl Message for Said {}

    fn pair() -> (HandshakeClient, OwnedFd) {
        let (ours, theirs) = crate::socket::pair().unwrap();
        let client = HandshakeClient::default();
        client.replace(ours).unwrap();
        (client, theirs)
    }

    #[test]
    fn keys_that_does_not_answer_is_waited_for_once() {
        let (client, theirs) = pair();
        assert!(!client.is_silent());
        let asked = Instant::now();
        assert!(matches!(client.call(HandshakeRequest::TicketKeys), Err(ChannelError::Unread)));
        assert!(asked.elapsed() >= PATIENCE && client.is_silent());

        let asked = Instant::now();
        for _ in 0..100 {
            assert!(matches!(client.call(HandshakeRequest::TicketKeys), Err(ChannelError::Unread)));
        }
        assert!(asked.elapsed() < PATIENCE, "{:?}", asked.elapsed());

        // it wakes up, answers what was given up, and from then on is asked again
        let keys: Blocking<Said, Heard> = Blocking::new(theirs);
        let answer = || {
            let Frame::Message(heard, _) = keys.receive().unwrap() else { panic!("a call is wanted") };
            keys.send(&Said { id: heard.id, reply: HandshakeReply::Refused }, &[]).unwrap();
        };
        answer();
        assert!(!client.is_silent());
        std::thread::scope(|scope| {
            scope.spawn(answer);
            assert!(matches!(client.call(HandshakeRequest::TicketKeys), Ok(HandshakeReply::Refused)));
        });
        assert!(!client.is_silent());
    }

    #[test]
    fn the_next_channel_is_not_held_to_the_silence_of_the_last() {
        let (client, _theirs) = pair();
        assert!(client.call(HandshakeRequest::TicketKeys).is_err());
        let (ours, theirs) = crate::socket::pair().unwrap();
        client.replace(ours).unwrap();
        assert!(!client.is_silent());
        drop(theirs);
        assert!(!matches!(client.call(HandshakeRequest::TicketKeys), Err(ChannelError::Unread)));
    }
}
