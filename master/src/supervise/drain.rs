//! The end of the suite: who waits for somebody drains before the one waited for.

use std::time::{Duration, Instant};

use ipc::exit::Exit;
use ipc::role::{Instance, Role};

use super::{Action, GRACE, No, Reason, Stage, Supervisor, later};
use crate::process::{Phase, Process, Pulse};

/// How long readers have to finish what is under way.
pub(super) const READERS: Duration = Duration::from_secs(10);

/// Who drains at once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wave {
    /// Every role that listens: no connection is accepted from here on.
    Readers,
    /// That one.
    Only(Role),
}

impl Wave {
    pub(super) fn has(self, role: Role) -> bool {
        match self {
            Wave::Readers => role.is_reader(),
            Wave::Only(only) => role == only,
        }
    }
}

/// Who drains after whom, and in what time.
pub(super) const WAVES: [(Wave, Duration); 4] = [
    (Wave::Readers, READERS),
    (Wave::Only(Role::Auth), Duration::from_secs(5)),
    (Wave::Only(Role::Keys), Duration::from_secs(5)),
    (Wave::Only(Role::Store), Duration::from_secs(15)),
];

impl Supervisor {
    /// The suite is to stop; when that is said again, at once.
    pub fn stop(&mut self, now: Instant) -> Vec<Action> {
        match self.stage {
            Stage::Starting | Stage::Running => {
                for process in self.processes.values_mut() {
                    if let Phase::Down { .. } = process.phase {
                        process.phase = Phase::Ended;
                    }
                }
                let mut actions = self.give_up_round(No::Stopping);
                actions.extend(self.enter_wave(0, now));
                actions
            }
            Stage::Stopping(_) => self.end(Exit::Ok),
            Stage::Over => Vec::new(),
        }
    }

    /// Is the suite draining, or over?
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        matches!(self.stage, Stage::Stopping(_) | Stage::Over)
    }

    fn enter_wave(&mut self, wave: usize, now: Instant) -> Vec<Action> {
        self.stage = Stage::Stopping(wave);
        let Some((roles, within)) = WAVES.get(wave) else { return self.end(Exit::Ok) };
        let of_wave = |instance: &Instance| roles.has(instance.role);
        let instances: Vec<_> = self.order.iter().copied().filter(of_wave).collect();
        let mut actions = Vec::new();
        for instance in instances {
            actions.extend(self.drain(instance, *within, now));
        }
        actions.extend(self.next_wave(now));
        actions
    }

    fn drain(&mut self, instance: Instance, within: Duration, now: Instant) -> Vec<Action> {
        let Some(process) = self.processes.get_mut(&instance) else { return Vec::new() };
        let until = later(later(now, within), GRACE);
        let (layers, pulse, until) = match process.phase {
            // nothing was asked of it yet
            Phase::Locking { .. } => return self.kill(instance, Reason::Draining),
            Phase::Locked { layers } | Phase::Starting { layers, .. } => (layers, Pulse::at(now), until),
            Phase::Ready { layers, pulse, .. } | Phase::Retiring { layers, pulse, .. } => {
                (layers, pulse, until)
            }
            // a worker that leaves has been told a time of its own
            Phase::Draining { layers, pulse, until: own } => (layers, pulse, own.min(until)),
            Phase::Down { .. } | Phase::Killed | Phase::Ended => return Vec::new(),
        };
        process.phase = Phase::Draining { until, layers, pulse };
        vec![Action::Drain(instance, within)]
    }

    /// Goes on when the present wave is through.
    pub(super) fn next_wave(&mut self, now: Instant) -> Vec<Action> {
        let Stage::Stopping(wave) = self.stage else { return Vec::new() };
        let Some((roles, _)) = WAVES.get(wave) else { return self.end(Exit::Ok) };
        let through = |(instance, process): (&Instance, &Process)| {
            !roles.has(instance.role) || process.phase == Phase::Ended
        };
        if self.processes.iter().all(through) {
            self.enter_wave(wave.saturating_add(1), now)
        } else {
            Vec::new()
        }
    }
}
