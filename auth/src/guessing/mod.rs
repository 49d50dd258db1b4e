//! Who guesses passwords: counted over all workers by address, by network and by login name, in tables with a bound.
//!
//! An address (of IPv6, its /64) from which so many different wrong passwords came is not heard for a while, and likewise
//! a network (/24, /48) with some more; each time it is longer. The same wrong password sent again counts once: a mail
//! program that was not told of a new password guesses nothing. While an address is not heard, the right password is not
//! heard from there either: else whoever guesses would only have to go on.
//!
//! A login name is never blocked, however many guess at it: that would let anybody lock its owner out. Wrong answers come
//! later then, and what is guessed waits behind those who log in from where they did before (see [`Place`]).

mod offender;
mod recent;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ipc::budget;
use ipc::mail::AccountId;
use ipc::network::Network;
use ipc::slice::{AuthConfig, Blocks, Networks};

use crate::hashing::Place;
use offender::{Offender, Rule};
use recent::Recent;

/// Addresses that are remembered.
const ADDRESSES: usize = 16_384;
/// Networks that are remembered.
const NETWORKS: usize = 8192;
/// Login names that are remembered.
const LOGINS: usize = 16_384;
/// Accounts and where they were logged in from, that are remembered.
const KNOWN: usize = 65_536;
/// Wrong passwords that are remembered of one address, so that each counts once.
const GUESSES: usize = 16;
/// A network may have as many offences as that many addresses.
const NETWORK_SHARE: u32 = 8;
/// Offences that cost no time: everybody mistypes.
const FREE: u64 = 2;
/// Offences against one login name, from everywhere, that cost no time.
const LOGIN_FREE: u64 = 10;
/// The first delay of a wrong answer; each further one is twice as long.
const DELAY: Duration = Duration::from_millis(250);
/// The longest delay. The reader adds its own, and every answer that is late takes one of its places.
const DELAY_MAX: Duration = Duration::from_secs(4);

/// The prefix lengths of what counts as one address.
const HOST: (u8, u8) = (32, 64);
/// The prefix lengths of what counts as one network.
const NET: (u8, u8) = (24, 48);

/// Everything that is known of guessing.
#[derive(Debug)]
pub struct Guessing {
    blocks: Blocks,
    never: Networks,
    addresses: Recent<Network, Address>,
    networks: Recent<Network, Offender>,
    logins: Recent<u64, Offender>,
    known: Recent<(AccountId, Network), ()>,
    names: RandomState,
}

#[derive(Debug, Default)]
struct Address {
    offender: Offender,
    guesses: VecDeque<u64>,
}

/// A wrong password.
#[derive(Clone, Copy, Debug)]
pub struct Guess<'a> {
    /// Where it came from.
    pub remote: IpAddr,
    /// The login name.
    pub login: &'a str,
    /// Whose that is, if anybody's.
    pub account: Option<AccountId>,
    /// The same for the same name and password, and hardly for any other.
    pub fingerprint: u64,
}

/// What a wrong password leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consequence {
    /// How much later than it could the answer comes.
    pub delay: Duration,
    /// What is not heard from now on, and for how many seconds.
    pub block: Option<(Network, u32)>,
}

impl Guessing {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(config: &AuthConfig) -> Self {
        Guessing {
            blocks: config.blocks,
            never: config.never_block,
            addresses: Recent::new(ADDRESSES),
            networks: Recent::new(NETWORKS),
            logins: Recent::new(LOGINS),
            known: Recent::new(KNOWN),
            names: RandomState::new(),
        }
    }

    /// From now on by these rules; what stands, stands.
    pub fn set(&mut self, config: &AuthConfig) {
        self.blocks = config.blocks;
        self.never = config.never_block;
    }

    /// Seconds for which nothing is heard from there.
    #[must_use]
    pub fn blocked(&self, remote: IpAddr, now: Instant) -> Option<u32> {
        if self.is_trusted(remote) {
            return None;
        }
        let address = self.addresses.get(&part(remote, HOST)).and_then(|found| found.offender.blocked(now));
        let network = self.networks.get(&part(remote, NET)).and_then(|found| found.blocked(now));
        address.max(network)
    }

    /// Where the question waits, whose password it is.
    #[must_use]
    pub fn place(&self, account: Option<AccountId>, remote: IpAddr) -> Place {
        let network = part(remote, NET);
        match account {
            Some(account) if self.known.get(&(account, network)).is_some() => Place::Known(account, network),
            _ => Place::Stranger(network),
        }
    }

    /// The password was wrong.
    pub fn failed(&mut self, guess: &Guess<'_>, now: Instant) -> Consequence {
        let known = matches!(self.place(guess.account, guess.remote), Place::Known(..));
        let of_login = if known { Duration::ZERO } else { self.at_login(guess.login, now) };
        if self.is_trusted(guess.remote) {
            return Consequence { delay: of_login, block: None };
        }
        let (rule, host) = (self.rule(1), part(guess.remote, HOST));
        let address = self.addresses.touch(host);
        if address.guesses.contains(&guess.fingerprint) {
            return Consequence { delay: delay(address.offender.offences(rule, now), FREE), block: None };
        }
        address.guesses.truncate(GUESSES.saturating_sub(1));
        address.guesses.push_front(guess.fingerprint);
        let block = address.offender.offend(rule, now).map(|seconds| (host, seconds));
        let of_address = delay(address.offender.offences(rule, now), FREE);
        let (rule, net) = (self.rule(NETWORK_SHARE), part(guess.remote, NET));
        let network = self.networks.touch(net).offend(rule, now).map(|seconds| (net, seconds));
        Consequence { delay: of_address.max(of_login), block: network.or(block) }
    }

    /// The password was right: from there this account is expected.
    pub fn succeeded(&mut self, account: AccountId, remote: IpAddr) {
        self.known.touch((account, part(remote, NET)));
    }

    fn at_login(&mut self, login: &str, now: Instant) -> Duration {
        let rule = Rule { after: 0, ..self.rule(1) };
        let login = self.logins.touch(self.names.hash_one(login.to_lowercase()));
        login.offend(rule, now);
        delay(login.offences(rule, now), LOGIN_FREE)
    }

    fn is_trusted(&self, remote: IpAddr) -> bool {
        self.never.contain(remote)
    }

    fn rule(&self, share: u32) -> Rule {
        let longest = u32::try_from(budget::BLOCK.as_secs()).unwrap_or(u32::MAX);
        Rule { after: self.blocks.after.saturating_mul(share), first: self.blocks.seconds, longest }
    }
}

/// The network of the address, of one of two prefix lengths.
fn part(remote: IpAddr, (four, six): (u8, u8)) -> Network {
    let remote = remote.to_canonical();
    Network::of(remote, if remote.is_ipv4() { four } else { six })
}

fn delay(offences: u64, free: u64) -> Duration {
    match offences.checked_sub(free.saturating_add(1)) {
        None => Duration::ZERO,
        Some(more) => {
            let factor =
                u32::try_from(more).ok().and_then(|more| 1_u32.checked_shl(more)).unwrap_or(u32::MAX);
            DELAY.saturating_mul(factor).min(DELAY_MAX)
        }
    }
}

#[cfg(test)]
mod tests;
