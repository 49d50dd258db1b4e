//! Who is in, by address and network, and whose place somebody else gets. No sockets and no clock.
//!
//! - An address and a network have so many places at most, whatever else.
//! - Where there are logins, those who have not logged in have a share of the places ([`Book::strangers_max`]): a flood of
//!   them leaves the others theirs.
//! - When there is no place, the network that holds the most connections without a login gives one up, the oldest, to a
//!   newcomer whose network holds fewer than that even with it. So no network keeps another out.
//! - Where there are logins, the oldest that has had [`GRACE`] for it and is not logged in goes, too.
//! - Nobody who is logged in ever has to go.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use ipc::network::Network;
use ipc::slice::Limits;
use tokio::time::Instant;

/// How long a connection is safe from newcomers without having logged in, unless its network holds more than others.
pub const GRACE: Duration = Duration::from_secs(5);
/// Where fewer may be open, those who have not logged in may have all places.
const FEW: usize = 64;

/// Whether those who come have accounts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custom {
    /// They log in, or leave.
    LogIn,
    /// They do not: other servers.
    Anonymous,
}

/// Names a connection; later ones are larger.
pub(super) type Ticket = u64;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its address has as many as it may.
    #[error("too many connections from this address")]
    Address,
    /// Its network has.
    #[error("too many connections from this network")]
    Network,
    /// There is no place, and nobody who would have to go for it.
    #[error("too many connections")]
    Full,
    /// It has offended too often.
    #[error("refused for a while")]
    Blocked,
}

/// Whose place is counted with which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) address: IpAddr,
    pub(super) network: Network,
}

impl Origin {
    /// One customer has one IPv4 address, or an IPv6 network of 64 bits (RFC 6177); its neighbours are an IPv4 /24, or
    /// an IPv6 /48.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(six) => {
                let address = IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (!0 << 64)));
                Origin { address, network: Network::of(address, 48) }
            }
            four => Origin { address: four, network: Network::of(four, 24) },
        }
    }
}

/// The book itself.
#[derive(Debug)]
pub(super) struct Book {
    limits: Limits,
    custom: Custom,
    guests: BTreeMap<Ticket, Entry>,
    addresses: HashMap<IpAddr, u32>,
    networks: HashMap<Network, Held>,
    /// Networks that have any, by how many they have.
    by_strangers: BTreeSet<(usize, Network)>,
    strangers: BTreeSet<Ticket>,
    /// Strangers and those who are known: not who is on the way in or out.
    staying: usize,
}

#[derive(Debug)]
struct Entry {
    origin: Option<Origin>,
    since: Instant,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is not yet said who it is.
    Pending,
    Stranger,
    /// Logged in.
    Known,
    /// Told to go.
    Leaving,
}

#[derive(Debug, Default)]
struct Held {
    all: u32,
    strangers: BTreeSet<Ticket>,
}

impl Book {
    pub(super) fn new(limits: Limits, custom: Custom) -> Self {
        Book {
            limits: at_least_one(limits),
            custom,
            guests: BTreeMap::new(),
            addresses: HashMap::new(),
            networks: HashMap::new(),
            by_strangers: BTreeSet::new(),
            strangers: BTreeSet::new(),
            staying: 0,
        }
    }

