//! Messages that are copied and moved.

use std::collections::BTreeMap;

use ipc::mail::{MailboxId, Uid, UidRange};
use ipc::service::mailbox::Refusal;

use super::{Folder, Message, Store};

impl Store {
    /// The UIDs that were, and those that are now.
    pub(super) fn copy(
        &mut self,
        from: MailboxId,
        to: MailboxId,
        uids: &[UidRange],
        remove: bool,
    ) -> Result<Vec<(Uid, Uid)>, Refusal> {
        let source = self.by_id(from).ok_or(Refusal::NoMailbox)?;
        let keywords = source.keywords.clone();
        let named = |uid: &Uid| uids.iter().any(|run| run.contains(*uid));
        let copies: Vec<Message> = source
            .messages
            .iter()
            .filter(|(uid, _)| named(uid))
            .map(|(_, message)| message.again())
            .collect();
        let target = self.by_id(to).ok_or(Refusal::NoMailbox)?;
        let mut pairs = Vec::new();
        for mut message in copies {
            let held = keywords.iter().enumerate().filter(|(bit, _)| message.row.keywords >> bit & 1 == 1);
            let held: Vec<String> = held.map(|(_, keyword)| keyword.clone()).collect();
            message.row.keywords = target.bits(&held).ok_or(Refusal::Limit)?;
            pairs.push((message.row.uid, target.take_in(&message)));
        }
        if remove {
            let source = self.by_id(from).unwrap();
            source.expunge(|row| pairs.iter().any(|(uid, _)| *uid == row.uid));
        }
        Ok(pairs)
    }
}

impl Folder {
    /// A message of another mailbox, under the next UID.
    pub(super) fn take_in(&mut self, message: &Message) -> Uid {
        let mut message = message.again();
        let uid = self.uid_next;
        self.uid_next += 1;
        self.modseq += 1;
        (message.row.uid, message.row.modseq) = (uid, self.modseq);
        self.messages.insert(uid, message);
        uid
    }

    /// Messages that were here until now.
    pub(super) fn ghosts_of(&mut self, messages: BTreeMap<Uid, Message>) {
        for message in messages.into_values() {
            self.modseq += 1;
            self.ghosts.insert(self.modseq, message);
        }
    }
}

impl Message {
    fn again(&self) -> Message {
        Message { row: self.row, bytes: self.bytes.clone(), structure: self.structure.clone() }
    }
}
