//! Where a session stands, RFC 1939 section 3, and what it does next.

use ipc::service::mailbox::MailboxReply;

use super::ask::{Answer, Ask};
use super::listing::Listing;
use super::maildrop::Maildrop;
use super::opening::Opening;
use super::transfer::Transfer;
use super::update::Update;

/// Where a session stands.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing was said yet.
    Greeting,
    /// The AUTHORIZATION state.
    Authorization(Naming),
    /// STLS was granted.
    StartTls,
    /// TLS is being negotiated.
    Securing,
    /// The password is being checked, then the maildrop looked through.
    Opening(Box<Opening>),
    /// The TRANSACTION state.
    Transaction(Box<Maildrop>),
    /// In it, and it is to be asked whether the store is still there.
    Noticed(Box<Maildrop>),
    /// In it, and that is being asked.
    Probing(Box<Maildrop>),
    /// In it, a list is being told.
    Listing(Box<Maildrop>, Listing),
    /// In it, a message is being sent.
    Sending(Box<Maildrop>, Box<Transfer>),
    /// The UPDATE state.
    Updating(Box<Update>),
    /// All is said.
    Closed,
}

/// How far a login is.
#[derive(Debug)]
pub(super) enum Naming {
    Nobody,
    /// USER was said.
    Named(String),
    /// A response of PLAIN is awaited.
    Sasl,
}

/// What something that takes several steps wants next.
#[derive(Debug)]
pub(super) enum Turn<T> {
    /// An answer.
    Ask(Ask),
    /// That its output is sent.
    Flush,
    /// Nothing more.
    Done(T),
}

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The store is gone, and the mailbox session with it.
    Lost,
    /// The same, or the message is, in the middle of a reply, which cannot be finished.
    Within,
    /// An answer to what was not asked: a mistake of ours.
    OutOfPhase,
}

/// The store's reply, or why there is none.
pub(super) fn reply(answer: Option<Answer>) -> Result<MailboxReply, Fault> {
    match answer {
        Some(Answer::Reply(reply)) => Ok(reply),
        Some(Answer::Lost) => Err(Fault::Lost),
        _ => Err(Fault::OutOfPhase),
    }
}
