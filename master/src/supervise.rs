//! Who is started, wired, asked, killed, replaced and drained, and when: decisions only, as a function of what happened.
//! What is decided is done in [`crate::perform`].

mod action;
mod drain;
mod reload;
mod replace;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ipc::exit::Exit;
use ipc::role::{Instance, Role};
use ipc::service::admin::ProcessStatus;
use ipc::service::control::ToMaster;

use crate::config::Turnover;
use crate::process::{Phase, Process, Pulse, Tenure};
use crate::wire::{self, Wire};

pub use action::{Action, Ending, Reason};
pub use reload::{Asking, No, NotNow, Seats};

/// How long a role may take to lock itself down.
pub const LOCKING: Duration = Duration::from_secs(30);
/// How long a role may take until it serves.
pub const STARTING: Duration = Duration::from_secs(60);
/// The same for the store, which may have a log to read.
pub const STARTING_STORE: Duration = Duration::from_secs(600);
/// Time between the answer to a ping and the next one.
pub const PING: Duration = Duration::from_secs(1);
/// How long a ping may be unanswered.
pub const SILENCE: Duration = Duration::from_secs(30);
/// How often a role may be given channels that it says it misses.
pub const REWIRING: Duration = Duration::from_secs(5);
/// How long a role may still be there after its time to drain.
pub const GRACE: Duration = Duration::from_secs(2);
/// How often a role may fail before the suite has ever been ready.
pub const FIRST_TRIES: u32 = 5;

/// Where the suite is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not all have served yet.
    Starting,
    /// All have.
    Running,
    /// Draining that wave.
    Stopping(usize),
    /// Nothing is done any more.
    Over,
}

/// The state of all processes.
#[derive(Debug)]
pub struct Supervisor {
    processes: BTreeMap<Instance, Process>,
    /// Servers first.
    order: Vec<Instance>,
    stage: Stage,
    turnover: Turnover,
    round: Option<reload::Round>,
}

impl Supervisor {
    /// For as many workers of each role as there are seats.
    #[must_use]
    pub fn new(seats: &Seats, turnover: Turnover, now: Instant) -> Self {
        let mut supervisor = Supervisor {
            processes: BTreeMap::new(),
            order: Vec::new(),
            stage: Stage::Starting,
            turnover,
            round: None,
        };
        for instance in seats.iter().flat_map(|(role, seats)| (0..*seats).map(|n| worker(*role, n))) {
            supervisor.admit(instance, Process::new(instance.worker, now));
        }
        supervisor
    }

    /// A process was started.
    pub fn spawned(&mut self, instance: Instance, pid: u32) {
        if let Some(process) = self.processes.get_mut(&instance) {
            process.pid = Some(pid);
        }
    }

    /// A process said something.
    pub fn heard(
        &mut self,
        instance: Instance,
        incarnation: u64,
        said: ToMaster,
        now: Instant,
    ) -> Vec<Action> {
        let Some(process) = self.present(instance, incarnation) else { return Vec::new() };
        match (said, &mut process.phase) {
            (ToMaster::Locked(layers), Phase::Locking { .. }) => {
                process.phase = Phase::Locked { layers };
                let seat = process.seat;
                let mut actions: Vec<_> = self.wires(instance).into_iter().map(Action::Wire).collect();
                if instance.role.is_reader() {
                    actions.push(Action::Listeners(instance, seat));
                }
                actions.extend(self.serve_who_may(now));
                actions
            }
            (ToMaster::Ready, Phase::Starting { layers, .. }) => {
                process.phase = Phase::Ready { since: now, layers: *layers, pulse: Pulse::at(now) };
                let mut actions = self.succeed(instance, now);
                actions.extend(self.ask_latecomer(instance));
                actions.extend(self.all_ready());
                actions
            }
            (
                ToMaster::Alive { sessions, served },
                Phase::Ready { pulse, .. } | Phase::Retiring { pulse, .. } | Phase::Draining { pulse, .. },
            ) if pulse.asked.is_some() => {
                *pulse = Pulse { sessions, served, asked: None, answered: now };
                Vec::new()
            }
            (ToMaster::Prepared | ToMaster::Refused(_), Phase::Ready { .. } | Phase::Retiring { .. })
                if process.owes_answer =>
            {
                process.owes_answer = false;
                self.answered(instance, said)
            }
            (ToMaster::Unwired(service), Phase::Ready { .. } | Phase::Retiring { .. }) => {
                if process.rewired.is_some_and(|at| now.saturating_duration_since(at) < REWIRING) {
                    return Vec::new();
                }
                process.rewired = Some(now);
                let missed = |wire: &Wire| wire.client == instance && wire.service == service;
                self.wires(instance).into_iter().filter(missed).map(Action::Wire).collect()
            }
            (ToMaster::Unwired(_), Phase::Draining { .. }) => Vec::new(),
            (ToMaster::Drained, Phase::Draining { until, .. }) => {
                *until = later(now, GRACE).min(*until);
                Vec::new()
            }
            (ToMaster::Drained, Phase::Retiring { layers, pulse, .. }) => {
                process.phase = Phase::Draining { until: later(now, GRACE), layers: *layers, pulse: *pulse };
                Vec::new()
            }
            // asked while it served, answered while it drained
            (ToMaster::Prepared | ToMaster::Refused(_), Phase::Draining { .. }) if process.owes_answer => {
                process.owes_answer = false;
                Vec::new()
            }
            (_, Phase::Killed | Phase::Ended | Phase::Down { .. }) => Vec::new(),
            _ => self.kill(instance, Reason::OutOfPhase),
        }
    }

