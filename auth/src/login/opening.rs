//! Opening the session of somebody whose password was right.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use ipc::Role;
use ipc::mail::Senders;
use ipc::service::sessions::{self, SessionsReply, SessionsRequest};
use tokio::sync::OwnedSemaphorePermit;

use super::{Outcome, Worker, find, unreadable};
use crate::database::Account;
use crate::senders::senders;

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

/// Opens the session, if the account is still what the password was checked against.
pub(super) async fn open(worker: &Worker, address: &str, account: Account) -> Outcome {
    const GONE: Outcome = Outcome::Denied(Duration::ZERO);
    let auth = &worker.auth;
    let Ok(door) = Arc::clone(&worker.doors).acquire_owned().await else {
        return Outcome::PutOff("no session is to be had");
    };
    match find(auth, Some(address)) {
        Ok(Some(now)) if now == account => {}
        Ok(_) => return GONE,
        Err(outcome) => return outcome,
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
        Ok((SessionsReply::Opened, channel)) => Outcome::Welcome(Welcome { account, senders, channel, door }),
        Ok((SessionsReply::Removed, _)) => GONE,
        Ok((SessionsReply::Done | SessionsReply::Accounts(_) | SessionsReply::Unavailable, _)) => {
            Outcome::PutOff("the store opens no session now")
        }
        Err(_) => Outcome::PutOff("the store is away"),
    }
}
