//! Mailboxes that are made, renamed and removed, and names that are subscribed.

use ipc::mail::MailboxId;
use ipc::service::mailbox::{INBOX, MailboxReply, MailboxRequest, MailboxRow, Refusal, SpecialUse, is_name};

use super::{Folder, PAGE, Store};

impl Store {
    pub(super) fn list(&self, after: u64) -> MailboxReply {
        let there = self.folders.iter().filter(|folder| !folder.removed && folder.id.0 > after);
        let mut rows: Vec<MailboxRow> = there.map(|folder| self.row_of(folder)).collect();
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        MailboxReply::Mailboxes { rows, more }
    }

    /// What changes mailboxes.
    pub(super) fn manage(&mut self, request: MailboxRequest) -> MailboxReply {
        let done = match request {
            MailboxRequest::Create { name, special_use } => {
                return match self.create(&name, special_use) {
                    Ok(mailbox) => MailboxReply::Created { mailbox },
                    Err(why) => MailboxReply::Refused(why),
                };
            }
            MailboxRequest::Subscriptions { after } => return self.subscriptions_page(after.as_deref()),
            MailboxRequest::Delete { mailbox } => self.delete(mailbox),
            MailboxRequest::Rename { mailbox, name } => self.rename(mailbox, &name),
            MailboxRequest::Subscribe { name, .. } if !is_name(&name) => Err(Refusal::Name),
            MailboxRequest::Subscribe { name, subscribed } => {
                if subscribed {
                    self.subscriptions.insert(name);
                } else {
                    self.subscriptions.remove(&name);
                }
                Ok(())
            }
            other => panic!("the fake does not know {other:?}"),
        };
        done.map_or_else(MailboxReply::Refused, |()| MailboxReply::Done)
    }

    fn has(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| !folder.removed && folder.name == name)
    }

    fn create(&mut self, name: &str, special_use: Option<SpecialUse>) -> Result<MailboxId, Refusal> {
        let taken = |use_| self.folders.iter().any(|f| !f.removed && f.special_use == Some(use_));
        if !is_name(name) {
            return Err(Refusal::Name);
        }
        if self.has(name) || special_use.is_some_and(taken) {
            return Err(Refusal::Exists);
        }
        let was_subscribed = self.subscriptions.contains(name);
        let id = self.folder(name, special_use);
        if !was_subscribed {
            self.subscriptions.remove(name);
        }
        Ok(id)
    }

    fn delete(&mut self, mailbox: MailboxId) -> Result<(), Refusal> {
        let folder = self.by_id(mailbox).ok_or(Refusal::NoMailbox)?;
        if folder.name == INBOX {
            return Err(Refusal::Inbox);
        }
        folder.removed = true;
        Ok(())
    }

    fn rename(&mut self, mailbox: MailboxId, to: &str) -> Result<(), Refusal> {
        let from = self.by_id(mailbox).ok_or(Refusal::NoMailbox)?.name.clone();
        if !is_name(to) {
            return Err(Refusal::Name);
        }
        if from == INBOX {
            let id = self.create(to, None)?;
            let messages = std::mem::take(&mut self.named(INBOX).messages);
            let into = self.by_id(id).unwrap();
            for message in messages.values() {
                into.take_in(message);
            }
            self.named(INBOX).ghosts_of(messages);
            return Ok(());
        }
        let beneath = format!("{from}/");
        let moved: Vec<(MailboxId, String)> = self
            .folders
            .iter()
            .filter(|f| !f.removed && (f.name == from || f.name.starts_with(&beneath)))
            .map(|f| (f.id, f.name.replacen(&from, to, 1)))
            .collect();
        if moved.iter().any(|(_, name)| self.has(name)) {
            return Err(Refusal::Exists);
        }
        for (id, name) in moved {
            self.by_id(id).unwrap().name = name;
        }
        Ok(())
    }

    fn subscriptions_page(&self, after: Option<&str>) -> MailboxReply {
        let behind = self.subscriptions.iter().filter(|name| after.is_none_or(|after| name.as_str() > after));
        let mut names: Vec<String> = behind.cloned().collect();
        let more = names.len() > PAGE;
        names.truncate(PAGE);
        MailboxReply::Subscriptions { names, more }
    }

    fn row_of(&self, folder: &Folder) -> MailboxRow {
        MailboxRow {
            id: folder.id,
            name: folder.name.clone(),
            special_use: folder.special_use,
            subscribed: self.subscriptions.contains(&folder.name),
        }
    }
}