    /// A process's channel has ended, or what came on it was no message.
    pub fn broken(&mut self, instance: Instance, incarnation: u64) -> Vec<Action> {
        match self.present(instance, incarnation) {
            // a role that has said `Drained` closes its channel when it ends
            Some(process) if !matches!(process.phase, Phase::Draining { .. } | Phase::Killed) => {
                self.kill(instance, Reason::Channel)
            }
            _ => Vec::new(),
        }
    }

    /// A process has ended.
    pub fn ended(&mut self, instance: Instance, incarnation: u64, how: Ending, now: Instant) -> Vec<Action> {
        let stage = self.stage;
        let Some(process) = self.present(instance, incarnation) else { return Vec::new() };
        let pid = process.pid.map_or_else(String::new, |pid| format!("[{pid}]"));
        let asked = matches!(process.phase, Phase::Draining { .. } | Phase::Retiring { .. });
        match stage {
            Stage::Over => Vec::new(),
            Stage::Stopping(_) => {
                if !asked || how != Ending::Status(0) {
                    tracing::warn!("{instance}{pid} {how}");
                }
                (process.phase, process.pid) = (Phase::Ended, None);
                self.next_wave(now)
            }
            Stage::Starting | Stage::Running if process.tenure == Tenure::Leaves => {
                match asked && how == Ending::Status(0) {
                    true => tracing::info!("{instance}{pid} has left"),
                    false => tracing::warn!("{instance}{pid}, which was leaving, {how}"),
                }
                self.remove(instance);
                Vec::new()
            }
            Stage::Starting | Stage::Running => {
                let delay = process.fail(now);
                if stage == Stage::Starting
                    && let Some(exit) = gives_up(how, process.failures)
                {
                    tracing::error!("{instance}{pid} {how}");
                    return self.end(exit);
                }
                match self.pass_on(instance, now) {
                    Some(successor) => tracing::warn!("{instance}{pid} {how}; {successor} has its place"),
                    None => tracing::warn!("{instance}{pid} {how}; it is started again in {delay:?}"),
                }
                self.died(instance)
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) -> Vec<Action> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        let due = |at: Instant| now >= at;
        let mut actions = Vec::new();
        for instance in self.order.clone() {
            let Some(process) = self.processes.get_mut(&instance) else { continue };
            match &mut process.phase {
                Phase::Down { start_at } if due(*start_at) => {
                    process.begin(now);
                    actions.push(Action::Spawn(instance, process.incarnation));
                }
                Phase::Locking { since } if due(later(*since, LOCKING)) => {
                    actions.extend(self.kill(instance, Reason::Locking));
                }
                Phase::Starting { since, .. } if due(later(*since, starting(instance.role))) => {
                    actions.extend(self.kill(instance, Reason::Starting));
                }
                Phase::Ready { pulse: Pulse { asked: Some(asked), .. }, .. }
                | Phase::Retiring { pulse: Pulse { asked: Some(asked), .. }, .. }
                    if due(later(*asked, SILENCE)) =>
                {
                    actions.extend(self.kill(instance, Reason::Silent));
                }
                Phase::Retiring { until, layers, pulse } if due(*until) => {
                    let within = drain::READERS;
                    let until = later(later(now, within), GRACE);
                    process.phase = Phase::Draining { until, layers: *layers, pulse: *pulse };
                    actions.push(Action::Drain(instance, within));
                }
                Phase::Ready { pulse, .. } | Phase::Retiring { pulse, .. }
                    if pulse.asked.is_none() && due(later(pulse.answered, PING)) =>
                {
                    pulse.asked = Some(now);
                    actions.push(Action::Ping(instance));
                }
                Phase::Draining { until, .. } if due(*until) => {
                    actions.extend(self.kill(instance, Reason::Draining));
                }
                _ => {}
            }
        }
        actions.extend(self.out_of_patience(now));
        actions.extend(self.replace_who_is_due(now));
        actions
    }

    /// When [`Supervisor::tick`] has something to do next.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Instant {
        let next =
            |pulse: Pulse| pulse.asked.map_or(later(pulse.answered, PING), |asked| later(asked, SILENCE));
        let times = self.processes.iter().filter_map(|(instance, process)| match process.phase {
            Phase::Down { start_at } => Some(start_at),
            Phase::Locking { since } => Some(later(since, LOCKING)),
            Phase::Starting { since, .. } => Some(later(since, starting(instance.role))),
            Phase::Ready { pulse, .. } => Some(next(pulse)),
            Phase::Retiring { until, pulse, .. } => Some(next(pulse).min(until)),
            Phase::Draining { until, .. } => Some(until),
            Phase::Locked { .. } | Phase::Killed | Phase::Ended => None,
        });
        let round = self.round.as_ref().map(|round| round.until());
        times.chain(round).min().unwrap_or_else(|| later(now, SILENCE))
    }

