//! The session with an account's mailboxes that `auth` opened for the administrator.

use std::collections::HashSet;

use ipc::exit::{Exit, Failure};
use ipc::mail::{MailboxId, TransactionId, Uid};
use ipc::service::admin::{AuthReply, AuthRequest};
use ipc::service::mailbox::{
    MailboxClient, MailboxReply, MailboxRequest, MailboxRow, MailboxStatus, MessageRow, Refusal,
};

use super::lost;
use crate::answer;
use crate::connect::Auth;

/// The session.
pub(super) struct Session {
    client: MailboxClient,
}

/// What the store says to one request.
pub(super) type Said<T> = Result<Result<T, Refusal>, Failure>;

impl Session {
    /// Opens the session of an account. The connection to `auth`, which can do much more, ends with that: somebody's mail is
    /// read next.
    ///
    /// # Errors
    /// When there is no such account, or the suite does not run.
    pub(super) async fn open(auth: Auth, address: &str) -> Result<Self, Failure> {
        let request = AuthRequest::OpenMailboxes { address: address.to_owned() };
        let (reply, mut descriptors) = auth.ask_for(request)?;
        drop(auth);
        match (reply, descriptors.pop()) {
            (AuthReply::Opened, Some(socket)) => {
                let client = MailboxClient::start(socket)
                    .map_err(|error| Failure::new(Exit::OsError, format!("the session: {error}")))?;
                Ok(Session { client })
            }
            (other, _) => Err(answer::not_that(other)),
        }
    }

    /// All mailboxes.
    pub(super) async fn mailboxes(&mut self) -> Result<Vec<MailboxRow>, Failure> {
        let mut all: Vec<MailboxRow> = Vec::new();
        loop {
            let after = all.last().map(|row| row.id);
            match self.call(&MailboxRequest::List { after }).await? {
                MailboxReply::Mailboxes { rows, more } => {
                    let ends = !more || rows.is_empty();
                    all.extend(rows);
                    if ends {
                        return Ok(all);
                    }
                }
                other => return Err(unfit(&other)),
            }
        }
    }

    /// All subscribed names.
    pub(super) async fn subscriptions(&mut self) -> Result<Vec<String>, Failure> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let after = all.last().cloned();
            match self.call(&MailboxRequest::Subscriptions { after }).await? {
                MailboxReply::Subscriptions { names, more } => {
                    let ends = !more || names.is_empty();
                    all.extend(names);
                    if ends {
                        return Ok(all);
                    }
                }
                other => return Err(unfit(&other)),
            }
        }
    }

    /// Subscribes to a name, or no longer.
    pub(super) async fn subscribe(&mut self, name: String, subscribed: bool) -> Said<()> {
        self.done(&MailboxRequest::Subscribe { name, subscribed }).await
    }

    /// The mailbox of that name, made if it is not there.
    pub(super) async fn mailbox(&mut self, name: &str) -> Said<MailboxId> {
        if let Some(row) = self.mailboxes().await?.into_iter().find(|row| row.name == name) {
            return Ok(Ok(row.id));
        }
        match self.call(&MailboxRequest::Create { name: name.to_owned(), special_use: None }).await? {
            MailboxReply::Created { mailbox } => Ok(Ok(mailbox)),
            MailboxReply::Refused(why) => Ok(Err(why)),
            other => Err(unfit(&other)),
        }
    }

    /// Selects a mailbox without taking its recent messages: its counters and keywords.
    pub(super) async fn select(
        &mut self,
        mailbox: MailboxId,
    ) -> Result<(MailboxStatus, Vec<String>), Failure> {
        match self.call(&MailboxRequest::Select { mailbox, write: false }).await? {
            MailboxReply::Selected { status, keywords, .. } => Ok((status, keywords)),
            other => Err(unfit(&other)),
        }
    }

    /// The selected mailbox's messages behind that UID, a page; none behind the last.
    pub(super) async fn messages(&mut self, after: Uid) -> Result<Vec<MessageRow>, Failure> {
        match self.call(&MailboxRequest::Messages { after }).await? {
            MailboxReply::Messages { rows, .. } => Ok(rows),
            other => Err(unfit(&other)),
        }
    }

    /// The ids of the selected mailbox's messages.
    pub(super) async fn ids(&mut self) -> Result<HashSet<TransactionId>, Failure> {
        let (mut ids, mut after) = (HashSet::new(), 0);
        loop {
            let rows = self.messages(after).await?;
            let Some(last) = rows.last() else { return Ok(ids) };
            after = last.uid;
            ids.extend(rows.iter().map(|row| row.id));
        }
    }

    /// Takes over another store's UIDVALIDITY and next UID.
    pub(super) async fn adopt(
        &mut self,
        mailbox: MailboxId,
        uid_validity: Option<u32>,
        uid_next: Uid,
    ) -> Said<()> {
        self.done(&MailboxRequest::Adopt { mailbox, uid_validity, uid_next }).await
    }

    /// Begins a message.
    pub(super) async fn begin(&mut self, id: TransactionId) -> Result<(), Failure> {
        self.client.append(id).await.map_err(lost)
    }

    /// Sends a piece of it.
    pub(super) async fn piece(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.client.append_chunk(bytes).await.map_err(lost)
    }

    /// Ends it: its UID.
    pub(super) async fn end(&mut self, end: MailboxRequest) -> Said<Uid> {
        match self.client.finish_append(&end).await.map_err(lost)? {
            MailboxReply::Appended { uid, .. } => Ok(Ok(uid)),
            MailboxReply::Refused(why) => Ok(Err(why)),
            other => Err(unfit(&other)),
        }
    }

    /// A whole message of the selected mailbox.
    pub(super) async fn body(&mut self, row: &MessageRow) -> Said<Vec<u8>> {
        match self.call(&MailboxRequest::Body { uid: row.uid, offset: 0, length: row.size }).await? {
            MailboxReply::Body { .. } => {}
            MailboxReply::Refused(why) => return Ok(Err(why)),
            other => return Err(unfit(&other)),
        }
        let mut bytes = Vec::new();
        loop {
            let chunk = self.client.body_chunk().await.map_err(lost)?;
            if chunk.is_empty() {
                return Ok(Ok(bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
    }

    async fn done(&mut self, request: &MailboxRequest) -> Said<()> {
        match self.call(request).await? {
            MailboxReply::Done => Ok(Ok(())),
            MailboxReply::Refused(why) => Ok(Err(why)),
            other => Err(unfit(&other)),
        }
    }

    async fn call(&mut self, request: &MailboxRequest) -> Result<MailboxReply, Failure> {
        self.client.call(request).await.map_err(lost)
    }
}

/// Why the store does not do something, as a failure of the whole command.
pub(super) fn refused(what: &str, why: Refusal) -> Failure {
    let (exit, why) = match why {
        Refusal::Full => (Exit::TempFail, "no space is left in the store"),
        Refusal::Limit => (Exit::DataError, "a limit of the store is reached"),
        Refusal::Name => (Exit::DataError, "that cannot be the name of a mailbox"),
        Refusal::Damaged => (Exit::IoError, "damaged in the store"),
        _ => (Exit::TempFail, "it changed meanwhile; do it again"),
    };
    Failure::new(exit, crate::output::printable(&format!("{what}: {why}")))
}

fn unfit(reply: &MailboxReply) -> Failure {
    Failure::new(Exit::Software, format!("the store answered {reply:?}, which was not asked"))
}
