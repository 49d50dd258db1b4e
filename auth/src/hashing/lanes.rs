//! What waits to be hashed, in two lanes that are served in turn.

use std::collections::VecDeque;
use std::sync::Arc;

use argon2::Block;
use ipc::mail::Password;
use tokio::sync::oneshot;

use super::phc::{Hash, HashError};

/// Where a hash waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lane {
    /// Somebody logs in.
    #[default]
    Login,
    /// An administrator sets passwords.
    Admin,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    login: VecDeque<Job>,
    admin: VecDeque<Job>,
    /// Whose turn it is when both wait.
    turn: Lane,
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
    pub(super) fn lane(&mut self, lane: Lane) -> &mut VecDeque<Job> {
        match lane {
            Lane::Login => &mut self.login,
            Lane::Admin => &mut self.admin,
        }
    }

    /// From the lane whose turn it is, or from the other when that one is empty.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let turn = self.turn;
        self.turn = turn.other();
        self.lane(turn).pop_front().or_else(|| self.lane(turn.other()).pop_front())
    }
}

impl Lane {
    const fn other(self) -> Lane {
        match self {
            Lane::Login => Lane::Admin,
            Lane::Admin => Lane::Login,
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

    fn job() -> Job {
        Job::Make(Password(Vec::new()), oneshot::channel().0)
    }

    fn check() -> Job {
        Job::Check(Arc::new(Hash::of_nobody().unwrap()), Password(Vec::new()), oneshot::channel().0)
    }

    #[test]
    fn lanes_are_served_in_turn() {
        let mut queues = Queues {
            login: (0..3).map(|_| check()).collect(),
            admin: (0..5).map(|_| job()).collect(),
            turn: Lane::Login,
            state: State::Open,
        };
        let order: String = std::iter::from_fn(|| queues.pop())
            .map(|job| if matches!(job, Job::Check(..)) { 'l' } else { 'a' })
            .collect();
        assert_eq!(order, "lalalaaa");
    }
}
