//! The set of mailboxes of the model, and copies between them.

use bulkhead_store::plan::Originals;
use ipc::mail::{Uid, UidRange};
use ipc::service::mailbox::{Refusal, SpecialUse};

use super::boxes::Box;
use super::model::{Account, Answer};

const INBOX: u64 = 1;

impl Account {
    fn holder(&self, name: &str) -> Option<u64> {
        self.boxes.iter().find(|(_, found)| found.name == name).map(|(id, _)| *id)
    }

    pub(crate) fn make(&mut self, name: &str, special_use: Option<SpecialUse>) -> Answer {
        if !is_name(name) {
            return Answer::Refused(Refusal::Name);
        }
        let used = self.boxes.values().any(|found| special_use.is_some() && found.special_use == special_use);
        if used || self.holder(name).is_some() {
            return Answer::Refused(Refusal::Exists);
        }
        let id = self.next;
        self.next += 1;
        self.boxes.insert(id, Box::new(name, special_use));
        Answer::Created(id)
    }

    pub(crate) fn delete(&mut self, mailbox: u64) -> Answer {
        if mailbox == INBOX {
            return Answer::Refused(Refusal::Inbox);
        }
        let removed = self.boxes.remove(&mailbox);
        if removed.is_some() { Answer::Done } else { Answer::Refused(Refusal::NoMailbox) }
    }

    pub(crate) fn rename(&mut self, mailbox: u64, name: &str) -> Answer {
        let Some(found) = self.boxes.get(&mailbox) else { return Answer::Refused(Refusal::NoMailbox) };
        if mailbox == INBOX {
            let Answer::Created(new) = self.make(name, None) else { return self.make(name, None) };
            self.copy_all(INBOX, new);
            return Answer::Done;
        }
        let beneath = format!("{}/", found.name);
        if !is_name(name) || name.starts_with(&beneath) {
            return Answer::Refused(Refusal::Name);
        }
        let (old, mut renamed) = (found.name.clone(), self.boxes.clone());
        for found in
            renamed.values_mut().filter(|found| found.name == old || found.name.starts_with(&beneath))
        {
            found.name = found.name.replacen(&old, name, 1);
        }
        let mut names: Vec<&String> = renamed.values().map(|found| &found.name).collect();
        names.sort();
        names.dedup();
        if old == name || names.len() < renamed.len() {
            return Answer::Refused(Refusal::Exists);
        }
        self.boxes = renamed;
        Answer::Done
    }

    fn copy_all(&mut self, from: u64, to: u64) {
        let all: Vec<Uid> = self.boxes[&from].messages.keys().copied().collect();
        let source = self.boxes[&from].clone();
        self.boxes.get_mut(&to).unwrap().add_copies(&source, &all);
        self.boxes.get_mut(&from).unwrap().take(&all);
    }

    pub(crate) fn copy(
        &mut self,
        from: u64,
        uids: &[UidRange],
        (account, to): (u64, u64),
        originals: Originals,
    ) -> Answer {
        let Some(source) = self.boxes.get(&from).cloned() else {
            return Answer::Refused(Refusal::NotSelected);
        };
        let Some(target) = self.boxes.get_mut(&to) else { return Answer::Refused(Refusal::NoMailbox) };
        let uids = source.within(uids);
        let copies = target.add_copies(&source, &uids);
        if originals == Originals::Go {
            self.boxes.get_mut(&from).unwrap().take(&uids);
        }
        let (source, copies) = (UidRange::of(uids), UidRange::of(copies));
        Answer::Copied { place: Some((account, to)), source, copies }
    }

    pub(crate) fn subscribe(&mut self, name: &str, subscribed: bool) -> Answer {
        if subscribed && !is_name(name) {
            return Answer::Refused(Refusal::Name);
        }
        if subscribed {
            self.subscribed.insert(name.to_owned());
        } else {
            self.subscribed.remove(name);
        }
        Answer::Done
    }
}

impl Box {
    pub(crate) fn distrust(&mut self, uid: Uid) -> Answer {
        let Some(mail) = self.messages.get_mut(&uid) else { return Answer::Refused(Refusal::NoMessage) };
        if !mail.opaque {
            self.modseq += 1;
            (mail.opaque, mail.modseq) = (true, self.modseq);
        }
        Answer::Done
    }
}

/// Of the names that are played with.
fn is_name(name: &str) -> bool {
    !name.contains("//") && !name.starts_with("inbox")
}
