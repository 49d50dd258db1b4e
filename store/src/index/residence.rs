//! Which messages are in memory.

use ipc::mail::{AccountId, MailboxId};

use super::mailbox::{Held, Message};
use super::{Index, Mailbox};
use crate::change::Change;
use crate::log::{BodyRef, Resume};

/// A mailbox whose messages are not in memory, as it was found: to be read from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub mailbox: MailboxId,
    held: u64,
}

impl Index {
    /// The mailbox, if it is there and its messages are not in memory.
    #[must_use]
    pub fn missing(&self, (account, mailbox): (AccountId, MailboxId)) -> Option<Missing> {
        match self.mailbox(account, mailbox)?.held {
            Held::All => None,
            Held::Added(held) => Some(Missing { account, mailbox, held }),
        }
    }

    /// Takes in the messages of a mailbox that were read after it was found missing. They are passed over when others did so
    /// meanwhile, whether or not those are still here: then what was read may be old.
    pub fn load(&mut self, missing: Missing, messages: Vec<Message>) {
        let clock = self.clock;
        let Some(found) = self.mailbox_mut(missing.account, missing.mailbox) else { return };
        if found.held == Held::Added(missing.held) {
            let count = messages.len();
            found.load(messages);
            found.used = clock;
            self.loaded.0 = self.loaded.0.saturating_add(count);
        }
    }

    /// The mailbox's messages are needed: they are not the first to be let go of.
    pub fn touch(&mut self, (account, mailbox): (AccountId, MailboxId)) {
        let clock = self.clock;
        if let Some(found) = self.mailbox_mut(account, mailbox) {
            found.used = clock;
        }
    }

    /// Lets go of messages that the tables have and no view shows, those that were not needed for the longest time first, when
    /// there are more than `most` in memory, until there are a quarter less than that.
    pub fn unload(&mut self, most: usize) {
        let (since, before) = self.loaded;
        if since.saturating_add(before) <= most {
            return;
        }
        let mut held = 0_usize;
        let mut idle: Vec<(u64, AccountId, MailboxId)> = Vec::new();
        for (account, found) in &self.accounts {
            for (id, mailbox) in found.mailboxes(None) {
                held = held.saturating_add(mailbox.held_count());
                if mailbox.held_count() > 0 && mailbox.changed < self.written && mailbox.views.is_empty() {
                    idle.push((mailbox.used.max(mailbox.changed), *account, id));
                }
            }
        }
        idle.sort_unstable();
        let enough = most.saturating_sub(most.div_euclid(4));
        for (_, account, mailbox) in idle {
            if held <= enough {
                break;
            }
            self.unloads = self.unloads.saturating_add(1);
            let times = self.unloads;
            if let Some(mailbox) = self.mailbox_mut(account, mailbox) {
                held = held.saturating_sub(mailbox.held_count());
                mailbox.unload(times);
            }
        }
        self.loaded = (0, held);
    }

    /// Groups are applied from where the index ends, which this says. Until [`reached`](Self::reached) is called, what is
    /// written of it is nothing to go on from.
    pub fn begin_replay(&mut self) -> Option<Resume> {
        self.resume.take()
    }

    /// Every group up to there is in the index.
    pub fn reached(&mut self, resume: Resume) {
        self.resume = Some(resume);
        self.dirty.any = true;
    }

    /// What the tables have has to be made durable, though nothing has changed.
    pub fn note_sync(&mut self) {
        self.dirty.any = true;
    }

    /// Up to where the log is in the index.
    #[must_use]
    pub fn resume(&self) -> Option<Resume> {
        self.resume
    }

    /// A batch is in the tables.
    pub fn written(&mut self, clock: u64) {
        self.written = self.written.max(clock.saturating_add(1));
    }

    /// The session takes the recent messages, or only looks: the first of them.
    pub fn take_recent(&mut self, key: (AccountId, MailboxId), write: bool) -> Option<u32> {
        let first = self.mailbox_mut(key.0, key.1)?.take_recent(write);
        if write {
            self.dirty.any = true;
            self.dirty.mailboxes.insert(key);
        }
        Some(first)
    }

    /// A group that is in the index was written anew: its bodies lie elsewhere.
    pub fn relocate(&mut self, change: &Change, bodies: &[BodyRef]) {
        let body_at = |number: u16| bodies.get(usize::from(number)).copied();
        match change {
            Change::MessageAdded { account, mailbox, uid, body, structure, .. } => {
                self.dirty.message((*account, *mailbox), *uid);
                let Some(body) = body_at(*body) else { return };
                self.stamp(change);
                if let Some(mailbox) = self.mailbox_mut(*account, *mailbox) {
                    mailbox.relocate(*uid, body, structure.and_then(body_at));
                }
            }
            Change::QueueAdded(queued) => {
                if let Some(body) = body_at(queued.body) {
                    self.dirty.any = true;
                    self.dirty.queue.insert(queued.id);
                    self.queue.relocate(queued.id, body);
                }
            }
            _ => {}
        }
    }

    /// A change of a mailbox's messages: they are not let go of before it is in the tables.
    pub(super) fn stamp(&mut self, change: &Change) {
        let Some(key) = change.of_messages() else { return };
        let clock = self.clock;
        if let Some(mailbox) = self.mailbox_mut(key.0, key.1) {
            mailbox.changed = clock;
        }
        self.loaded.0 = self.loaded.0.saturating_add(1);
    }
}

impl Mailbox {
    /// The same messages, counters and names?
    #[must_use]
    pub fn same(&self, other: &Mailbox) -> bool {
        let counters = |mailbox: &Mailbox| {
            let status = mailbox.status();
            (status.uid_validity, status.uid_next, status.highest_modseq, status.messages, status.unseen)
        };
        counters(self) == counters(other)
            && (&self.name, self.special_use, &self.keywords)
                == (&other.name, other.special_use, &other.keywords)
            && self.within(&super::Uids::all()).eq(other.within(&super::Uids::all()))
    }
}
