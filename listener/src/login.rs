//! Logging in, the same for every protocol with mailboxes: `auth` is asked, and the session's channel comes with its yes.

use std::net::IpAddr;

use ipc::mail::{AccountId, Password};
use ipc::rpc::{Client, Link};
use ipc::service::login::{Login, LoginReply, LoginRequest, PATIENCE};
use ipc::service::mailbox::MailboxClient;

use crate::connection::ConnectionId;

/// What came of a login.
#[derive(Debug)]
pub enum LoggedIn {
    /// The account, for the log, and its mailboxes.
    Welcome(AccountId, Box<MailboxClient>),
    /// Unknown user or wrong password.
    Denied,
    /// Not now.
    Unavailable,
}

/// Asks `auth`, waiting for one to be there for [`PATIENCE`].
pub async fn log_in(
    auth: &Link<Client<Login>>,
    connection: ConnectionId,
    remote: IpAddr,
    login: String,
    password: Password,
) -> LoggedIn {
    let request = LoginRequest { login, password, remote };
    let (account, channel) = match auth.insist(PATIENCE, request).await {
        Ok((LoginReply::Welcome { account, .. }, mut descriptors)) => (account, descriptors.pop()),
        Ok((LoginReply::Denied, _)) => {
            tracing::info!(%connection, %remote, "login denied");
            return LoggedIn::Denied;
        }
        Ok((LoginReply::Blocked { .. } | LoginReply::Unavailable, _)) => return LoggedIn::Unavailable,
        Err(error) => {
            tracing::warn!(%connection, %error, "auth did not answer");
            return LoggedIn::Unavailable;
        }
    };
    match channel.map(MailboxClient::start) {
        Some(Ok(client)) => {
            tracing::info!(%connection, %remote, account = account.0, "logged in");
            LoggedIn::Welcome(account, Box::new(client))
        }
        Some(Err(error)) => {
            tracing::error!(%connection, %error, "the session's channel is of no use");
            LoggedIn::Unavailable
        }
        None => LoggedIn::Unavailable,
    }
}
