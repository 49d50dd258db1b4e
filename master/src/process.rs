//! One process of a role: where it is in its life, as far as the master knows.

use std::time::{Duration, Instant};

use ipc::role::{Instance, Layers};
use ipc::service::admin::{ProcessState, ProcessStatus};

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not there; to be started at that time.
    Down {
        /// When.
        start_at: Instant,
    },
    /// Told who it is; locks itself down.
    Locking {
        /// Since when.
        since: Instant,
    },
    /// Locked down, and has its channels; the others are waited for.
    Locked {
        /// What it said it runs under.
        layers: Layers,
    },
    /// Told to serve.
    Starting {
        /// Since when.
        since: Instant,
        /// What it said it runs under.
        layers: Layers,
    },
    /// Serves.
    Ready {
        /// Since when.
        since: Instant,
        /// What it said it runs under.
        layers: Layers,
        /// Its signs of life.
        pulse: Pulse,
    },
    /// Told to accept nothing more, and to let its sessions go on.
    Retiring {
        /// Told to finish then.
        until: Instant,
        /// What it said it runs under.
        layers: Layers,
        /// Its signs of life.
        pulse: Pulse,
    },
    /// Told to finish.
    Draining {
        /// Killed then.
        until: Instant,
        /// What it said it runs under.
        layers: Layers,
        /// Its signs of life.
        pulse: Pulse,
    },
    /// Killed, but not gone yet.
    Killed,
    /// Gone, and not to be started again.
    Ended,
}

/// A process's signs of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Sessions open.
    pub sessions: u32,
    /// Sessions since it started.
    pub served: u64,
    /// When it was asked what it has not answered.
    pub asked: Option<Instant>,
    /// When it last answered.
    pub answered: Instant,
}

impl Pulse {
    /// Of a process that has just said something.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Pulse { sessions: 0, served: 0, asked: None, answered: now }
    }
}

/// How a process stands to the seat it was started for: a seat is one worker's share of the listening sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// It has the seat: when it ends it is started again.
    Holds,
    /// It gets the seat of that one when it is ready.
    Succeeds(Instance),
    /// It has given it up, and is not started again.
    Leaves,
}

/// One process, and those that were in its place before it.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Which of its role's seats it was started for.
    pub seat: u16,
    /// How it stands to it.
    pub tenure: Tenure,
    /// How often the seat has gone to a successor.
    pub replaced: u32,
    /// It is to be replaced whatever its age.
    pub outgrown: bool,
    /// It is not replaced before.
    pub replace_not_before: Option<Instant>,
    /// It was asked whether it can go on with a new configuration, and has not answered.
    pub owes_answer: bool,
    /// Grows with each start: what an earlier one says is not heard any more.
    pub incarnation: u64,
    /// Its process id, while there is one.
    pub pid: Option<u32>,
    /// When it was started.
    pub started: Option<Instant>,
    /// How often it was started again.
    pub restarts: u32,
    /// How often in a row it ended without having been well.
    pub failures: u32,
    /// When it was last given a channel that it missed.
    pub rewired: Option<Instant>,
    /// Where it is.
    pub phase: Phase,
}

impl Process {
    /// How long a process must have served for its failures to be forgotten.
    pub const HEALTHY: Duration = Duration::from_secs(60);
    const FIRST_DELAY: Duration = Duration::from_millis(100);
    const LONGEST_DELAY: Duration = Duration::from_secs(30);

    /// One that is to be started now, and to hold that seat.
    #[must_use]
    pub fn new(seat: u16, now: Instant) -> Self {
        Process {
            seat,
            tenure: Tenure::Holds,
            replaced: 0,
            outgrown: false,
            replace_not_before: None,
            owes_answer: false,
            incarnation: 0,
            pid: None,
            started: None,
            restarts: 0,
            failures: 0,
            rewired: None,
            phase: Phase::Down { start_at: now },
        }
    }

    /// One that is to be started now, and to have the seat after this one, which is `instance`.
    #[must_use]
    pub fn successor(&self, instance: Instance, now: Instant) -> Self {
        Process {
            tenure: Tenure::Succeeds(instance),
            replaced: self.replaced.saturating_add(1),
            restarts: self.restarts,
            ..Process::new(self.seat, now)
        }
    }

    /// Is it there to be given channels?
    #[must_use]
    pub fn is_wireable(&self) -> bool {
        matches!(
            self.phase,
            Phase::Locked { .. } | Phase::Starting { .. } | Phase::Ready { .. } | Phase::Retiring { .. }
        )
    }

    /// It is being started.
    pub fn begin(&mut self, now: Instant) {
        if self.incarnation > 0 {
            self.restarts = self.restarts.saturating_add(1);
        }
        self.incarnation = self.incarnation.saturating_add(1);
        self.owes_answer = false;
        self.started = Some(now);
        self.phase = Phase::Locking { since: now };
    }

    /// It has ended without being asked to; returns the time until it is started again.
    pub fn fail(&mut self, now: Instant) -> Duration {
        if let Phase::Ready { since, .. } = self.phase
            && now.saturating_duration_since(since) >= Self::HEALTHY
        {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        let doublings = self.failures.saturating_sub(1).min(16);
        let delay = Self::FIRST_DELAY.saturating_mul(1 << doublings).min(Self::LONGEST_DELAY);
        self.pid = None;
        self.phase = Phase::Down { start_at: now.checked_add(delay).unwrap_or(now) };
        delay
    }

    /// As the administrator sees it.
    #[must_use]
    pub fn status(&self, instance: Instance, uid: Option<u32>, now: Instant) -> ProcessStatus {
        let (state, layers, pulse) = match self.phase {
            Phase::Locking { .. } => (ProcessState::Starting, Layers::NONE, None),
            Phase::Locked { layers } | Phase::Starting { layers, .. } => {
                (ProcessState::Starting, layers, None)
            }
            Phase::Ready { layers, pulse, .. } => (ProcessState::Ready, layers, Some(pulse)),
            Phase::Retiring { layers, pulse, .. } => (ProcessState::Retiring, layers, Some(pulse)),
            Phase::Draining { layers, pulse, .. } => (ProcessState::Draining, layers, Some(pulse)),
            Phase::Down { .. } | Phase::Killed | Phase::Ended => (ProcessState::Down, Layers::NONE, None),
        };
        let there = self.started.filter(|_| self.pid.is_some());
        ProcessStatus {
            instance,
            pid: self.pid,
            uid: uid.filter(|_| self.pid.is_some()),
            state,
            restarts: self.restarts,
            replaced: self.replaced,
            uptime: there.map_or(0, |started| now.saturating_duration_since(started).as_secs()),
            sessions: pulse.map_or(0, |pulse| pulse.sessions),
            served: pulse.map_or(0, |pulse| pulse.served),
            layers,
        }
    }
}
