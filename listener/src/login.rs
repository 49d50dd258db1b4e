//! Logging in, the same for every protocol: `auth` is asked, and the session's channel comes with its yes. Who is wrong
//! often waits for the answer; from where `auth` hears no more logins, no connection is accepted any more.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ipc::control::Control;
use ipc::exit::{Exit, Failure};
use ipc::mail::{AccountId, Password, Senders};
use ipc::peers::Service;
use ipc::role::Instance;
use ipc::rpc::{Client, Link};
use ipc::service::login::{Login, LoginReply, LoginRequest, PATIENCE};
use ipc::service::mailbox::MailboxClient;

use crate::connection::Caller;

/// The way to `auth` of a role that asks the others for nothing but logins. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// The link that sessions ask by.
    pub link: Rc<Link<Client<Login>>>,
}

impl Logins {
    /// From now on the master is asked for a channel when there is none: [`crate::serve::Reader::introduce`].
    pub fn introduce(&self, control: &Control) {
        self.link.on_starving(control.plea(Service::Login));
    }

    /// Takes a channel: [`crate::serve::Reader::wire`].
    ///
    /// # Errors
    /// When it is to another service, or cannot be used.
    pub fn wire(&self, service: Service, peer: Instance, socket: OwnedFd) -> Result<(), Failure> {
        if service != Service::Login {
            return Err(Failure::new(Exit::Software, format!("{peer} was wired for {service:?}")));
        }
        let client = Client::start(socket).map_err(|error| Failure::system("channel to auth", error))?;
        self.link.replace(client);
        Ok(())
    }
}

/// What came of a login.
#[derive(Debug)]
pub enum LoggedIn {
    /// The account, for the log, and its mailboxes.
    Welcome(AccountId, Box<MailboxClient>),
    /// Unknown user or wrong password.
    Denied,
    /// Too many of those came from there.
    Blocked,
    /// Not now.
    Unavailable,
}

/// What `auth` says to a login.
#[derive(Debug)]
pub enum Verdict {
    /// Yes.
    Welcome {
        /// Whose session it is, for the log.
        account: AccountId,
        /// Whom the user may send as.
        senders: Senders,
        /// The session's channel to the store.
        channel: OwnedFd,
    },
    /// Unknown user or wrong password; what it took to wait for it is over.
    Denied,
    /// Too many of those came from there: the session had better end.
    Blocked,
    /// Not now.
    Unavailable,
}

/// Asks `auth`, waiting for one to be there for [`PATIENCE`].
pub async fn ask(auth: &Link<Client<Login>>, caller: &Caller, login: String, password: Password) -> Verdict {
    let Caller { id: connection, remote, guest } = caller;
    let request = LoginRequest { login, password, remote: *remote };
    match auth.insist(PATIENCE, request).await {
        Ok((LoginReply::Welcome { account, senders }, mut descriptors)) => match descriptors.pop() {
            Some(channel) => {
                guest.logged_in();
                tracing::info!(%connection, %remote, account = account.0, "logged in");
                Verdict::Welcome { account, senders, channel }
            }
            None => Verdict::Unavailable,
        },
        Ok((LoginReply::Denied, _)) => {
            tracing::info!(%connection, %remote, "login denied");
            guest.wait(guest.mistaken()).await;
            Verdict::Denied
        }
        Ok((LoginReply::Blocked { seconds }, _)) => {
            tracing::info!(%connection, %remote, seconds, "logins from there are refused");
            guest.refuse_for(Duration::from_secs(seconds.into()));
            Verdict::Blocked
        }
        Ok((LoginReply::Unavailable, _)) => Verdict::Unavailable,
        Err(error) => {
            tracing::warn!(%connection, %error, "auth did not answer");
            Verdict::Unavailable
        }
    }
}

/// The same, for a session with mailboxes.
pub async fn log_in(
    auth: &Link<Client<Login>>,
    caller: &Caller,
    login: String,
    password: Password,
) -> LoggedIn {
    match ask(auth, caller, login, password).await {
        Verdict::Welcome { account, channel, .. } => match MailboxClient::start(channel) {
            Ok(client) => LoggedIn::Welcome(account, Box::new(client)),
            Err(error) => {
                tracing::error!(connection = %caller.id, %error, "the session's channel is of no use");
                LoggedIn::Unavailable
            }
        },
        Verdict::Denied => LoggedIn::Denied,
        Verdict::Blocked => LoggedIn::Blocked,
        Verdict::Unavailable => LoggedIn::Unavailable,
    }
}