    /// Other limits from now on; who is in stays.
    pub(super) fn adopt(&mut self, limits: Limits) {
        self.limits = at_least_one(limits);
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Everybody, with those on the way in or out.
    pub(super) fn present(&self) -> usize {
        self.guests.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.staying >= connections(&self.limits)
    }

    /// Somebody comes.
    pub(super) fn enter(&mut self, ticket: Ticket, now: Instant) {
        self.guests.insert(ticket, Entry { origin: None, since: now, state: State::Pending });
    }

    /// It is known from where; without an address it is a process of this host. Says who has to go for it.
    pub(super) fn admit(
        &mut self,
        ticket: Ticket,
        origin: Option<Origin>,
        now: Instant,
    ) -> Result<Option<Ticket>, Refusal> {
        if let Some(origin) = origin {
            self.within_its_share(origin)?;
        }
        let displaced = if self.has_place() { None } else { Some(self.displace(origin, now)?) };
        if let Some(entry) = self.guests.get_mut(&ticket).filter(|entry| entry.state == State::Pending) {
            entry.origin = origin;
            entry.state = State::Stranger;
            self.staying = self.staying.saturating_add(1);
            self.strangers.insert(ticket);
            if let Some(Origin { address, network }) = origin {
                let count = self.addresses.entry(address).or_default();
                *count = count.saturating_add(1);
                self.change(network, |held| {
                    held.all = held.all.saturating_add(1);
                    held.strangers.insert(ticket);
                });
            }
        }
        Ok(displaced)
    }

    /// It has logged in.
    pub(super) fn know(&mut self, ticket: Ticket) {
        if self.guests.get(&ticket).is_some_and(|entry| entry.state == State::Stranger) {
            self.no_stranger(ticket, State::Known);
        }
    }

    /// It was told to go; its place is free from now on.
    pub(super) fn dismiss(&mut self, ticket: Ticket) {
        let Some(entry) = self.guests.get_mut(&ticket) else { return };
        match entry.state {
            State::Stranger => self.no_stranger(ticket, State::Leaving),
            State::Known => entry.state = State::Leaving,
            State::Pending | State::Leaving => return,
        }
        self.staying = self.staying.saturating_sub(1);
    }

    /// It has gone.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.dismiss(ticket);
        let Some(Entry { origin: Some(Origin { address, network }), .. }) = self.guests.remove(&ticket)
        else {
            return;
        };
        if let Some(count) = self.addresses.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
        self.change(network, |held| held.all = held.all.saturating_sub(1));
    }

    fn within_its_share(&self, origin: Origin) -> Result<(), Refusal> {
        if self.addresses.get(&origin.address).is_some_and(|n| *n >= self.limits.connections_per_address) {
            return Err(Refusal::Address);
        }
        let held = self.networks.get(&origin.network).map_or(0, |held| held.all);
        if held >= self.limits.connections_per_network { Err(Refusal::Network) } else { Ok(()) }
    }

    fn has_place(&self) -> bool {
        !self.is_full() && self.strangers.len() < self.strangers_max()
    }

    /// How many may be in without having logged in: a quarter of all.
    fn strangers_max(&self) -> usize {
        let all = connections(&self.limits);
        match self.custom {
            Custom::LogIn => (all / 4).max(FEW.min(all)),
            Custom::Anonymous => all,
        }
    }

    /// Who has to go for a newcomer.
    fn displace(&mut self, origin: Option<Origin>, now: Instant) -> Result<Ticket, Refusal> {
        let ticket = self.of_the_largest(origin).or_else(|| self.overdue(now)).ok_or(Refusal::Full)?;
        self.dismiss(ticket);
        Ok(ticket)
    }

    fn of_the_largest(&self, origin: Option<Origin>) -> Option<Ticket> {
        let mine = self.networks.get(&origin?.network).map_or(0, |held| held.strangers.len());
        let (most, network) = self.by_strangers.last()?;
        if *most <= mine.saturating_add(1) {
            return None;
        }
        self.networks.get(network)?.strangers.first().copied()
    }

    fn overdue(&self, now: Instant) -> Option<Ticket> {
        let oldest = *self.strangers.first()?;
        let since = self.guests.get(&oldest)?.since;
        let overdue = self.custom == Custom::LogIn && now.saturating_duration_since(since) >= GRACE;
        overdue.then_some(oldest)
    }

    fn no_stranger(&mut self, ticket: Ticket, becomes: State) {
        self.strangers.remove(&ticket);
        let Some(entry) = self.guests.get_mut(&ticket) else { return };
        entry.state = becomes;
        if let Some(Origin { network, .. }) = entry.origin {
            self.change(network, |held| {
                held.strangers.remove(&ticket);
            });
        }
    }

    fn change(&mut self, network: Network, change: impl FnOnce(&mut Held)) {
        let held = self.networks.entry(network).or_default();
        let before = held.strangers.len();
        change(held);
        let (after, all) = (held.strangers.len(), held.all);
        if before != after {
            self.by_strangers.remove(&(before, network));
            if after > 0 {
                self.by_strangers.insert((after, network));
            }
        }
        if all == 0 {
            self.networks.remove(&network);
        }
    }
}

fn at_least_one(limits: Limits) -> Limits {
    Limits {
        connections: limits.connections.max(1),
        connections_per_address: limits.connections_per_address.max(1),
        connections_per_network: limits.connections_per_network.max(1),
        ..limits
    }
}

fn connections(limits: &Limits) -> usize {
    usize::try_from(limits.connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
