//! What waits to be hashed: an administrator's new passwords, logins from where the account was logged in before, and all
//! other logins, which come in their networks' turns.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use argon2::Block;
use ipc::mail::{AccountId, Password};
use ipc::network::Network;
use tokio::sync::oneshot;

use super::fair::Fair;
use super::phc::{Hash, HashError};

/// Logins of one account, from where it is known, that wait before all others; more wait as those of a stranger.
const KNOWN_EACH: usize = 4;
/// Of so many logins, one is a stranger's, if one waits: whoever is known cannot keep the others out.
const STRANGER_EVERY: u8 = 4;

/// Where a login waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The account was logged into from this network before: it does not wait behind guesses.
    Known(AccountId, Network),
    /// From this network, as anybody.
    Stranger(Network),
}

/// Whose turn it is when an administrator and somebody who logs in wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Login,
    Admin,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    known: VecDeque<(AccountId, Job)>,
    /// How many of them each account has.
    each: HashMap<AccountId, usize>,
    strangers: Fair<Job>,
    admin: VecDeque<Job>,
    turn: Turn,
    /// Logins of the known since the last one of a stranger.
    in_a_row: u8,
    pub(super) state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Open,
    Closed,
}

#[derive(Debug)]
pub(super) enum Job {
    Check(Arc<Hash>, Password, oneshot::Sender<Result<bool, HashError>>),
    Make(Password, oneshot::Sender<Result<String, HashError>>),
}

impl Queues {
    /// Lets a new password wait, of `most`; gives it back when there is no place.
    pub(super) fn push_admin(&mut self, job: Job, most: usize) -> Option<Job> {
        if self.admin.len() >= most {
            return Some(job);
        }
        self.admin.push_back(job);
        None
    }

    /// Lets a login wait, of `most` of each kind; gives back what has no place any more, which may be another.
    pub(super) fn push_login(&mut self, place: Place, job: Job, most: usize) -> Option<Job> {
        let network = match place {
            Place::Known(account, network) => {
                let waiting = self.each.get(&account).copied().unwrap_or(0);
                if waiting < KNOWN_EACH && self.known.len() < most {
                    self.each.insert(account, waiting.saturating_add(1));
                    self.known.push_back((account, job));
                    return None;
                }
                network
            }
            Place::Stranger(network) => network,
        };
        self.strangers.push(network, job, most)
    }

    /// From the lane whose turn it is, or from the other when that one is empty.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let turn = self.turn;
        self.turn = turn.other();
        match turn {
            Turn::Login => self.login().or_else(|| self.admin.pop_front()),
            Turn::Admin => self.admin.pop_front().or_else(|| self.login()),
        }
    }

    fn login(&mut self) -> Option<Job> {
        let strangers_turn = self.in_a_row.saturating_add(1) >= STRANGER_EVERY && !self.strangers.is_empty();
        if !strangers_turn && let Some((account, job)) = self.known.pop_front() {
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.leave(account);
            return Some(job);
        }
        self.in_a_row = 0;
        self.strangers.pop()
    }

    fn leave(&mut self, account: AccountId) {
        match self.each.get_mut(&account) {
            Some(waiting) if *waiting > 1 => *waiting = waiting.saturating_sub(1),
            _ => drop(self.each.remove(&account)),
        }
    }
}

impl Turn {
    const fn other(self) -> Turn {
        match self {
            Turn::Login => Turn::Admin,
            Turn::Admin => Turn::Login,
        }
    }
}

impl Job {
    /// Nobody may wait for the outcome any more; that is no error.
    pub(super) fn run(self, memory: &mut Vec<Block>) {
        match self {
            Job::Check(hash, password, tell) => drop(tell.send(hash.check(&password.0, memory))),
            Job::Make(password, tell) => drop(tell.send(Hash::make(&password.0, memory))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Job {
        Job::Make(Password(name.as_bytes().to_vec()), oneshot::channel().0)
    }

    fn network(number: u8) -> Network {
        Network::of(std::net::Ipv4Addr::new(10, 0, number, 0).into(), 24)
    }

    fn order(queues: &mut Queues) -> String {
        let name = |job| match job {
            Job::Make(password, _) => String::from_utf8(password.0.clone()).unwrap(),
            Job::Check(..) => panic!("no such job"),
        };
        std::iter::from_fn(|| queues.pop()).map(name).collect()
    }

    #[test]
    fn administrators_and_logins_are_served_in_turn() {
        let mut queues = Queues::default();
        for _ in 0..3 {
            assert!(queues.push_login(Place::Stranger(network(1)), named("l"), 100).is_none());
        }
        for _ in 0..5 {
            assert!(queues.push_admin(named("a"), 100).is_none());
        }
        assert_eq!(order(&mut queues), "lalalaaa");
    }

    #[test]
    fn the_known_come_before_the_others_but_not_always() {
        let mut queues = Queues::default();
        for _ in 0..5 {
            queues.push_login(Place::Stranger(network(1)), named("s"), 100);
        }
        for account in 0..7 {
            queues.push_login(Place::Known(AccountId(account), network(2)), named("k"), 100);
        }
        assert_eq!(order(&mut queues), "kkkskkksksss");
        assert!(queues.each.is_empty());
    }

    #[test]
    fn one_account_does_not_fill_the_lane_of_the_known() {
        let mut queues = Queues::default();
        for _ in 0..10 {
            queues.push_login(Place::Known(AccountId(1), network(1)), named("m"), 100);
        }
        queues.push_login(Place::Known(AccountId(2), network(2)), named("o"), 100);
        assert_eq!(queues.known.len(), KNOWN_EACH + 1);
        assert_eq!(order(&mut queues), "mmmmmommmmm");
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut queues = Queues::default();
        let refused = (0..50).filter(|_| queues.push_admin(named("a"), 10).is_some()).count();
        assert_eq!(refused, 40);
        let place = |number: u64| Place::Known(AccountId(number), network(1));
        let refused =
            (0..50).filter(|number| queues.push_login(place(*number), named("k"), 10).is_some()).count();
        assert_eq!(refused, 30, "ten of the known, and ten as anybody");
    }
}
