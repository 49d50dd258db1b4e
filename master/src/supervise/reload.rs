//! A new configuration: everybody who serves is asked, and either all go on with it or none does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ipc::role::{Instance, Role};
use ipc::service::control::{ReloadRefusal, ToMaster};

use super::{Action, Reason, Stage, Supervisor, later, worker};
use crate::config::Turnover;
use crate::process::{Phase, Process, Tenure};

/// How long a role may take to say whether it can go on with a new configuration.
pub(super) const PREPARING: Duration = Duration::from_secs(10);

/// How many processes each role has.
pub type Seats = BTreeMap<Role, u16>;

/// Those who were asked.
#[derive(Debug)]
pub(super) struct Round {
    asked: BTreeSet<Instance>,
    waiting: BTreeSet<Instance>,
    until: Instant,
}

impl Round {
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

/// Why a new configuration is not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum No {
    /// A role said so.
    #[error("{0}: {1}")]
    Refused(Instance, ReloadRefusal),
    /// A role ended before all had answered.
    #[error("{0} ended before all roles had agreed to the new configuration")]
    Died(Instance),
    /// A role did not answer in time.
    #[error("{0} did not say in time whether it can go on with the new configuration")]
    Silent(Instance),
    /// The suite is being stopped.
    #[error("the suite is being stopped")]
    Stopping,
}

/// Why nobody is asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Not all have served yet.
    #[error("the suite is being started")]
    Starting,
    /// It drains.
    #[error("the suite is being stopped")]
    Stopping,
    /// Everybody is being asked.
    #[error("another reload is under way")]
    UnderWay,
    /// That one was asked before, and has said nothing.
    #[error("{0} has not yet answered for the reload before this one")]
    Owing(Instance),
}

/// What came of the wish to ask everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// They are asked; [`Action::Settle`] follows, now or later.
    Begun(Vec<Action>),
    /// It is not the time for it, and why.
    NotNow(NotNow),
}

impl Supervisor {
    /// Whether everybody could be asked now.
    ///
    /// # Errors
    /// Why not.
    pub fn can_ask(&self) -> Result<(), NotNow> {
        let owing = self.processes.iter().find(|(_, process)| process.owes_answer);
        if self.stage == Stage::Starting {
            Err(NotNow::Starting)
        } else if self.is_stopping() {
            Err(NotNow::Stopping)
        } else if self.round.is_some() {
            Err(NotNow::UnderWay)
        } else {
            owing.map_or(Ok(()), |(instance, _)| Err(NotNow::Owing(*instance)))
        }
    }

    /// Asks everybody who serves whether it can go on with the new configuration. Who leaves is not asked: it takes no
    /// new sessions.
    pub fn ask(&mut self, now: Instant) -> Asking {
        if let Err(why) = self.can_ask() {
            return Asking::NotNow(why);
        }
        let mut actions = Vec::new();
        let mut asked = BTreeSet::new();
        for instance in &self.order {
            if let Some(process) = self.processes.get_mut(instance)
                && matches!(process.phase, Phase::Ready { .. })
            {
                process.owes_answer = true;
                asked.insert(*instance);
                actions.push(Action::Prepare(*instance));
            }
        }
        let round = Round { waiting: asked.clone(), asked, until: later(now, PREPARING) };
        if round.waiting.is_empty() {
            actions.push(Action::Settle(Ok(())));
        }
        self.round = Some(round);
        Asking::Begun(actions)
    }

    /// A process has come to serve with the configuration of before. If the others are being asked, it is, too: it has
    /// sessions from now on, which are not to end because it came a moment late.
    pub(super) fn ask_latecomer(&mut self, instance: Instance) -> Option<Action> {
        let (round, process) = self.round.as_mut().zip(self.processes.get_mut(&instance))?;
        process.owes_answer = true;
        round.asked.insert(instance);
        round.waiting.insert(instance);
        Some(Action::Prepare(instance))
    }

