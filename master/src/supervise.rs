//! Who is started, wired, asked, killed and drained, and when: decisions only, as a function of what happened. What is
//! decided is done in [`crate::run`].

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ipc::exit::Exit;
use ipc::role::{Instance, Role};
use ipc::service::admin::ProcessStatus;
use ipc::service::control::ToMaster;

use crate::process::{Phase, Process, Pulse};
use crate::wire::{self, Wire};

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

/// Who drains after whom, and in what time: those who wait for somebody before the one they wait for.
const WAVES: [(&[Role], Duration); 4] = [
    (&[Role::Mx, Role::Imap, Role::Pop3, Role::Submission, Role::Lmtp], Duration::from_secs(10)),
    (&[Role::Auth], Duration::from_secs(5)),
    (&[Role::Keys], Duration::from_secs(5)),
    (&[Role::Store], Duration::from_secs(15)),
];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start that process, and say hello to it.
    Spawn(Instance, u64),
    /// Make that channel.
    Wire(Wire),
    /// Hand that reader its listening sockets.
    Listeners(Instance),
    /// Tell it to serve.
    Serve(Instance),
    /// Ask whether it lives.
    Ping(Instance),
    /// Tell it to finish in that time.
    Drain(Instance, Duration),
    /// Kill it.
    Kill(Instance, Reason),
    /// All serve, for the first time.
    AllReady,
    /// End the suite.
    End(Exit),
}

/// Why a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The lock-down took too long.
    #[error("it did not lock itself down in time")]
    Locking,
    /// It did not come to serve.
    #[error("it did not come to serve in time")]
    Starting,
    /// It does not answer.
    #[error("it does not answer")]
    Silent,
    /// It did not finish.
    #[error("it did not finish in time")]
    Draining,
    /// It said something that it may not say now.
    #[error("it said something out of phase")]
    OutOfPhase,
    /// It said what is no message, or its channel ended.
    #[error("its control channel ended")]
    Channel,
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With that exit status.
    Status(i32),
    /// By that signal.
    Signal(i32),
    /// It could not be started.
    Unborn,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Status(status) => write!(f, "ended with status {status}"),
            Ending::Signal(31) => f.write_str("was ended by signal 31: a system call that it does not have"),
            Ending::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Ending::Unborn => f.write_str("could not be started"),
        }
    }
}

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
    order: Vec<Instance>,
    stage: Stage,
}

