//! What a session asks of the other compartments, and what they answer.

use ipc::mail::{AccountId, Password, Uid};
use ipc::service::mailbox::{Foreseen, MailboxReply, MailboxRequest};

/// A question.
#[derive(Debug)]
pub enum Ask {
    /// Is this the password, and may the account's mailboxes be had? → [`Answer::Login`]
    Login {
        /// The login name as the user typed it.
        login: String,
        /// The password.
        password: Password,
    },
    /// Anything that the store answers with one frame. → [`Answer::Reply`]
    Request(MailboxRequest),
    /// The next frame of an answer that takes several ([`MailboxReply::Flagged`] with `more`). → [`Answer::Reply`]
    More,
    /// A run of a message's bytes. → [`Answer::Reply`] with [`MailboxReply::Body`], then [`Ask::Chunk`] until all is there
    Body {
        /// Which message.
        uid: Uid,
        /// From.
        offset: u32,
        /// How many bytes.
        length: u32,
    },
    /// The next piece of that run. → [`Answer::Chunk`]
    Chunk,
    /// Nothing yet: this is what will be asked soon, in this order, so that it can be on its way by then. → [`Answer::Taken`]
    Soon(Vec<Foreseen>),
    /// Is the store still there? → [`Answer::Quiet`] when it is
    Alive,
}

/// An answer.
#[derive(Debug)]
pub enum Answer {
    /// To [`Ask::Login`].
    Login(LoginOutcome),
    /// What the store says.
    Reply(MailboxReply),
    /// Nothing to report.
    Quiet,
    /// Bytes of a message.
    Chunk(Vec<u8>),
    /// To [`Ask::Soon`].
    Taken,
    /// The store is gone, and the mailbox session with it.
    Lost,
}

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The session is this account's.
    Welcome(AccountId),
    /// Unknown user or wrong password.
    Denied,
    /// Too many of those came from there.
    Blocked,
    /// Not now.
    Unavailable,
}
