//! Requests that change nothing in the log: lists, counters, views.

use ipc::channel::ChannelError;
use ipc::mail::{MailboxId, ModSeq, Uid};
use ipc::service::mailbox::{MailboxReply, MailboxRow, ROWS_MAX, Refusal};
use tokio::time::timeout;

use super::{CREDIT_PATIENCE, Selected, Session};
use crate::index::{Account, Changed, Mailbox, Message};

/// Mailboxes, or names, in one page: they are long.
pub(super) const NAMES: usize = if cfg!(test) { 4 } else { 64 };

impl Session {
    pub(super) async fn list(&self, after: Option<MailboxId>) -> Result<(), ChannelError> {
        let (rows, more) = {
            let index = self.store.engine.index();
            let account = index.account(self.account);
            let all = account.into_iter();
            let mut rest = all.flat_map(|account| account.mailboxes(after).map(move |row| (account, row)));
            let row = |(account, (id, mailbox)): (&Account, (MailboxId, &Mailbox))| MailboxRow {
                id,
                name: mailbox.name.clone(),
                special_use: mailbox.special_use,
                subscribed: account.is_subscribed(&mailbox.name),
            };
            let rows: Vec<MailboxRow> = rest.by_ref().take(NAMES).map(row).collect();
            (rows, rest.next().is_some())
        };
        self.reply(MailboxReply::Mailboxes { rows, more }).await
    }

    pub(super) async fn status(&self, mailbox: MailboxId) -> Result<(), ChannelError> {
        let status = self.store.engine.index().mailbox(self.account, mailbox).map(|mailbox| mailbox.status());
        match status {
            Some(status) => self.reply(MailboxReply::Status(status)).await,
            None => self.refuse(Refusal::NoMailbox).await,
        }
    }

    pub(super) async fn select(&mut self, mailbox: MailboxId, write: bool) -> Result<(), ChannelError> {
        self.unselect();
        let reply = {
            let mut index = self.store.engine.loaded(self.account, mailbox).await;
            let before =
                index.mailbox(self.account, mailbox).map(|found| (found.status(), found.keywords.clone()));
            let first_recent = index.take_recent((self.account, mailbox), write);
            before.zip(first_recent).map(|((status, keywords), first_recent)| {
                index.show(self.account, mailbox, self.id, status.highest_modseq);
                (status.highest_modseq, MailboxReply::Selected { status, first_recent, keywords })
            })
        };
        match reply {
            Some((known, reply)) => {
                self.signals.selected.set(Some(mailbox));
                self.selected = Some(Selected { mailbox, write, told: false, known });
                self.reply(reply).await
            }
            None => self.refuse(Refusal::NoMailbox).await,
        }
    }

    pub(super) async fn messages(&self, after: Uid) -> Result<(), ChannelError> {
        let Some(mailbox) = self.selected_mailbox() else { return self.refuse(Refusal::NotSelected).await };
        let page = self.store.engine.index().shown(self.account, mailbox).map(|mailbox| {
            let mut rest = mailbox.rows(after);
            let rows: Vec<_> = rest.by_ref().take(ROWS_MAX).collect();
            (rows, rest.next().is_some())
        });
        match page {
            Some((rows, more)) => self.reply(MailboxReply::Messages { rows, more }).await,
            None => self.refuse(Refusal::NoMailbox).await,
        }
    }

    pub(super) async fn changes(&mut self, since: ModSeq) -> Result<(), ChannelError> {
        let Some(selected) = &mut self.selected else { return self.refuse(Refusal::NotSelected).await };
        selected.told = false;
        let mailbox = selected.mailbox;
        self.store.engine.index_mut().show(self.account, mailbox, self.id, since);
        let changes = self
            .store
            .engine
            .index()
            .mailbox(self.account, mailbox)
            .map(|mailbox| (mailbox.changed(since, ROWS_MAX), mailbox.keywords.clone()));
        match changes {
            Some((Changed { rows, expunged, until, more }, keywords)) => {
                if let Some(selected) = &mut self.selected {
                    selected.known = until;
                }
                self.reply(MailboxReply::Changes { rows, expunged, until, more, keywords }).await
            }
            None => {
                self.unselect();
                self.reply(MailboxReply::Gone).await
            }
        }
    }

    pub(super) fn message(&self, uid: Uid) -> Result<Message, Refusal> {
        let mailbox = self.selected_mailbox().ok_or(Refusal::NotSelected)?;
        let index = self.store.engine.index();
        let mailbox = index.shown(self.account, mailbox).ok_or(Refusal::NoMailbox)?;
        mailbox.visible(uid).copied().ok_or(Refusal::NoMessage)
    }

    pub(super) async fn structure(&self, uid: Uid) -> Result<(), ChannelError> {
        let structure = match self.message(uid).map(|message| message.structure) {
            Ok(Some(body)) => self.store.engine.read(body).await,
            Ok(None) => Ok(Vec::new()),
            Err(why) => Err(why),
        };
        let reply = match structure {
            Ok(structure) => MailboxReply::Structure(structure),
            // It can be computed again from the message.
            Err(Refusal::Damaged) => MailboxReply::Structure(Vec::new()),
            Err(why) => MailboxReply::Refused(why),
        };
        self.reply_ahead(&reply).await
    }

    /// Answers what may have been asked ahead, so that the client does not wait for it yet.
    pub(super) async fn reply_ahead(&self, reply: &MailboxReply) -> Result<(), ChannelError> {
        let sent = timeout(CREDIT_PATIENCE, self.sender.send(reply, &[])).await;
        sent.unwrap_or(Err(ChannelError::Unread))
    }
}
