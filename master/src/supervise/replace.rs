//! Workers are replaced by fresh ones now and then, so that one in foreign hands is not so for ever: the successor is
//! started, wired and serves; only then its predecessor accepts nothing more, and ends when its sessions have.

use std::time::{Duration, Instant};

use ipc::role::{Instance, Role};

use super::{Action, Reason, Stage, Supervisor, later, worker};
use crate::process::{Phase, Process, Tenure};

/// How long a worker serves at the least: a flood of connections is not to become one of processes.
pub(super) const LEAST_AGE: Duration = Duration::from_secs(5);
/// How long nothing is tried after a successor that has failed.
pub(super) const RETRY: Duration = Duration::from_secs(300);

impl Supervisor {
    /// Starts successors for workers that have served long enough: one of a role at a time.
    pub(super) fn replace_who_is_due(&mut self, now: Instant) -> Vec<Action> {
        if self.stage != Stage::Running || self.round.is_some() {
            return Vec::new();
        }
        let roles = Role::STARTED.into_iter().filter(|role| role.is_reader());
        let due: Vec<Instance> = roles.filter_map(|role| self.due(role, now)).collect();
        due.into_iter().filter_map(|instance| self.start_successor(instance, now)).collect()
    }

    /// A process that serves takes the seat it was started for, if that is still another's.
    pub(super) fn succeed(&mut self, instance: Instance, now: Instant) -> Vec<Action> {
        let Some(process) = self.processes.get_mut(&instance) else { return Vec::new() };
        let Tenure::Succeeds(predecessor) = process.tenure else { return Vec::new() };
        process.tenure = Tenure::Holds;
        tracing::info!("{instance} replaces {predecessor}");
        self.retire(predecessor, now)
    }

    /// A worker gives up its seat.
    pub(super) fn retire(&mut self, instance: Instance, now: Instant) -> Vec<Action> {
        let until = later(now, self.turnover.drain);
        let Some(process) = self.processes.get_mut(&instance) else { return Vec::new() };
        process.tenure = Tenure::Leaves;
        match process.phase {
            Phase::Ready { layers, pulse, .. } => {
                process.phase = Phase::Retiring { until, layers, pulse };
                vec![Action::Retire(instance)]
            }
            Phase::Down { .. } => {
                self.remove(instance);
                Vec::new()
            }
            Phase::Locking { .. } | Phase::Locked { .. } | Phase::Starting { .. } => {
                self.kill(instance, Reason::Outdated)
            }
            Phase::Retiring { .. } | Phase::Draining { .. } | Phase::Killed | Phase::Ended => Vec::new(),
        }
    }

    /// A process that had or was to have a seat has ended. If another is there for it, that one is returned, and the
    /// one that ended is not started again.
    pub(super) fn pass_on(&mut self, instance: Instance, now: Instant) -> Option<Instance> {
        let tenure = self.processes.get(&instance)?.tenure;
        let other = match tenure {
            Tenure::Succeeds(predecessor) => {
                let holder = self.processes.get_mut(&predecessor)?;
                holder.replace_not_before = Some(later(now, RETRY));
                predecessor
            }
            Tenure::Holds => {
                let succeeds = Tenure::Succeeds(instance);
                let (other, heir) = self.processes.iter_mut().find(|(_, heir)| heir.tenure == succeeds)?;
                heir.tenure = Tenure::Holds;
                *other
            }
            Tenure::Leaves => return None,
        };
        self.remove(instance);
        Some(other)
    }

    fn due(&self, role: Role, now: Instant) -> Option<Instance> {
        let of_role = self.processes.iter().filter(|(instance, _)| instance.role == role);
        if of_role.clone().any(|(_, process)| matches!(process.tenure, Tenure::Succeeds(_))) {
            return None;
        }
        let leaves = |seat| {
            let leaving = |process: &Process| process.tenure == Tenure::Leaves && process.seat == seat;
            of_role.clone().any(|(_, process)| leaving(process))
        };
        let is_due = |process: &Process| process.tenure == Tenure::Holds && self.is_worn(process, now);
        let found = of_role.clone().find(|(_, process)| is_due(process) && !leaves(process.seat));
        found.map(|(instance, _)| *instance)
    }

    fn is_worn(&self, process: &Process, now: Instant) -> bool {
        let Phase::Ready { since, pulse, .. } = process.phase else { return false };
        let age = now.saturating_duration_since(since);
        let old = self.turnover.after.is_some_and(|after| age >= after);
        let used = self.turnover.connections.is_some_and(|connections| pulse.served >= connections);
        let waits = process.replace_not_before.is_some_and(|at| now < at);
        (old || used || process.outgrown) && age >= LEAST_AGE && !waits
    }

    /// Under the lowest number that is free: the servers know their channels by it.
    fn start_successor(&mut self, instance: Instance, now: Instant) -> Option<Action> {
        let free = |number: &u16| !self.processes.contains_key(&worker(instance.role, *number));
        let successor = worker(instance.role, (0..u16::MAX).find(free)?);
        let mut process = self.processes.get(&instance)?.successor(instance, now);
        process.begin(now);
        let incarnation = process.incarnation;
        self.admit(successor, process);
        Some(Action::Spawn(successor, incarnation))
    }
}
