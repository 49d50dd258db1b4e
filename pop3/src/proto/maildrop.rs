//! The maildrop as it was at the login: numbers, sizes, unique ids, and what is marked as deleted.

use std::collections::BTreeSet;

use ipc::mail::{Uid, UidRange};
use ipc::service::mailbox::{Foreseen, MessageRow};

use super::share::Share;

/// Messages that are foreseen at a time.
const FORESEEN: usize = 32;

/// RFC 1939 section 4: the messages of INBOX, numbered from 1 by rising UID. Later arrivals are for the next session.
#[derive(Debug)]
pub(super) struct Maildrop {
    uid_validity: u32,
    messages: Vec<Message>,
    /// Places in `messages`.
    deleted: BTreeSet<u32>,
    /// Octets of all messages, and of those that are marked as deleted.
    octets: (u64, u64),
    /// The number of the last message that was retrieved, and up to which one they are foreseen.
    retrieved: (u32, u32),
    share: Share,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) uid: Uid,
    /// Octets, as they are sent before dots are doubled.
    pub(super) size: u32,
}

/// Why a page of messages cannot be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// UIDs do not rise.
    Order,
    /// There are more than a session, or those of the account together, may hold.
    Many,
}

impl Maildrop {
    pub(super) fn new(uid_validity: u32, share: Share) -> Self {
        Maildrop {
            uid_validity,
            messages: Vec::new(),
            deleted: BTreeSet::new(),
            octets: (0, 0),
            retrieved: (0, 0),
            share,
        }
    }

    /// The next page, less what arrived since.
    pub(super) fn fill(&mut self, rows: &[MessageRow], uid_next: Uid) -> Result<(), Unfit> {
        if !self.share.grow(rows.len()) {
            return Err(Unfit::Many);
        }
        for row in rows.iter().take_while(|row| row.uid < uid_next) {
            if row.uid <= self.messages.last().map_or(0, |last| last.uid) {
                return Err(Unfit::Order);
            }
            self.messages.push(Message { uid: row.uid, size: row.size });
            self.octets.0 = self.octets.0.saturating_add(row.size.into());
        }
        Ok(())
    }

    /// No more pages come.
    pub(super) fn filled(&mut self) {
        self.messages.shrink_to_fit();
    }

    /// The message of that number, unless it is marked as deleted.
    pub(super) fn message(&self, number: u32) -> Option<Message> {
        let place = number.checked_sub(1)?;
        if self.deleted.contains(&place) {
            return None;
        }
        self.messages.get(usize::try_from(place).ok()?).copied()
    }

    /// The messages from that number on that are not marked as deleted.
    pub(super) fn from(&self, number: u32) -> impl Iterator<Item = (u32, Message)> {
        let first = number.max(1);
        let skipped = usize::try_from(first.saturating_sub(1)).unwrap_or(usize::MAX);
        (first..)
            .zip(self.messages.iter().skip(skipped).copied())
            .filter(|(number, _)| !self.deleted.contains(&number.saturating_sub(1)))
    }

    /// Notes that a message is being retrieved. Who retrieves one after the other will go on with it: then these come next, if
    /// that was not said before.
    pub(super) fn retrieved(&mut self, number: u32) -> Vec<Foreseen> {
        let (last, foreseen) = self.retrieved;
        let goes_on = last > 0 && last.checked_add(1) == Some(number);
        self.retrieved = (number, if goes_on { foreseen } else { 0 });
        if !goes_on || number <= foreseen {
            return Vec::new();
        }
        let next: Vec<_> = self.from(number).take(FORESEEN).collect();
        self.retrieved.1 = next.last().map_or(number, |(last, _)| *last);
        let body =
            |(_, Message { uid, size }): (u32, Message)| Foreseen::Body { uid, offset: 0, length: size };
        next.into_iter().map(body).collect()
    }

    /// RFC 1939 section 7: from 1 to 70 characters, never given to another message of this maildrop. It is UID and UIDVALIDITY
    /// in hexadecimal, the default form of Dovecot: where both came over with the mail, nothing is fetched a second time.
    pub(super) fn unique_id(&self, message: Message) -> String {
        format!("{:08x}{:08x}", message.uid, self.uid_validity)
    }

    /// How many messages there are, and octets in them; those that are marked as deleted are not counted.
    pub(super) fn totals(&self) -> (usize, u64) {
        let (all, deleted) = self.octets;
        (self.messages.len().saturating_sub(self.deleted.len()), all.saturating_sub(deleted))
    }

    /// Marks a message as deleted; `false` when there is none of that number.
    pub(super) fn delete(&mut self, number: u32) -> bool {
        let (Some(message), Some(place)) = (self.message(number), number.checked_sub(1)) else {
            return false;
        };
        self.octets.1 = self.octets.1.saturating_add(message.size.into());
        self.deleted.insert(place)
    }

    /// Takes all marks away.
    pub(super) fn reset(&mut self) {
        self.deleted.clear();
        self.octets.1 = 0;
    }

    /// The messages that are marked as deleted, and how many they are.
    pub(super) fn into_deleted(self) -> (Vec<UidRange>, usize) {
        let places = self.deleted.iter().filter_map(|place| usize::try_from(*place).ok());
        let uids = places.filter_map(|place| self.messages.get(place)).map(|message| message.uid);
        (UidRange::of(uids), self.deleted.len())
    }
}
