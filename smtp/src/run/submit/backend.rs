//! Performs what a session asks: logins and look-ups at `auth`, the message at the store.

use std::rc::Rc;

use ipc::mail::{AccountId, Password, TransactionId};
use ipc::service::outcome::{self, OutcomeReply};
use ipc::service::submit::{Delivered, Submission, SubmitClient, SubmitEnd};
use listener::connection::{Caller, Connection};
use listener::login::{self, Verdict as LoginVerdict};
use listener::session::Backend;

use super::super::directory::look_up;
use super::super::message::{self, Present};
use super::Peers;
use crate::proto::{self, Answer, Ask, Begin, Begun, Commit, Failure, ForwardPath, Login, Outcome, Verdict};

const _: () = assert!(proto::MAX_TARGETS <= ipc::service::submit::TARGETS_MAX);

/// What performs the questions of one connection.
#[derive(Debug)]
pub(in crate::run) struct SubmitBackend {
    peers: Rc<Peers>,
    caller: Caller,
    user: Option<User>,
    present: Present,
    submission: Option<Submission>,
}

/// Who has logged in.
#[derive(Debug)]
struct User {
    /// For the log.
    account: AccountId,
    store: SubmitClient,
}

impl SubmitBackend {
    /// For a connection on which nobody is logged in.
    pub(super) fn new(peers: Rc<Peers>, connection: &Connection) -> Self {
        SubmitBackend {
            peers,
            caller: connection.caller(),
            user: None,
            present: Present::default(),
            submission: None,
        }
    }

    async fn log_in(&mut self, login: String, password: Password) -> Login {
        match login::ask(&self.peers.login, &self.caller, login, password).await {
            LoginVerdict::Welcome { account, senders, channel } => match SubmitClient::start(channel) {
                Ok(store) => {
                    self.user = Some(User { account, store });
                    Login::Welcome(senders)
                }
                Err(error) => {
                    tracing::error!(connection = %self.caller.id, %error, "the session's channel is of no use");
                    Login::Unavailable
                }
            },
            LoginVerdict::Denied => Login::Denied,
            LoginVerdict::Blocked => Login::Blocked,
            LoginVerdict::Unavailable => Login::Unavailable,
        }
    }

    async fn recipient(&mut self, count: u32, address: &ForwardPath) -> Verdict {
        match self.present.id(count) {
            Some(id) => look_up(&self.peers.directory, id, address).await,
            None => Verdict::TemporaryFailure,
        }
    }

    async fn begin(&mut self, begin: &Begin) -> Result<Begun, Failure> {
        let id = self.present.id(begin.transaction).ok_or(Failure::Temporary)?;
        let connection = self.caller.id;
        let User { account, store } = self.user.as_ref().ok_or(Failure::Ended)?;
        if store.is_gone() {
            return Err(Failure::Ended);
        }
        let submission = store.begin(id).await.map_err(|error| {
            tracing::warn!(%id, %connection, %error, "the store takes no message");
            if store.is_gone() { Failure::Ended } else { Failure::Temporary }
        })?;
        tracing::debug!(
            %id, %connection, account = account.0, from = %begin.reverse_path, targets = begin.targets, "message begins"
        );
        self.submission = Some(submission);
        Ok(message::begun(id))
    }

    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(submission) = &mut self.submission else { return Err(Failure::Temporary) };
        match submission.chunk(bytes).await {
            Ok(()) => Ok(()),
            Err(why) => {
                self.submission = None;
                Err(message::failure(why))
            }
        }
    }

    async fn commit(&mut self, commit: Commit) -> Outcome {
        let (Some(submission), Some(id)) = (self.submission.take(), self.present.end()) else {
            return Outcome::Refused(Failure::Temporary);
        };
        let Commit { targets, end, scanned, size } = commit;
        let targets = targets.into_iter().map(message::wire_target).collect();
        let end = SubmitEnd { targets, structure: message::structure(id, &scanned), ..end };
        let (local, remote) = (end.targets.len(), end.remote.len());
        let delivered = match submission.commit(end).await {
            Some(delivered) => Some(delivered),
            None => self.ask_next(id).await,
        };
        let account = self.user.as_ref().map(|user| user.account.0);
        tracing::info!(
            %id, connection = %self.caller.id, client = %self.caller.remote, account, bytes = size, local, remote,
            outcome = message::word(delivered), "message ends"
        );
        message::outcome(delivered)
    }

    /// The store went away with the session; the next one knows whether the message had become durable.
    async fn ask_next(&self, id: TransactionId) -> Option<Delivered> {
        outcome::ask(&self.peers.outcomes, id).await.map(|reply| match reply {
            OutcomeReply::Stored => Delivered::Stored,
            OutcomeReply::NotStored => Delivered::NotStored,
        })
    }
}

impl Backend for SubmitBackend {
    type Ask = Ask;
    type Answer = Answer;

    async fn perform(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Login { login, password } => Answer::Login(self.log_in(login, password).await),
            Ask::Recipient { transaction, address } => {
                Answer::Recipient(self.recipient(transaction, &address).await)
            }
            Ask::Begin(begin) => Answer::Begin(self.begin(&begin).await),
            Ask::Chunk(bytes) => Answer::Chunk(self.chunk(&bytes).await),
            Ask::Commit(commit) => Answer::Commit(self.commit(*commit).await),
            Ask::Abort => {
                self.submission = None;
                self.present.end();
                Answer::Abort
            }
        }
    }
}

#[cfg(test)]
mod tests;
