//! Performs what a session asks: logins by `auth`, everything else by the store, on the channel that came with the login.

use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::Password;
use ipc::rpc::{Client, Link};
use ipc::service::login::Login;
use ipc::service::mailbox::{MailboxClient, MailboxRequest};
use listener::connection::{Caller, Connection};
use listener::login::{LoggedIn, log_in};
use listener::session::Backend;

use crate::proto::{Answer, Ask, LoginOutcome};

/// One session's way to the other compartments.
#[derive(Debug)]
pub struct StoreBackend {
    login: Rc<Link<Client<Login>>>,
    caller: Caller,
    mailbox: Mailbox,
}

/// The channel to the store.
#[derive(Debug)]
enum Mailbox {
    /// Nobody is logged in.
    None,
    Open(Box<MailboxClient>),
    /// The store is gone, or was out of form; nothing reconnects in silence.
    Gone,
}

impl StoreBackend {
    /// For a connection on which nobody is logged in.
    #[must_use]
    pub fn new(login: Rc<Link<Client<Login>>>, connection: &Connection) -> Self {
        StoreBackend { login, caller: connection.caller(), mailbox: Mailbox::None }
    }

    async fn log_in(&mut self, login: String, password: Password) -> LoginOutcome {
        match log_in(&self.login, &self.caller, login, password).await {
            LoggedIn::Welcome(account, client) => {
                self.mailbox = Mailbox::Open(client);
                LoginOutcome::Welcome(account)
            }
            LoggedIn::Denied => LoginOutcome::Denied,
            LoggedIn::Blocked => LoginOutcome::Blocked,
            LoggedIn::Unavailable => LoginOutcome::Unavailable,
        }
    }
}

impl Backend for StoreBackend {
    type Ask = Ask;
    type Answer = Answer;

    async fn perform(&mut self, ask: Ask) -> Answer {
        if let Ask::Login { login, password } = ask {
            return Answer::Login(self.log_in(login, password).await);
        }
        let Mailbox::Open(client) = &mut self.mailbox else { return Answer::Lost };
        match by_store(client, ask).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(connection = %self.caller.id, %error, "the mailbox session ended");
                self.mailbox = Mailbox::Gone;
                Answer::Lost
            }
        }
    }

    async fn notified(&mut self) {
        match &mut self.mailbox {
            Mailbox::None => std::future::pending().await,
            Mailbox::Gone => {}
            // news of the mailbox are for the next session; that there is no store any more is for this one
            Mailbox::Open(client) => {
                let error = client.ended().await;
                tracing::warn!(connection = %self.caller.id, %error, "the mailbox session ended");
                self.mailbox = Mailbox::Gone;
            }
        }
    }
}

async fn by_store(client: &mut MailboxClient, ask: Ask) -> Result<Answer, ChannelError> {
    Ok(match ask {
        Ask::Request(request) => Answer::Reply(client.call(&request).await?),
        Ask::More => Answer::Reply(client.reply().await?),
        Ask::Body { uid, offset, length } => {
            Answer::Reply(client.call(&MailboxRequest::Body { uid, offset, length }).await?)
        }
        Ask::Chunk => Answer::Chunk(client.body_chunk().await?),
        Ask::Soon(soon) => {
            client.foresee(soon).await?;
            Answer::Taken
        }
        Ask::Alive => Answer::Quiet,
        // Answered before.
        Ask::Login { .. } => Answer::Lost,
    })
}
