//! `sessions`: `auth`, and only `auth`, opens sessions of accounts at the store.
//!
//! When the store dies its sessions have ended; `auth` opens new ones at the next store. Removing is repeated by
//! `auth` at its next start until it was answered: removing twice is removing once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::{AccountId, Senders};
use crate::rpc::Procedure;
use crate::socket::Kind;

/// How long `auth` waits for a store to be there and to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Requests `auth` may have outstanding.
pub const IN_FLIGHT: usize = 8192;

/// Accounts in one [`SessionsRequest::Create`], or one page of [`SessionsReply::Accounts`].
pub const CREATE_MAX: usize = 1024;

/// The service.
#[derive(Debug)]
pub enum Sessions {}

/// What `auth` asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SessionsRequest {
    /// Accounts that `auth` has minted: set them up (INBOX and the special-use mailboxes). Those that are there already
    /// stay as they are; those that were removed are passed over ([`SessionsReply::Removed`] if all were). No mail can be delivered to an account the store was not told of.
    Create {
        /// Which; at most [`CREATE_MAX`].
        accounts: Vec<AccountId>,
    },
    /// The accounts there are, by rising id, a page from behind `after`: `auth` finds out whether it knows them all.
    Accounts {
        /// The last account of the page before; 0 at first.
        after: AccountId,
    },
    /// A mailbox session; an account the store does not know yet is set up first.
    OpenMailbox {
        /// Whose.
        account: AccountId,
    },
    /// A mailbox session for an administrator who brings mail along, with what only such a session may ask
    /// ([`Import`](super::mailbox::MailboxRequest::Import), [`Adopt`](super::mailbox::MailboxRequest::Adopt)).
    OpenImport {
        /// Whose.
        account: AccountId,
    },
    /// A submit session, which can send as these and nobody else; an account the store does not know yet is set up first.
    OpenSubmit {
        /// Whose.
        account: AccountId,
        /// Whom it may send as.
        senders: Senders,
    },
    /// End every session of the account (its password was changed, or it was locked).
    Revoke {
        /// Whose.
        account: AccountId,
    },
    /// Remove the account with all its mail, for good.
    Remove {
        /// Which.
        account: AccountId,
    },
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionsReply {
    /// The session's far end comes with it.
    Opened,
    /// Done, and durable.
    Done,
    /// A page of accounts, at most [`CREATE_MAX`]; the last one when there are fewer.
    Accounts(Vec<AccountId>),
    /// The account was removed; it never comes back.
    Removed,
    /// Not now (too many sessions, disk full).
    Unavailable,
}

impl Procedure for Sessions {
    type Request = SessionsRequest;
    type Reply = SessionsReply;
    const IN_FLIGHT: usize = IN_FLIGHT;

    fn reply_descriptors(reply: &SessionsReply) -> &'static [Kind] {
        match reply {
            SessionsReply::Opened => &[Kind::Channel],
            SessionsReply::Done
            | SessionsReply::Accounts(_)
            | SessionsReply::Removed
            | SessionsReply::Unavailable => &[],
        }
    }
}
