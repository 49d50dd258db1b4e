//! What a session asks of the other compartments, and what they answer.

use ipc::mail::{AccountId, ModSeq, Password, TransactionId, Uid};
use ipc::service::mailbox::{Foreseen, MailboxReply, MailboxRequest};

use super::work::{Product, Work};

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
    /// The next frame of an answer that takes several ([`MailboxReply::Flagged`] or [`MailboxReply::Copied`] with `more`). → [`Answer::Reply`]
    More,
    /// What changed in the selected mailbox. → [`Answer::Reply`] with [`MailboxReply::Changes`], or [`Answer::Quiet`]
    News {
        /// What the client has been told already.
        since: ModSeq,
        /// When to look.
        look: Look,
    },
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
    /// Open a message at the store. → [`Answer::Begun`]
    Begin,
    /// The next bytes of it. → [`Answer::Taken`]
    Piece(Vec<u8>),
    /// Ends it, by [`MailboxRequest::Commit`] or [`MailboxRequest::Abort`]. → [`Answer::Reply`]
    Finish(MailboxRequest),
    /// Work on the bytes of a message. → [`Answer::Product`], or [`Answer::Panicked`]
    Work(Work),
    /// Is the store still there? → [`Answer::Quiet`] when it is
    Alive,
}

/// When to ask the store for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// In any case.
    Always,
    /// When the store has said that there are some.
    IfDirty,
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
    /// Bytes of a message; empty at the end of the run.
    Chunk(Vec<u8>),
    /// A message is open under this id.
    Begun(TransactionId),
    /// The bytes are on their way; or what will be asked soon is.
    Taken,
    /// To [`Ask::Work`].
    Product(Product),
    /// To [`Ask::Work`]: it panicked.
    Panicked,
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
    /// Too many wrong passwords came from there: this one was not looked at.
    Blocked,
    /// Not now.
    Unavailable,
}
