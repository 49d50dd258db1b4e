//! Session tickets, for TLS 1.3 only (RFC 8446 section 4.6.1): a resumption there has a key exchange of its own, so that
//! a stolen ticket key opens no recorded session. TLS 1.2 gets an empty ticket, which RFC 5077 section 3.3 calls none.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use ipc::service::handshake::{HandshakeReply, TicketKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rustls::server::ProducesTickets;

/// How long a client is told that a ticket is good: a generation of keys decrypts for at least that long.
const LIFETIME: Duration = Duration::from_secs(6 * 60 * 60);
/// How long the keys may be used to encrypt beyond their time, until the next ones have come.
const GRACE: Duration = Duration::from_secs(60);
const NAME: usize = 16;
/// No ticket of ours is longer: there are no client certificates in them.
const TICKET_MAX: usize = 2048;

/// The generations at hand.
#[derive(Default)]
pub(super) struct Tickets {
    held: RwLock<Option<Held>>,
}

struct Held {
    current: Key,
    previous: Option<Key>,
    until: Instant,
}

struct Key {
    name: [u8; NAME],
    aead: LessSafeKey,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(…)")
    }
}

impl Tickets {
    /// Takes over what `keys` answered; says how long it is good. `None`: that were no ticket keys.
    pub(super) fn hold(&self, reply: HandshakeReply) -> Option<Duration> {
        let HandshakeReply::TicketKeys { current, previous, fresh_for } = reply else { return None };
        let fresh_for = Duration::from_secs(u64::from(fresh_for).clamp(1, LIFETIME.as_secs()));
        let previous = match &previous {
            Some(key) => Some(Key::new(key)?),
            None => None,
        };
        let held = Held {
            current: Key::new(&current)?,
            previous,
            until: Instant::now().checked_add(fresh_for.saturating_add(GRACE))?,
        };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Some(fresh_for)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(LIFETIME.as_secs()).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|held| Instant::now() < held.until)?;
        if is_tls13(plain) { held.current.seal(plain) } else { None }
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, sealed) = ticket.split_first_chunk::<NAME>()?;
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|_| ticket.len() <= TICKET_MAX)?;
        let key = [Some(&held.current), held.previous.as_ref()];
        let key = key.into_iter().flatten().find(|key| key.name == *name)?;
        key.open(sealed).filter(|plain| is_tls13(plain))
    }
}

impl Key {
    fn new(key: &TicketKey) -> Option<Self> {
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.secret).ok()?);
        Some(Key { name: key.name, aead })
    }

    /// name, nonce, ciphertext, tag. Nonces are random: a generation makes far fewer than 2^32 tickets.
    fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.aead.seal_in_place_append_tag(nonce_used, Aad::from(self.name), &mut sealed).ok()?;
        let ticket = [&self.name[..], &nonce, &sealed].concat();
        (ticket.len() <= TICKET_MAX).then_some(ticket)
    }

    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.aead.open_in_place(nonce, Aad::from(self.name), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

/// rustls writes a session as: 1 and the server name with its length, or 0; then the version.
fn is_tls13(session: &[u8]) -> bool {
    const VERSION: [u8; 2] = [3, 4];
    match session {
        [0, rest @ ..] => rest.starts_with(&VERSION),
        [1, length, rest @ ..] => {
            rest.get(usize::from(*length)..).is_some_and(|rest| rest.starts_with(&VERSION))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &[u8] = &[1, 2, b'a', b'b', 3, 4, 9, 9];

    fn key(seed: u8) -> TicketKey {
        TicketKey { name: [seed; 16], secret: [seed; 32] }
    }

    fn holding(current: u8, previous: Option<u8>) -> Tickets {
        let tickets = Tickets::default();
        let reply =
            HandshakeReply::TicketKeys { current: key(current), previous: previous.map(key), fresh_for: 9 };
        assert_eq!(tickets.hold(reply), Some(Duration::from_secs(9)));
        tickets
    }

    #[test]
    fn the_current_and_the_previous_generation_open() {
        let ticket = holding(1, None).encrypt(SESSION).unwrap();
        assert_eq!(holding(1, None).decrypt(&ticket).unwrap(), SESSION);
        assert_eq!(holding(2, Some(1)).decrypt(&ticket).unwrap(), SESSION);
        assert_eq!(holding(3, Some(2)).decrypt(&ticket), None);
        assert_eq!(Tickets::default().decrypt(&ticket), None);
    }

    #[test]
    fn no_two_tickets_are_alike_and_none_can_be_changed() {
        let tickets = holding(1, None);
        let ticket = tickets.encrypt(SESSION).unwrap();
        assert_ne!(ticket, tickets.encrypt(SESSION).unwrap());
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None, "octet {at}");
            assert_eq!(tickets.decrypt(&ticket[..at]), None, "cut at {at}");
        }
        assert_eq!(tickets.decrypt(&[1; TICKET_MAX + 1]), None);
    }

    #[test]
    fn only_sessions_of_tls_1_3_get_one() {
        let tickets = holding(1, None);
        assert!(tickets.encrypt(&[0, 3, 4, 0]).is_some());
        for other in [&[0, 3, 3, 0][..], &[1, 1, b'a', 3, 3], &[1, 9, 3, 4], &[2, 3, 4], &[]] {
            assert_eq!(tickets.encrypt(other), None, "{other:?}");
        }
    }

    #[test]
    fn stale_keys_encrypt_nothing_more() {
        let tickets = holding(1, None);
        let ticket = tickets.encrypt(SESSION).unwrap();
        tickets.held.write().unwrap().as_mut().unwrap().until = Instant::now();
        assert_eq!(tickets.encrypt(SESSION), None);
        assert!(tickets.decrypt(&ticket).is_some());
    }

    #[test]
    fn another_answer_changes_nothing() {
        let tickets = holding(1, None);
        assert_eq!(tickets.hold(HandshakeReply::Refused), None);
        assert!(tickets.encrypt(SESSION).is_some());
    }
}