    /// The new configuration is in force, after [`Action::Settle`] of a yes: those who were asked are told, those who
    /// were being started with the old one begin again, and there are as many workers as there are to be. Workers of
    /// `outgrown` roles are replaced one after the other, for what cannot be changed while they run.
    pub fn commit(
        &mut self,
        seats: &Seats,
        turnover: Turnover,
        outgrown: &[Role],
        now: Instant,
    ) -> Vec<Action> {
        self.turnover = turnover;
        let asked = self.round.take().map(|round| round.asked).unwrap_or_default();
        let mut actions = Vec::new();
        for instance in self.order.clone() {
            actions.extend(self.commit_one(instance, seats, asked.contains(&instance), now));
        }
        for (instance, process) in &mut self.processes {
            process.outgrown |= outgrown.contains(&instance.role) && process.tenure == Tenure::Holds;
        }
        actions.extend(self.fill(seats, now));
        // the certificates may be others: readers ask for them on a new channel
        let keys = self.processes.keys().copied().find(|instance| instance.role == Role::Keys);
        actions.extend(keys.into_iter().flat_map(|keys| self.wires(keys)).map(Action::Wire));
        actions
    }

    fn commit_one(&mut self, instance: Instance, seats: &Seats, asked: bool, now: Instant) -> Vec<Action> {
        let Some(process) = self.processes.get(&instance) else { return Vec::new() };
        let wanted = process.seat < seats.get(&instance.role).copied().unwrap_or(0);
        let seat = process.seat;
        match process.phase {
            _ if !wanted && process.tenure != Tenure::Leaves => self.retire(instance, now),
            Phase::Locking { .. } | Phase::Locked { .. } | Phase::Starting { .. } => {
                self.kill(instance, Reason::Outdated)
            }
            // it was asked, and has been replaced since: what is listened on is nothing to it any more
            Phase::Retiring { .. } if asked => vec![Action::Abort(instance)],
            _ if asked => vec![Action::Commit(instance, seat)],
            _ => Vec::new(),
        }
    }

    /// Makes processes for seats that nobody has.
    fn fill(&mut self, seats: &Seats, now: Instant) -> Vec<Action> {
        for (role, seats) in seats {
            for seat in 0..*seats {
                let sits = |(instance, process): (&Instance, &Process)| {
                    instance.role == *role && process.seat == seat && process.tenure != Tenure::Leaves
                };
                if !self.processes.iter().any(sits) {
                    let free = |number: &u16| !self.processes.contains_key(&worker(*role, *number));
                    let Some(number) = (seat..u16::MAX).find(free) else { continue };
                    self.admit(worker(*role, number), Process::new(seat, now));
                }
            }
        }
        Vec::new()
    }

    /// An answer that was due.
    pub(super) fn answered(&mut self, instance: Instance, said: ToMaster) -> Vec<Action> {
        let Some(round) = self.round.as_mut().filter(|round| round.waiting.contains(&instance)) else {
            return Vec::new();
        };
        if let ToMaster::Refused(refusal) = said {
            return self.give_up_round(No::Refused(instance, refusal));
        }
        round.waiting.remove(&instance);
        if round.waiting.is_empty() { vec![Action::Settle(Ok(()))] } else { Vec::new() }
    }

    /// A process has ended, or is as good as that. Before all have answered, that is a no.
    pub(super) fn died(&mut self, instance: Instance) -> Vec<Action> {
        match &self.round {
            Some(round) if round.asked.contains(&instance) && !round.waiting.is_empty() => {
                self.give_up_round(No::Died(instance))
            }
            _ => Vec::new(),
        }
    }

    /// Who has not answered in time has said no.
    pub(super) fn out_of_patience(&mut self, now: Instant) -> Vec<Action> {
        match &self.round {
            Some(round) if now >= round.until => match round.waiting.first() {
                Some(silent) => self.give_up_round(No::Silent(*silent)),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    pub(super) fn give_up_round(&mut self, no: No) -> Vec<Action> {
        let Some(round) = self.round.take() else { return Vec::new() };
        let there = |instance: &&Instance| self.is_ready(**instance);
        let mut actions: Vec<_> = round.asked.iter().filter(there).copied().map(Action::Abort).collect();
        actions.push(Action::Settle(Err(no)));
        actions
    }
}