impl Supervisor {
    /// For these processes, servers first.
    #[must_use]
    pub fn new(order: Vec<Instance>, now: Instant) -> Self {
        let processes = order.iter().map(|instance| (*instance, Process::new(now))).collect();
        Supervisor { processes, order, stage: Stage::Starting }
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
                let mut actions: Vec<_> = self.wires(instance).into_iter().map(Action::Wire).collect();
                if instance.role.is_reader() {
                    actions.push(Action::Listeners(instance));
                }
                actions.extend(self.serve_who_may(now));
                actions
            }
            (ToMaster::Ready, Phase::Starting { layers, .. }) => {
                process.phase = Phase::Ready { since: now, layers: *layers, pulse: Pulse::at(now) };
                self.all_ready()
            }
            (
                ToMaster::Alive { sessions, served },
                Phase::Ready { pulse, .. } | Phase::Draining { pulse, .. },
            ) if pulse.asked.is_some() => {
                *pulse = Pulse { sessions, served, asked: None, answered: now };
                Vec::new()
            }
            (ToMaster::Unwired(service), Phase::Ready { .. }) => {
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
            (_, Phase::Killed | Phase::Ended | Phase::Down { .. }) => Vec::new(),
            _ => kill(process, instance, Reason::OutOfPhase),
        }
    }

    /// A process's channel has ended, or what came on it was no message.
    pub fn broken(&mut self, instance: Instance, incarnation: u64) -> Vec<Action> {
        match self.present(instance, incarnation) {
            // a role that has said `Drained` closes its channel when it ends
            Some(process) if !matches!(process.phase, Phase::Draining { .. } | Phase::Killed) => {
                kill(process, instance, Reason::Channel)
            }
            _ => Vec::new(),
        }
    }

    /// A process has ended.
    pub fn ended(&mut self, instance: Instance, incarnation: u64, how: Ending, now: Instant) -> Vec<Action> {
        let stage = self.stage;
        let Some(process) = self.present(instance, incarnation) else { return Vec::new() };
        let pid = process.pid.map_or_else(String::new, |pid| format!("[{pid}]"));
        match stage {
            Stage::Over => Vec::new(),
            Stage::Stopping(_) => {
                let asked = matches!(process.phase, Phase::Draining { .. });
                if !asked || how != Ending::Status(0) {
                    tracing::warn!("{instance}{pid} {how}");
                }
                (process.phase, process.pid) = (Phase::Ended, None);
                self.next_wave(now)
            }
            Stage::Starting | Stage::Running => {
                let delay = process.fail(now);
                if stage == Stage::Starting
                    && let Some(exit) = gives_up(how, process.failures)
                {
                    tracing::error!("{instance}{pid} {how}");
                    return self.end(exit);
                }
                tracing::warn!("{instance}{pid} {how}; it is started again in {delay:?}");
                Vec::new()
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
        for instance in &self.order {
            let Some(process) = self.processes.get_mut(instance) else { continue };
            let instance = *instance;
            match &mut process.phase {
                Phase::Down { start_at } if due(*start_at) => {
                    process.begin(now);
                    actions.push(Action::Spawn(instance, process.incarnation));
                }
                Phase::Locking { since } if due(later(*since, LOCKING)) => {
                    actions.extend(kill(process, instance, Reason::Locking));
                }
                Phase::Starting { since, .. } if due(later(*since, starting(instance.role))) => {
                    actions.extend(kill(process, instance, Reason::Starting));
                }
                Phase::Ready { pulse: Pulse { asked: Some(asked), .. }, .. }
                    if due(later(*asked, SILENCE)) =>
                {
                    actions.extend(kill(process, instance, Reason::Silent));
                }
                Phase::Ready { pulse, .. } if pulse.asked.is_none() && due(later(pulse.answered, PING)) => {
                    pulse.asked = Some(now);
                    actions.push(Action::Ping(instance));
                }
                Phase::Draining { until, .. } if due(*until) => {
                    actions.extend(kill(process, instance, Reason::Draining));
                }
                _ => {}
            }
        }
        actions
    }

    /// When [`Supervisor::tick`] has something to do next.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Instant {
        let times = self.processes.iter().filter_map(|(instance, process)| match process.phase {
            Phase::Down { start_at } => Some(start_at),
            Phase::Locking { since } => Some(later(since, LOCKING)),
            Phase::Starting { since, .. } => Some(later(since, starting(instance.role))),
            Phase::Ready { pulse, .. } => {
                Some(pulse.asked.map_or(later(pulse.answered, PING), |asked| later(asked, SILENCE)))
            }
            Phase::Draining { until, .. } => Some(until),
            Phase::Locked { .. } | Phase::Killed | Phase::Ended => None,
        });
        times.min().unwrap_or_else(|| later(now, SILENCE))
    }

    /// The suite is to stop; when that is said again, at once.
    pub fn stop(&mut self, now: Instant) -> Vec<Action> {
        match self.stage {
            Stage::Starting | Stage::Running => {
                for process in self.processes.values_mut() {
                    if let Phase::Down { .. } = process.phase {
                        process.phase = Phase::Ended;
                    }
                }
                self.enter_wave(0, now)
            }
            Stage::Stopping(_) => self.end(Exit::Ok),
            Stage::Over => Vec::new(),
        }
    }

    /// How everybody is.
    pub fn status(&self, uid: impl Fn(Role) -> Option<u32>, now: Instant) -> Vec<ProcessStatus> {
        let of = |instance: &Instance| {
            Some(self.processes.get(instance)?.status(*instance, uid(instance.role), now))
        };
        self.order.iter().filter_map(of).collect()
    }

    /// Is the suite draining, or over?
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        matches!(self.stage, Stage::Stopping(_) | Stage::Over)
    }

    /// Does that process serve?
    #[must_use]
    pub fn is_ready(&self, instance: Instance) -> bool {
        self.processes.get(&instance).is_some_and(|process| matches!(process.phase, Phase::Ready { .. }))
    }

    fn present(&mut self, instance: Instance, incarnation: u64) -> Option<&mut Process> {
        self.processes.get_mut(&instance).filter(|process| process.incarnation == incarnation)
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

    fn enter_wave(&mut self, wave: usize, now: Instant) -> Vec<Action> {
        self.stage = Stage::Stopping(wave);
        let Some((roles, within)) = WAVES.get(wave) else { return self.end(Exit::Ok) };
        let mut actions = Vec::new();
        for instance in self.order.iter().filter(|instance| roles.contains(&instance.role)) {
            let Some(process) = self.processes.get_mut(instance) else { continue };
            let until = later(later(now, *within), GRACE);
            let (layers, pulse) = match process.phase {
                // nothing was asked of it yet
                Phase::Locking { .. } => {
                    actions.extend(kill(process, *instance, Reason::Draining));
                    continue;
                }
                Phase::Locked { layers } | Phase::Starting { layers, .. } => (layers, Pulse::at(now)),
                Phase::Ready { layers, pulse, .. } => (layers, pulse),
                Phase::Down { .. } | Phase::Draining { .. } | Phase::Killed | Phase::Ended => continue,
            };
            process.phase = Phase::Draining { until, layers, pulse };
            actions.push(Action::Drain(*instance, *within));
        }
        actions.extend(self.next_wave(now));
        actions
    }

    /// Goes on when the present wave is through.
    fn next_wave(&mut self, now: Instant) -> Vec<Action> {
        let Stage::Stopping(wave) = self.stage else { return Vec::new() };
        let Some((roles, _)) = WAVES.get(wave) else { return self.end(Exit::Ok) };
        let through = |(instance, process): (&Instance, &Process)| {
            !roles.contains(&instance.role) || process.phase == Phase::Ended
        };
        if self.processes.iter().all(through) {
            self.enter_wave(wave.saturating_add(1), now)
        } else {
            Vec::new()
        }
    }

    fn end(&mut self, exit: Exit) -> Vec<Action> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        self.stage = Stage::Over;
        vec![Action::End(exit)]
    }
}

fn kill(process: &mut Process, instance: Instance, reason: Reason) -> Vec<Action> {
    process.phase = Phase::Killed;
    vec![Action::Kill(instance, reason)]
}

const fn starting(role: Role) -> Duration {
    match role {
        Role::Store => STARTING_STORE,
        _ => STARTING,
    }
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