    /// How everybody is.
    pub fn status(&self, uid: impl Fn(Role) -> Option<u32>, now: Instant) -> Vec<ProcessStatus> {
        let of = |instance: &Instance| {
            Some(self.processes.get(instance)?.status(*instance, uid(instance.role), now))
        };
        self.order.iter().filter_map(of).collect()
    }

    /// Does that process serve?
    #[must_use]
    pub fn is_ready(&self, instance: Instance) -> bool {
        self.processes.get(&instance).is_some_and(|process| matches!(process.phase, Phase::Ready { .. }))
    }

    fn present(&mut self, instance: Instance, incarnation: u64) -> Option<&mut Process> {
        self.processes.get_mut(&instance).filter(|process| process.incarnation == incarnation)
    }

    fn admit(&mut self, instance: Instance, process: Process) {
        self.processes.insert(instance, process);
        self.order.push(instance);
        let rank = |instance: &Instance| {
            (Role::STARTED.iter().position(|role| *role == instance.role), instance.worker)
        };
        self.order.sort_by_key(rank);
    }

    fn remove(&mut self, instance: Instance) {
        self.processes.remove(&instance);
        self.order.retain(|other| *other != instance);
    }

    fn wires(&self, instance: Instance) -> Vec<Wire> {
        let there = |other: &&Instance| self.processes.get(*other).is_some_and(Process::is_wireable);
        wire::lines(instance, &self.order.iter().filter(there).copied().collect::<Vec<_>>())
    }

    /// At the first start nobody serves before all have their channels; later, nobody waits for a peer that is away.
    fn serve_who_may(&mut self, now: Instant) -> Vec<Action> {
        if self.stage == Stage::Starting && !self.processes.values().all(Process::is_wireable) {
            return Vec::new();
        }
        let mut actions = Vec::new();
        for instance in &self.order {
            if let Some(process) = self.processes.get_mut(instance)
                && let Phase::Locked { layers } = process.phase
            {
                process.phase = Phase::Starting { since: now, layers };
                actions.push(Action::Serve(*instance));
            }
        }
        actions
    }

    fn all_ready(&mut self) -> Vec<Action> {
        let ready = |process: &Process| matches!(process.phase, Phase::Ready { .. });
        if self.stage == Stage::Starting && self.processes.values().all(ready) {
            self.stage = Stage::Running;
            return vec![Action::AllReady];
        }
        Vec::new()
    }

    fn kill(&mut self, instance: Instance, reason: Reason) -> Vec<Action> {
        let Some(process) = self.processes.get_mut(&instance) else { return Vec::new() };
        process.phase = Phase::Killed;
        let mut actions = vec![Action::Kill(instance, reason)];
        actions.extend(self.died(instance));
        actions
    }

    fn end(&mut self, exit: Exit) -> Vec<Action> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        self.stage = Stage::Over;
        vec![Action::End(exit)]
    }
}

const fn worker(role: Role, worker: u16) -> Instance {
    Instance { role, worker }
}

const fn starting(role: Role) -> Duration {
    if matches!(role, Role::Store) { STARTING_STORE } else { STARTING }
}

/// Whether a failure before the suite was ever ready ends it: at once when trying again cannot help.
fn gives_up(how: Ending, failures: u32) -> Option<Exit> {
    let hopeless = [Exit::Config, Exit::OsError, Exit::Usage, Exit::Software];
    let named = |exit: &Exit| how == Ending::Status(i32::from(*exit as u8));
    let unborn = (how == Ending::Unborn).then_some(Exit::OsError);
    let worn = (failures >= FIRST_TRIES).then_some(Exit::Unavailable);
    hopeless.into_iter().find(named).or(unborn).or(worn)
}

fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests;
