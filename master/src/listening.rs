//! The listening sockets of the suite, kept as long as the master lives or until a reload takes one away.
//!
//! Each address has one socket for each worker (SO_REUSEPORT), or one that all share, where it is a path or was passed
//! by systemd. Which worker accepts on which is a matter of seats, so that every socket has somebody: with more workers
//! than sockets they share, with fewer some have several.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use ipc::exit::{Exit, Failure};
use ipc::role::Role;
use ipc::service::control::{Endpoint, Listener};

use crate::bind::passed::{self, Passed};
use crate::bind::{self, DYING, Others, unix};
use crate::config::{Address, Config};
use crate::supervise::Seats;

/// One listening socket.
#[derive(Debug)]
pub struct Bound {
    /// A number that no other socket of this master has or had.
    pub id: u64,
    /// Whose connections come on it.
    pub role: Role,
    /// How they begin.
    pub listener: Listener,
    /// Non-blocking.
    pub socket: OwnedFd,
    source: Source,
}

/// Where a socket is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The master has bound it to that configured address, whose port may be 0.
    Own(SocketAddr),
    /// The master has made it in the file system.
    Path,
    /// It was passed under a name, and is there whatever the configuration says.
    Passed,
    /// It was passed without, and stands for that configured address.
    PassedFor(SocketAddr),
}

/// All of them.
#[derive(Debug, Default)]
pub struct Listening {
    bound: Vec<Bound>,
    next: u64,
}

/// What a reload changes. Nobody can connect to what is added before [`Listening::adopt`].
#[derive(Debug, Default)]
pub struct Change {
    added: Vec<(Role, Listener, OwnedFd, Source)>,
    removed: BTreeSet<u64>,
}

impl Listening {
    /// What the configuration says, on the sockets that were passed and on new ones.
    ///
    /// # Errors
    /// An address that cannot be had, or a socket that is of no use; there is nothing to listen on.
    pub fn start(config: &Config, passed: Vec<Passed>) -> Result<Self, Failure> {
        let mut listening = Listening::default();
        for Passed { name, address, socket } in passed {
            let found = passed::of_whom(&name, address, config)?;
            let source = found.instead_of.map_or(Source::Passed, Source::PassedFor);
            let listener = Listener { address: address.into(), implicit_tls: found.implicit_tls };
            listening.add(found.role, listener, socket, source);
        }
        let change = listening.changes(config, DYING)?;
        listening.adopt(change)?;
        for role in Role::STARTED {
            if let Some(path) = config.unix_socket(role) {
                let listener = Listener { address: Endpoint::Unix, implicit_tls: false };
                listening.add(role, listener, unix::bind(path)?, Source::Path);
            }
        }
        if listening.bound.is_empty() { Err(nothing()) } else { Ok(listening) }
    }

    /// What has to change for another configuration; nothing has yet.
    ///
    /// # Errors
    /// An address that cannot be had; a socket that only systemd can take away; nothing would be left.
    pub fn prepare(&self, config: &Config) -> Result<Change, Failure> {
        let change = self.changes(config, std::time::Duration::ZERO)?;
        let stays = |bound: &Bound| !change.removed.contains(&bound.id);
        if change.added.is_empty() && !self.bound.iter().any(stays) { Err(nothing()) } else { Ok(change) }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// The system does not let one of the new sockets listen.
    pub fn adopt(&mut self, change: Change) -> Result<(), Failure> {
        for (_, listener, socket, source) in &change.added {
            if let (Source::Own(_), Endpoint::Tcp(address)) = (source, listener.address) {
                listener::bind::listen(socket).map_err(|error| bind::refused(address, &error))?;
            }
        }
        self.bound.retain(|bound| !change.removed.contains(&bound.id));
        for (role, listener, socket, source) in change.added {
            self.add(role, listener, socket, source);
        }
        Ok(())
    }

    /// How many processes each role has.
    #[must_use]
    pub fn seats(&self, config: &Config) -> Seats {
        let there = |role: &Role| !role.is_reader() || self.bound.iter().any(|bound| bound.role == *role);
        Role::STARTED.into_iter().filter(there).map(|role| (role, config.workers(role))).collect()
    }

    /// The sockets that a worker accepts on, which has one of so many seats.
    #[must_use]
    pub fn of_seat(&self, role: Role, seat: u16, seats: u16) -> Vec<&Bound> {
        let of_role = || self.bound.iter().filter(|bound| bound.role == role);
        let mut found = Vec::new();
        let mut listeners: Vec<Listener> = Vec::new();
        for bound in of_role() {
            if !listeners.contains(&bound.listener) {
                listeners.push(bound.listener);
                let group: Vec<&Bound> = of_role().filter(|b| b.listener == bound.listener).collect();
                let sockets = group.len();
                let has = |(index, _): &(usize, &Bound)| has(*index, sockets, seat.into(), seats.into());
                found.extend(group.into_iter().enumerate().filter(has).map(|(_, bound)| bound));
            }
        }
        found
    }

    /// Is the socket with that number still one of them?
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.bound.iter().any(|bound| bound.id == id)
    }

