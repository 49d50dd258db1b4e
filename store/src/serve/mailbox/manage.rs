//! The set of mailboxes: making, removing, renaming; and the names that are subscribed to.

use ipc::channel::ChannelError;
use ipc::mail::{MailboxId, Uid};
use ipc::service::mailbox::{MailboxReply, Refusal, SpecialUse};

use super::Session;
use super::read::NAMES;
use crate::plan::{Operation, Outcome};

impl Session {
    pub(super) async fn create(
        &self,
        name: String,
        special_use: Option<SpecialUse>,
    ) -> Result<(), ChannelError> {
        let operation = Operation::CreateMailbox { account: self.account, name, special_use };
        match self.store.engine.submit(operation).await {
            Outcome::Created(mailbox) => self.reply(MailboxReply::Created { mailbox }).await,
            other => self.answer(other).await,
        }
    }

    pub(super) async fn delete(&self, mailbox: MailboxId) -> Result<(), ChannelError> {
        self.do_it(Operation::DeleteMailbox { account: self.account, mailbox }).await
    }

    pub(super) async fn rename(&self, mailbox: MailboxId, name: String) -> Result<(), ChannelError> {
        self.do_it(Operation::RenameMailbox { account: self.account, mailbox, name }).await
    }

    pub(super) async fn adopt(
        &self,
        mailbox: MailboxId,
        uid_validity: Option<u32>,
        uid_next: Uid,
    ) -> Result<(), ChannelError> {
        let account = self.account;
        self.do_it(Operation::AdoptMailbox { account, mailbox, uid_validity, uid_next }).await
    }

    pub(super) async fn subscribe(&self, name: String, subscribed: bool) -> Result<(), ChannelError> {
        self.do_it(Operation::Subscribe { account: self.account, name, subscribed }).await
    }

    pub(super) async fn subscriptions(&self, after: Option<&str>) -> Result<(), ChannelError> {
        let (names, more) = {
            let index = self.store.engine.index();
            let mut rest =
                index.account(self.account).into_iter().flat_map(|found| found.subscriptions(after));
            let names = rest.by_ref().take(NAMES).map(str::to_owned).collect();
            (names, rest.next().is_some())
        };
        self.reply(MailboxReply::Subscriptions { names, more }).await
    }

    /// Does what is answered by [`MailboxReply::Done`] or a refusal.
    pub(super) async fn do_it(&self, operation: Operation) -> Result<(), ChannelError> {
        let outcome = self.store.engine.submit(operation).await;
        self.answer(outcome).await
    }

    pub(super) async fn answer(&self, outcome: Outcome) -> Result<(), ChannelError> {
        match outcome {
            Outcome::Done => self.reply(MailboxReply::Done).await,
            Outcome::Refused(why) => self.refuse(why).await,
            // The account was removed a moment ago; its sessions are being ended.
            _ => self.refuse(Refusal::NoMailbox).await,
        }
    }
}
