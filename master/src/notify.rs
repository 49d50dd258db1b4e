//! What systemd is told (sd_notify(3)). Without NOTIFY_SOCKET in the environment, nothing.

use std::time::Duration;

use ipc::service::admin::{ProcessState, ProcessStatus};
use sd_notify::NotifyState;

/// Tells systemd how the suite is.
#[derive(Debug, Default)]
pub struct Notifier {
    status: String,
}

impl Notifier {
    /// All roles serve.
    pub fn ready(&mut self) {
        say(&[NotifyState::Ready]);
    }

    /// The suite drains.
    pub fn stopping(&mut self) {
        say(&[NotifyState::Stopping]);
    }

    /// The master lives.
    pub fn alive(&self) {
        say(&[NotifyState::Watchdog]);
    }

    /// How everybody is, when it has changed.
    pub fn status(&mut self, processes: &[ProcessStatus]) {
        let status = sentence(processes);
        if status != self.status {
            say(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }
}

/// How often systemd wants to hear that the master lives: twice in the time it waits.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().and_then(|time| time.checked_div(2)).filter(|half| !half.is_zero())
}

fn say(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::debug!(%error, "systemd was not told");
    }
}

fn sentence(processes: &[ProcessStatus]) -> String {
    let away: Vec<String> = processes
        .iter()
        .filter(|process| !matches!(process.state, ProcessState::Ready | ProcessState::Retiring))
        .map(|process| process.instance.to_string())
        .collect();
    let ready = processes.len().saturating_sub(away.len());
    if away.is_empty() {
        format!("{ready} processes serve")
    } else {
        format!("{ready} of {} processes serve; not {}", processes.len(), away.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ipc::role::{Instance, Role};

    use super::*;
    use crate::process::{Phase, Process, Pulse};

    #[test]
    fn the_sentence_names_who_is_away() {
        let now = Instant::now();
        let row = |role, phase| {
            let process = Process { phase, ..Process::new(0, now) };
            process.status(Instance { role, worker: 0 }, None, now)
        };
        let layers = ipc::role::Layers::NONE;
        let ready = row(Role::Keys, Phase::Ready { since: now, layers, pulse: Pulse::at(now) });
        assert_eq!(sentence(std::slice::from_ref(&ready)), "1 processes serve");
        let away = row(Role::Mx, Phase::Killed);
        assert_eq!(sentence(&[ready, away]), "1 of 2 processes serve; not mx/0");
    }
}
