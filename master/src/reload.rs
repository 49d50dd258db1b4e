//! A reload, from the wish for it to its outcome: the configuration is read and everything new is opened, then every role
//! is asked, then all go on with it or none does.

use std::time::Instant;

use ipc::exit::{Exit, Failure};
use ipc::role::Instance;
use ipc::rpc::Responder;
use ipc::service::admin::{MasterAdmin, MasterReply, WHY_MAX};
use ipc::service::control::ToRole;

use crate::candidate::Candidate;
use crate::perform::Roles;
use crate::supervise::{Action, Asking, No, NotNow, Supervisor};

/// Who wants it.
pub enum Asker {
    /// Whoever sent SIGHUP: the log tells what came of it.
    Signal,
    /// Whoever ran `bulkhead reload`, and waits.
    Administrator(Responder<MasterAdmin>),
}

/// The reload that is under way.
pub enum Reload {
    /// There is none.
    None,
    /// The roles are being asked.
    Asking(Box<Candidate>, Asker),
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reload::None => "None",
            Reload::Asking(..) => "Asking(…)",
        })
    }
}

impl Roles {
    /// Reads the configuration again, and asks everybody. Nothing has changed when that fails.
    pub fn begin_reload(&mut self, asker: Asker, supervisor: &mut Supervisor) -> Vec<Action> {
        let begun = supervisor.can_ask().map_err(not_now).and_then(|()| self.prepared.candidate()).and_then(
            |candidate| match supervisor.ask(Instant::now()) {
                Asking::Begun(actions) => Ok((candidate, actions)),
                Asking::NotNow(why) => Err(not_now(why)),
            },
        );
        match begun {
            Ok((candidate, actions)) => {
                self.reload = Reload::Asking(Box::new(candidate), asker);
                actions
            }
            Err(failure) => {
                asker.refused(&failure);
                Vec::new()
            }
        }
    }

    /// Asks one role.
    pub(crate) fn prepare(
        &mut self,
        instance: Instance,
        supervisor: &mut Supervisor,
        queue: &mut Vec<Action>,
    ) {
        let Reload::Asking(candidate, _) = &self.reload else { return };
        match candidate.preparation(instance.role) {
            Ok((preparation, descriptors)) => {
                let message = ToRole::Prepare(Box::new(preparation));
                self.tell(instance, message, descriptors, supervisor, queue);
            }
            Err(error) => {
                tracing::error!("{instance} cannot be asked: {error}");
                self.lose(instance, supervisor, queue);
            }
        }
    }

    /// Everybody has been asked.
    pub(crate) fn settle(
        &mut self,
        outcome: Result<(), No>,
        supervisor: &mut Supervisor,
        queue: &mut Vec<Action>,
    ) {
        let Reload::Asking(candidate, asker) = std::mem::replace(&mut self.reload, Reload::None) else {
            return;
        };
        if let Err(no) = outcome {
            let exit = if matches!(no, No::Refused(..)) { Exit::Config } else { Exit::TempFail };
            return asker.refused(&Failure::new(exit, candidate.refused(&no)));
        }
        let outgrown = self.prepared.adopt(*candidate);
        let now = Instant::now();
        let (generation, _) = self.generation;
        self.generation = (generation.saturating_add(1), now);
        queue.extend(supervisor.commit(
            &self.prepared.seats(),
            self.prepared.config.turnover,
            &outgrown,
            now,
        ));
        asker.reloaded(self.generation.0);
    }
}

impl Asker {
    fn reloaded(self, generation: u32) {
        tracing::info!("reloaded: configuration {generation} is in force");
        if let Asker::Administrator(responder) = self {
            responder.reply(MasterReply::Reloaded { generation }, Vec::new());
        }
    }

    fn refused(self, failure: &Failure) {
        for line in failure.message.lines() {
            tracing::error!("not reloaded: {line}");
        }
        if let Asker::Administrator(responder) = self {
            let why = failure.message.chars().take(WHY_MAX / 4).collect();
            let reply = MasterReply::NotReloaded { exit: failure.exit as u8, why };
            responder.reply(reply, Vec::new());
        }
    }
}

fn not_now(why: NotNow) -> Failure {
    Failure::new(Exit::TempFail, format!("{why}; try again"))
}
