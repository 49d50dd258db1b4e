//! Performs what a session asks: logins by `auth`, everything else by the store, on the channel that came with the login.

use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::{ModSeq, Password, TransactionId};
use ipc::rpc::{Client, Link};
use ipc::service::login::Login;
use ipc::service::mailbox::{MailboxClient, MailboxReply, MailboxRequest};
use listener::connection::{Caller, Connection};
use listener::helpers::{Helpers, LARGE};
use listener::login::{LoggedIn, log_in};
use listener::session::Backend;

use crate::proto::{Answer, Ask, LoginOutcome, Look, Work};

/// One session's way to the other compartments.
#[derive(Debug)]
pub struct StoreBackend {
    login: Rc<Link<Client<Login>>>,
    caller: Caller,
    helpers: Helpers,
    mailbox: Mailbox,
}

/// The channel to the store.
#[derive(Debug)]
enum Mailbox {
    /// Nobody is logged in.
    None,
    Open(Box<MailboxClient>, Dirty),
    /// The store is gone, or was out of form; nothing reconnects in silence.
    Gone,
}

/// That there are changes, which is said once for all that come until they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dirty {
    Unsaid,
    Said,
}

impl StoreBackend {
    /// For a connection on which nobody is logged in.
    #[must_use]
    pub fn new(login: Rc<Link<Client<Login>>>, connection: &Connection) -> Self {
        let (caller, helpers) = (connection.caller(), connection.helpers.clone());
        StoreBackend { login, caller, helpers, mailbox: Mailbox::None }
    }

    async fn log_in(&mut self, login: String, password: Password) -> LoginOutcome {
        match log_in(&self.login, &self.caller, login, password).await {
            LoggedIn::Welcome(account, client) => {
                self.mailbox = Mailbox::Open(client, Dirty::Unsaid);
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
        let ask = match ask {
            Ask::Login { login, password } => return Answer::Login(self.log_in(login, password).await),
            Ask::Work(work) => return worked(&self.helpers, work).await,
            other => other,
        };
        let Mailbox::Open(client, dirty) = &mut self.mailbox else { return Answer::Lost };
        match by_store(client, dirty, ask).await {
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
            Mailbox::Open(client, dirty) => {
                // Between commands nothing is kept.
                client.forget();
                let news = match dirty {
                    Dirty::Unsaid => client.changed().await,
                    Dirty::Said => Err(client.ended().await),
                };
                match news {
                    Ok(()) => *dirty = Dirty::Said,
                    Err(error) => {
                        tracing::warn!(connection = %self.caller.id, %error, "the mailbox session ended");
                        self.mailbox = Mailbox::Gone;
                    }
                }
            }
        }
    }
}

/// What takes long is done where it holds up nobody.
async fn worked(helpers: &Helpers, work: Work) -> Answer {
    if work.octets() <= LARGE {
        return work.run();
    }
    helpers.run(|| work.run()).await.unwrap_or(Answer::Panicked)
}

async fn by_store(client: &mut MailboxClient, dirty: &mut Dirty, ask: Ask) -> Result<Answer, ChannelError> {
    Ok(match ask {
        Ask::Request(request) => {
            let moves = matches!(request, MailboxRequest::Select { .. } | MailboxRequest::Unselect);
            let reply = client.call(&request).await?;
            if moves {
                // What was dirty is the mailbox that was selected before.
                client.take_dirty();
                *dirty = Dirty::Unsaid;
            }
            Answer::Reply(reply)
        }
        Ask::More => Answer::Reply(client.reply().await?),
        Ask::News { since, look } => {
            *dirty = Dirty::Unsaid;
            news(client, since, look).await?
        }
        Ask::Body { uid, offset, length } => {
            Answer::Reply(client.call(&MailboxRequest::Body { uid, offset, length }).await?)
        }
        Ask::Chunk => Answer::Chunk(client.body_chunk().await?),
        Ask::Soon(soon) => {
            client.foresee(soon).await?;
            Answer::Taken
        }
        Ask::Begin => {
            let id =
                TransactionId::random().map_err(|error| ChannelError::Io(std::io::Error::other(error)))?;
            client.append(id).await?;
            Answer::Begun(id)
        }
        Ask::Piece(bytes) => {
            client.append_chunk(&bytes).await?;
            Answer::Taken
        }
        Ask::Finish(end) => Answer::Reply(finish(client, &end).await?),
        Ask::Alive => Answer::Quiet,
        // Answered before.
        Ask::Login { .. } | Ask::Work(_) => Answer::Lost,
    })
}

async fn news(client: &mut MailboxClient, since: ModSeq, look: Look) -> Result<Answer, ChannelError> {
    let dirty = client.take_dirty();
    if look == Look::IfDirty && !dirty {
        return Ok(Answer::Quiet);
    }
    Ok(Answer::Reply(client.call(&MailboxRequest::Changes { since }).await?))
}

async fn finish(client: &mut MailboxClient, end: &MailboxRequest) -> Result<MailboxReply, ChannelError> {
    client.finish_append(end).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Product;

    /// The name of the thread that does so much work.
    async fn done_by(helpers: &Helpers, octets: usize) -> String {
        let work = Work::new(octets, || {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            Product::Fields(name.into_bytes())
        });
        match worked(helpers, work).await {
            Answer::Product(Product::Fields(name)) => String::from_utf8(name).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn much_work_is_done_by_helpers() {
        let helpers = Helpers::start().unwrap();
        let here = std::thread::current().name().unwrap_or_default().to_owned();
        assert_eq!(done_by(&helpers, LARGE).await, here);
        assert!(done_by(&helpers, LARGE + 1).await.starts_with("helper-"));
        for octets in [0, LARGE + 1] {
            let work = Work::new(octets, || panic!("as asked"));
            assert!(matches!(worked(&helpers, work).await, Answer::Panicked));
        }
    }
}
