//! `bulkhead-master run`: from the configuration to the end of the last role.

use std::path::Path;
use std::time::Instant;

use ipc::exit::{Exit, Failure};
use ipc::role::{Instance, Role};
use ipc::rpc::Responder;
use ipc::service::admin::{MasterAdmin, MasterReply, SuiteStatus};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::admin::Asked;
use crate::forward::Forwarder;
use crate::notify::{self, Notifier};
use crate::perform::{REAPING, Roles};
use crate::prepare::Prepared;
use crate::reload::Asker;
use crate::spawn::{Report, Reported};
use crate::supervise::{Action, Supervisor};

/// Reports and questions that may wait for the main loop.
const WAITING: usize = 256;

/// Runs an instance until it is told to stop, or cannot start.
///
/// # Errors
/// Why it did not start; a role that cannot start has said why on standard error or in the journal.
pub fn run(config: &Path) -> Result<Exit, Failure> {
    let prepared = Prepared::from_file(config)?;
    sandbox::restrict_master(prepared.duties())
        .map_err(|error| Failure::system("lock-down of the master", error))?;
    ipc::log::start(prepared.log, Instance { role: Role::Master, worker: 0 })?;
    prepared.notes.iter().for_each(|note| tracing::warn!("{note}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system("runtime", error))?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let signals = Signals::catch().map_err(|error| Failure::system("signals", error))?;
        let forwarder = Forwarder::start()?;
        let outcome = match Master::new(prepared) {
            Ok(master) => Ok(master.supervise(signals, &forwarder).await),
            Err(error) => Err(Failure::system("administrators' sockets", error)),
        };
        forwarder.finish().await;
        outcome
    })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

struct Master {
    roles: Roles,
    supervisor: Supervisor,
    notifier: Notifier,
    reports: mpsc::Receiver<Reported>,
    asked: mpsc::Receiver<Asked>,
    // keeps the channel open should both sockets fail
    _asking: mpsc::Sender<Asked>,
}

impl Master {
    fn new(mut prepared: Prepared) -> std::io::Result<Self> {
        let (asking, asked) = mpsc::channel(WAITING);
        prepared.sockets.serve(&asking)?;
        let supervisor = Supervisor::new(&prepared.seats(), prepared.config.turnover, Instant::now());
        let (reporting, reports) = mpsc::channel(WAITING);
        let roles = Roles::new(prepared, reporting);
        Ok(Master { roles, supervisor, notifier: Notifier::default(), reports, asked, _asking: asking })
    }

    async fn supervise(mut self, mut signals: Signals, forwarder: &Forwarder) -> Exit {
        let mut watchdog = notify::watchdog_interval().map(tokio::time::interval);
        let mut actions = Vec::new();
        let exit = loop {
            actions.extend(self.supervisor.tick(Instant::now()));
            if let Some(exit) = self.perform(&mut actions, forwarder) {
                break exit;
            }
            self.notifier.status(&self.supervisor.status(|_| None, Instant::now()));
            let wake_at = self.supervisor.wake_at(Instant::now()).into();
            tokio::select! {
                Some(report) = self.reports.recv() => self.hear(report, &mut actions),
                Some(asked) = self.asked.recv() => self.answer(asked, &mut actions),
                _ = signals.terminate.recv() => self.stop("SIGTERM", &mut actions),
                _ = signals.interrupt.recv() => self.stop("SIGINT", &mut actions),
                _ = signals.hangup.recv() => {
                    actions.extend(self.roles.begin_reload(Asker::Signal, &mut self.supervisor));
                }
                () = beat(watchdog.as_mut()) => self.notifier.alive(),
                () = tokio::time::sleep_until(wake_at) => {}
            }
        };
        self.reap().await;
        exit
    }

    fn perform(&mut self, actions: &mut Vec<Action>, forwarder: &Forwarder) -> Option<Exit> {
        while !actions.is_empty() {
            for action in std::mem::take(actions) {
                let outputs = (forwarder, &mut self.notifier);
                let ends = self.roles.perform(action, &mut self.supervisor, outputs, actions);
                if ends.is_some() {
                    return ends;
                }
            }
        }
        None
    }

    fn hear(&mut self, (instance, incarnation, report): Reported, actions: &mut Vec<Action>) {
        let now = Instant::now();
        actions.extend(match report {
            Report::Said(said) => self.supervisor.heard(instance, incarnation, said, now),
            Report::Broken => self.supervisor.broken(instance, incarnation),
            Report::Ended(how) => {
                self.roles.forget(instance, incarnation);
                self.supervisor.ended(instance, incarnation, how, now)
            }
        });
    }

    fn answer(&mut self, asked: Asked, actions: &mut Vec<Action>) {
        match asked {
            Asked::Status(responder) => self.tell_status(responder),
            Asked::Reload(responder) => {
                let asker = Asker::Administrator(responder);
                actions.extend(self.roles.begin_reload(asker, &mut self.supervisor));
            }
            Asked::Stop if self.supervisor.is_stopping() => {}
            Asked::Stop => self.stop("an administrator", actions),
            Asked::Role(role, permission, connection) => {
                self.roles.hand_on(role, permission, connection, &mut self.supervisor, actions);
            }
        }
    }

    fn tell_status(&self, responder: Responder<MasterAdmin>) {
        let processes = self.supervisor.status(|role| self.roles.uid(role), Instant::now());
        let (generation, since) = self.roles.generation;
        let in_force = since.elapsed().as_secs();
        let status = SuiteStatus { generation, in_force, processes };
        responder.reply(MasterReply::Status(status), Vec::new());
    }

    fn stop(&mut self, who: &str, actions: &mut Vec<Action>) {
        tracing::info!("stopping: {who}");
        self.notifier.stopping();
        actions.extend(self.supervisor.stop(Instant::now()));
    }

    /// Kills who is left, and waits until they are gone.
    async fn reap(&mut self) {
        self.roles.kill_all();
        let gone = async {
            while !self.roles.is_empty() {
                match self.reports.recv().await {
                    Some((instance, incarnation, Report::Ended(_))) => {
                        self.roles.forget(instance, incarnation)
                    }
                    Some(_) => {}
                    None => return,
                }
            }
        };
        let _ = tokio::time::timeout(REAPING, gone).await;
    }
}

/// The next beat for systemd's watchdog; never, when there is none.
async fn beat(watchdog: Option<&mut tokio::time::Interval>) {
    match watchdog {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
