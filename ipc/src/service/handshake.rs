//! `handshake`: a reader asks `keys` to sign a TLS handshake. The key itself never leaves `keys`.
//!
//! rustls signs synchronously, so this client blocks, with a time-out of [`PATIENCE`], on a helper thread. A worker has
//! one such channel; the numbers of identities are those of the channel they were learnt on. When `keys` dies, or has
//! other certificates, the master wires a new one: handshakes under way end with the old.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// One of the certificates of this role's listeners, counted from 0: the reader asks until there is none.
    Identity(u16),
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
    /// The host names it is for, in lower case; `*.` in front stands for one label. At most
    /// [`crate::budget::CERTIFICATE_NAMES`].
    pub names: Vec<String>,
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
    /// The identity of that number, if there is one. The first is for clients that ask for no name, or for another.
    Identity(Option<Identity>),
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

/// The blocking client of one channel, for threads that may wait: several can call at once, and have their turn.
/// [`HandshakeClient::is_silent`] and [`HandshakeClient::is_gone`] never wait.
#[derive(Debug)]
pub struct HandshakeClient {
    channel: Blocking<Call<Handshake>, Answer<Handshake>>,
    /// Whose turn it is, and the id of its call.
    turn: Mutex<u32>,
    /// A call was given up, and `keys` has said nothing since.
    silent: AtomicBool,
}

impl HandshakeClient {
    /// On a channel in blocking mode.
    ///
    /// # Errors
    /// When the socket takes no time-out.
    pub fn new(socket: OwnedFd) -> std::io::Result<Self> {
        crate::socket::set_receive_timeout(&socket, PATIENCE)?;
        Ok(HandshakeClient {
            channel: Blocking::new(socket),
            turn: Mutex::default(),
            silent: AtomicBool::new(false),
        })
    }

    /// Did a call end without an answer, and is there still none? Until there is, no call is tried: each would stop
    /// its thread for [`PATIENCE`].
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed) && !self.channel.is_readable()
    }

    /// Has `keys` closed the channel?
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.channel.has_ended()
    }

    /// Asks and waits, at most [`PATIENCE`], and as long for a call before it; not at all while
    /// [`HandshakeClient::is_silent`].
    ///
    /// # Errors
    /// When `keys` is away or does not answer in time.
    pub fn call(&self, request: HandshakeRequest) -> Result<HandshakeReply, ChannelError> {
        if self.is_silent() {
            return Err(ChannelError::Unread);
        }
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // the call before may just have been given up
        if self.is_silent() {
            return Err(ChannelError::Unread);
        }
        let id = *turn;
        *turn = id.wrapping_add(1);
        let outcome = self.exchange(id, request);
        self.silent.store(matches!(outcome, Err(ChannelError::Unread)), Ordering::Relaxed);
        outcome
    }

    fn exchange(&self, id: u32, request: HandshakeRequest) -> Result<HandshakeReply, ChannelError> {
        self.channel.send(&Call::new(id, request), &[])?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            match self.channel.receive() {
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
        (HandshakeClient::new(ours).unwrap(), theirs)
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
    fn who_waits_for_a_turn_does_not_wait_for_a_silent_keys_as_well() {
        let (client, _theirs) = pair();
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    assert!(matches!(client.call(HandshakeRequest::TicketKeys), Err(ChannelError::Unread)));
                });
            }
            // nobody who only looks is held up by those
            std::thread::sleep(PATIENCE / 4);
            let looked = Instant::now();
            assert!(!client.is_silent() && !client.is_gone());
            assert!(looked.elapsed() < PATIENCE / 4);
        });
        assert!(started.elapsed() < PATIENCE * 2, "{:?}", started.elapsed());
    }

    #[test]
    fn keys_that_is_gone_is_not_silent() {
        let (client, theirs) = pair();
        assert!(!client.is_gone());
        drop(theirs);
        assert!(client.is_gone());
        assert!(!matches!(client.call(HandshakeRequest::TicketKeys), Err(ChannelError::Unread)));
        assert!(!client.is_silent());
    }
}
