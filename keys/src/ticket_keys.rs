//! Session ticket keys: a set for each role, in memory only, two generations of six hours.
//!
//! The one secret that leaves this process. A stolen generation opens what its tickets resume, for at most twelve
//! hours; it proves nothing about the host, and another role's tickets have other keys.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ipc::role::Role;
use ipc::service::handshake::{HandshakeReply, TicketKey};
use zeroize::Zeroizing;

/// How long one generation encrypts; for as long again it still decrypts.
pub const GENERATION: Duration = Duration::from_secs(6 * 60 * 60);

/// The keys of every role that asked.
#[derive(Debug, Default)]
pub struct TicketKeys {
    roles: HashMap<Role, Generations>,
}

#[derive(Debug)]
struct Generations {
    current: TicketKey,
    previous: Option<TicketKey>,
    since: Instant,
}

impl TicketKeys {
    /// The keys of that role.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn of(&mut self, role: Role, now: Instant) -> Result<HandshakeReply, getrandom::Error> {
        self.turn(now)?;
        let keys = match self.roles.entry(role) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Generations { current: fresh()?, previous: None, since: now })
            }
        };
        let left = GENERATION.saturating_sub(now.saturating_duration_since(keys.since));
        Ok(HandshakeReply::TicketKeys {
            current: keys.current.clone(),
            previous: keys.previous.clone(),
            fresh_for: u32::try_from(left.as_secs()).unwrap_or(u32::MAX).max(1),
        })
    }

    /// Lets every generation pass on whose time is over, and forgets the one before it. Called by time as well, so
    /// that an old key does not outlive its hours where nobody asks.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn turn(&mut self, now: Instant) -> Result<(), getrandom::Error> {
        for keys in self.roles.values_mut() {
            let age = now.saturating_duration_since(keys.since);
            if age < GENERATION {
                continue;
            }
            let old = std::mem::replace(&mut keys.current, fresh()?);
            // A generation that ended six hours ago unnoticed is not even good for decrypting.
            keys.previous = (age < GENERATION.saturating_mul(2)).then_some(old);
            keys.since = now;
        }
        Ok(())
    }
}

fn fresh() -> Result<TicketKey, getrandom::Error> {
    let mut name = [0; 16];
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut name)?;
    getrandom::fill(secret.as_mut_slice())?;
    Ok(TicketKey { name, secret: *secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(keys: &mut TicketKeys, role: Role, now: Instant) -> (TicketKey, Option<TicketKey>, u32) {
        match keys.of(role, now).unwrap() {
            HandshakeReply::TicketKeys { current, previous, fresh_for } => (current, previous, fresh_for),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn roles_share_nothing_and_workers_of_a_role_everything() {
        let (mut keys, now) = (TicketKeys::default(), Instant::now());
        let mx = ask(&mut keys, Role::Mx, now);
        let imap = ask(&mut keys, Role::Imap, now);
        assert_eq!(mx.0, ask(&mut keys, Role::Mx, now).0);
        assert!(mx.0 != imap.0 && mx.0.name != imap.0.name && mx.0.secret != imap.0.secret);
        assert_eq!(mx.1, None);
        assert_eq!(mx.2, 6 * 60 * 60);
    }

    #[test]
    fn a_generation_decrypts_for_six_more_hours_and_is_gone() {
        let (mut keys, start) = (TicketKeys::default(), Instant::now());
        let first = ask(&mut keys, Role::Mx, start).0;
        assert_eq!(ask(&mut keys, Role::Mx, start + GENERATION / 2).2, 3 * 60 * 60);
        let (second, previous, _) = ask(&mut keys, Role::Mx, start + GENERATION);
        assert!(second != first);
        assert_eq!(previous, Some(first));
        let (third, previous, _) = ask(&mut keys, Role::Mx, start + GENERATION * 2);
        assert!(third != second);
        assert_eq!(previous, Some(second));
    }

    #[test]
    fn a_generation_nobody_asked_for_in_time_is_forgotten() {
        let (mut keys, start) = (TicketKeys::default(), Instant::now());
        ask(&mut keys, Role::Mx, start);
        assert_eq!(ask(&mut keys, Role::Mx, start + GENERATION * 3).1, None);
    }
}
