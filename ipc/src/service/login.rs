//! `login`: a reader asks `auth` whether a password is right, and gets the session descriptor that `auth` had opened.
//!
//! SASL and base64 were parsed by the reader; what arrives here is typed. The kind of session follows from the role
//! of the channel, not from the request. When `auth` dies the client asks the next one, once, within [`PATIENCE`]: a
//! login changes nothing.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::{AccountId, Password, Senders};
use crate::rpc::Procedure;
use crate::socket::Kind;

/// How long a client waits for `auth` to be there and to answer.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes of a login name.
pub const LOGIN_MAX: usize = 320;
/// The most bytes of a password.
pub const PASSWORD_MAX: usize = 1024;
/// Logins a worker may have outstanding.
pub const IN_FLIGHT: usize = 4096;

/// The service.
#[derive(Debug)]
pub enum Login {}

/// Is this the password?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The login name as the user typed it, at most [`LOGIN_MAX`] bytes: an address, or a local part of the first domain.
    pub login: String,
    /// At most [`PASSWORD_MAX`] bytes.
    pub password: Password,
    /// Where the connection came from: for the record, and to slow down guessing.
    pub remote: IpAddr,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginReply {
    /// Yes; comes with the session's channel.
    Welcome {
        /// Whose session it is, for the reader's log only: no request ever names it.
        account: AccountId,
        /// For a submission session: whom the user may send as, for a clear answer to MAIL; the store holds it to the same.
        senders: Senders,
    },
    /// Too many wrong ones came from there: this one was not looked at, and none will be for that long.
    Blocked {
        /// Seconds.
        seconds: u32,
    },
    /// Unknown user or wrong password: the same answer after the same time.
    Denied,
    /// Not now: too many are waiting, or the store is away.
    Unavailable,
}

impl Procedure for Login {
    type Request = LoginRequest;
    type Reply = LoginReply;
    const IN_FLIGHT: usize = IN_FLIGHT;

    fn reply_descriptors(reply: &LoginReply) -> &'static [Kind] {
        match reply {
            LoginReply::Welcome { .. } => &[Kind::Channel],
            LoginReply::Blocked { .. } | LoginReply::Denied | LoginReply::Unavailable => &[],
        }
    }
}