    /// The addresses that are listened on, each once, as `service address`.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let mut addresses: Vec<String> = Vec::new();
        for Bound { role, listener, .. } in &self.bound {
            let tls = if listener.implicit_tls { "s" } else { "" };
            let address = format!("{role}{tls} {}", listener.address);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    fn add(&mut self, role: Role, listener: Listener, socket: OwnedFd, source: Source) {
        self.bound.push(Bound { id: self.next, role, listener, socket, source });
        self.next = self.next.saturating_add(1);
    }

    fn changes(&self, config: &Config, patience: std::time::Duration) -> Result<Change, Failure> {
        let mut change = Change::default();
        let mut wanted = Vec::new();
        for role in Role::STARTED.into_iter().filter(|role| role.is_reader()) {
            for (addresses, implicit_tls) in config.listeners(role) {
                // what is passed under the service's name is all it listens on
                if self.of(role, implicit_tls).any(|bound| bound.source == Source::Passed) {
                    continue;
                }
                for address in addresses {
                    wanted.push((role, implicit_tls, address.socket));
                    let more = self.more(role, implicit_tls, *address, config.workers(role), patience)?;
                    change.added.extend(more);
                }
            }
        }
        for bound in &self.bound {
            let is_wanted = |address| wanted.contains(&(bound.role, bound.listener.implicit_tls, address));
            match bound.source {
                Source::Own(address) if !is_wanted(address) => {
                    change.removed.insert(bound.id);
                }
                Source::PassedFor(address) if !is_wanted(address) => return Err(systemds(address)),
                Source::Own(_) | Source::PassedFor(_) | Source::Path | Source::Passed => {}
            }
        }
        Ok(change)
    }

    /// The sockets that an address lacks for so many workers.
    fn more(
        &self,
        role: Role,
        implicit_tls: bool,
        address: Address,
        workers: u16,
        patience: std::time::Duration,
    ) -> Result<Vec<(Role, Listener, OwnedFd, Source)>, Failure> {
        let source = Source::Own(address.socket);
        let stands = |bound: &&Bound| bound.source == Source::PassedFor(address.socket);
        if self.of(role, implicit_tls).any(|bound| stands(&bound)) {
            return Ok(Vec::new());
        }
        let there: Vec<&Bound> = self.of(role, implicit_tls).filter(|b| b.source == source).collect();
        let lacking = usize::from(workers).saturating_sub(there.len());
        let local = there.first().and_then(|bound| tcp(bound));
        let others = match local {
            Some(_) => Others::AreOurs,
            None => self.others(role, address.socket, patience)?,
        };
        let address = Address { socket: local.unwrap_or(address.socket), ..address };
        let Some((local, sockets)) = bind::reserve(address, lacking, others)? else { return Ok(Vec::new()) };
        let listener = Listener { address: local.into(), implicit_tls };
        Ok(sockets.into_iter().map(|socket| (role, listener, socket, source)).collect())
    }

    /// Who may have an address that is new to a role.
    fn others(
        &self,
        role: Role,
        address: SocketAddr,
        patience: std::time::Duration,
    ) -> Result<Others, Failure> {
        let overlaps = |there: SocketAddr| {
            there.port() == address.port()
                && there.is_ipv4() == address.is_ipv4()
                && (there.ip() == address.ip()
                    || there.ip().is_unspecified()
                    || address.ip().is_unspecified())
        };
        let ours = || self.bound.iter().filter_map(|bound| Some((bound.role, tcp(bound)?)));
        if let Some((other, _)) = ours().find(|(_, there)| *there == address) {
            let why = format!(
                "{other} listens there; take it away from {other} first, and reload, then give it to {role}"
            );
            return Err(Failure::new(Exit::Config, format!("cannot listen on {address}: {why}")));
        }
        let shared = address.port() != 0 && ours().any(|(_, there)| overlaps(there));
        // at the start, two lines that overlap are a mistake
        Ok(if shared && patience.is_zero() { Others::AreOurs } else { Others::WaitFor(patience) })
    }

    fn of(&self, role: Role, implicit_tls: bool) -> impl Iterator<Item = &Bound> {
        self.bound
            .iter()
            .filter(move |bound| bound.role == role && bound.listener.implicit_tls == implicit_tls)
    }
}

/// Whether the socket with that index, of so many, is for that seat, of so many.
fn has(index: usize, sockets: usize, seat: usize, seats: usize) -> bool {
    if seats >= sockets {
        seat.checked_rem(sockets) == Some(index)
    } else {
        index.checked_rem(seats) == Some(seat)
    }
}

fn tcp(bound: &Bound) -> Option<SocketAddr> {
    match bound.listener.address {
        Endpoint::Tcp(address) => Some(address),
        Endpoint::Unix => None,
    }
}

fn nothing() -> Failure {
    Failure::new(
        Exit::Config,
        "there is nothing to listen on: mx.listen, imap.listen and imap.listen_tls are empty, and no other section listens",
    )
}

fn systemds(address: SocketAddr) -> Failure {
    Failure::new(
        Exit::Config,
        format!(
            "{address} is listened on by systemd, which passed its socket: take it out of the socket unit, and restart"
        ),
    )
}

#[cfg(test)]
mod tests;
