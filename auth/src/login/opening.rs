//! Opening the session of somebody whose password was right.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use ipc::Role;
use ipc::mail::Senders;
use ipc::service::sessions::{self, SessionsReply, SessionsRequest};
use tokio::sync::OwnedSemaphorePermit;

use super::{Outcome, Worker, find, unreadable};
use crate::auth::Auth;
use crate::database::Account;
use crate::senders::senders;

/// What the password was checked against is not there any more.
const GONE: Outcome = Outcome::Denied(Duration::ZERO);

/// What a worker's logins bring. It follows from whose channel it is: no request can ask for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// To read and change mail.
    Mailbox,
    /// To send mail.
    Submit,
}

impl Session {
    /// Of that role's channel.
    #[must_use]
    pub fn of(role: Role) -> Self {
        if role == Role::Submission { Session::Submit } else { Session::Mailbox }
    }
}

/// A session that was opened.
#[derive(Debug)]
pub(super) struct Welcome {
    pub(super) account: Account,
    /// For sessions that send.
    pub(super) senders: Senders,
    pub(super) channel: Vec<OwnedFd>,
    pub(super) door: OwnedSemaphorePermit,
}

/// Opens the session, if the account is still what the password was checked against: before, and when it is open. Whose
/// password is changed in between has its sessions ended, but a store that is away may be asked for that first.
pub(super) async fn open(worker: &Worker, address: &str, account: Account) -> Outcome {
    let auth = &worker.auth;
    let doors = Arc::clone(&worker.doors).acquire_owned();
    let Ok(Ok(door)) = tokio::time::timeout(sessions::PATIENCE, doors).await else {
        return Outcome::PutOff("no session is to be had");
    };
    if let Err(outcome) = unchanged(auth, address, &account) {
        return outcome;
    }
    let (request, senders) = match worker.session {
        Session::Mailbox => (SessionsRequest::OpenMailbox { account: account.id }, Senders::default()),
        Session::Submit => match senders(&auth.database, address) {
            Ok(senders) => {
                let bound = senders.clone();
                (SessionsRequest::OpenSubmit { account: account.id, senders: bound }, senders)
            }
            Err(error) => return unreadable(&error),
        },
    };
    match auth.store.sessions.insist(sessions::PATIENCE, request).await {
        Ok((SessionsReply::Opened, channel)) => match unchanged(auth, address, &account) {
            Ok(()) => Outcome::Welcome(Welcome { account, senders, channel, door }),
            Err(outcome) => outcome,
        },
        Ok((SessionsReply::Removed, _)) => GONE,
        Ok((SessionsReply::Done | SessionsReply::Accounts(_) | SessionsReply::Unavailable, _)) => {
            Outcome::PutOff("the store opens no session now")
        }
        Err(_) => Outcome::PutOff("the store is away"),
    }
}

fn unchanged(auth: &Auth, address: &str, account: &Account) -> Result<(), Outcome> {
    match find(auth, Some(address))? {
        Some(now) if now == *account => Ok(()),
        _ => Err(GONE),
    }
}
