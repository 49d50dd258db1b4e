//! A mailbox of the model.

use std::collections::BTreeMap;

use ipc::mail::{ModSeq, SystemFlags, Uid, UidRange};
use ipc::service::mailbox::{FlagChange, MessageRow, SpecialUse};

#[derive(Clone, Default)]
pub(crate) struct Box {
    pub(crate) name: String,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) uid_next: Uid,
    pub(crate) modseq: ModSeq,
    pub(crate) keywords: Vec<String>,
    pub(crate) messages: BTreeMap<Uid, Mail>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mail {
    pub(crate) modseq: ModSeq,
    pub(crate) flags: u8,
    pub(crate) keywords: u64,
    pub(crate) size: u32,
    pub(crate) transaction: u128,
    pub(crate) opaque: bool,
}

impl Box {
    pub(crate) fn new(name: &str, special_use: Option<SpecialUse>) -> Self {
        Box { name: name.to_owned(), special_use, uid_next: 1, modseq: 1, ..Box::default() }
    }

    /// Adds it, with a mod-sequence of this mailbox.
    pub(crate) fn add(&mut self, mail: Mail) -> Uid {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.modseq += 1;
        self.messages.insert(uid, Mail { modseq: self.modseq, ..mail });
        uid
    }

    /// The bits of keywords, `grow` adding the unknown ones.
    pub(crate) fn bits(&mut self, keywords: &[String], grow: bool) -> u64 {
        let mut bits = 0;
        for keyword in keywords {
            let known = self.keywords.iter().position(|known| known.eq_ignore_ascii_case(keyword));
            if known.is_none() && grow {
                self.keywords.push(keyword.clone());
            }
            bits |= known.or(grow.then(|| self.keywords.len() - 1)).map_or(0, |bit| 1 << bit);
        }
        bits
    }

    pub(crate) fn flag(
        &mut self,
        uids: &[UidRange],
        change: FlagChange,
        flags: u8,
        keywords: &[String],
    ) -> Vec<Uid> {
        let named = self.within(uids);
        if named.is_empty() {
            return named;
        }
        let bits = self.bits(keywords, change != FlagChange::Remove);
        for uid in &named {
            let mail = self.messages.get_mut(uid).unwrap();
            let new = match change {
                FlagChange::Replace => (flags, bits),
                FlagChange::Add => (mail.flags | flags, mail.keywords | bits),
                FlagChange::Remove => (mail.flags & !flags, mail.keywords & !bits),
            };
            if new != (mail.flags, mail.keywords) {
                self.modseq += 1;
                (mail.flags, mail.keywords, mail.modseq) = (new.0, new.1, self.modseq);
            }
        }
        named
    }

    pub(crate) fn expunge(&mut self, uids: &[UidRange]) {
        let deleted = |(uid, mail): (&Uid, &Mail)| {
            let named = uids.iter().any(|range| range.contains(*uid));
            (named && mail.flags & SystemFlags::DELETED.0 != 0).then_some(*uid)
        };
        let gone: Vec<Uid> = self.messages.iter().filter_map(deleted).collect();
        for uid in gone {
            self.messages.remove(&uid);
            self.modseq += 1;
        }
    }

    /// Takes these messages out, whatever their flags.
    pub(crate) fn take(&mut self, uids: &[Uid]) {
        for uid in uids {
            self.messages.remove(uid);
            self.modseq += 1;
        }
    }

    /// Adds messages of another mailbox, under new UIDs.
    pub(crate) fn add_copies(&mut self, of: &Box, uids: &[Uid]) -> Vec<Uid> {
        let named = |bits: u64| -> Vec<String> {
            let names = of.keywords.iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
            names.map(|(_, name)| name.clone()).collect()
        };
        let mails: Vec<&Mail> = uids.iter().map(|uid| &of.messages[uid]).collect();
        // The table grows in the order that the other one has.
        self.bits(&named(mails.iter().fold(0, |all, mail| all | mail.keywords)), true);
        let copy = |mail: &Mail| {
            let keywords = self.bits(&named(mail.keywords), true);
            self.add(Mail { keywords, ..mail.clone() })
        };
        mails.into_iter().map(copy).collect()
    }

    /// The UIDs of these that are there.
    pub(crate) fn within(&self, uids: &[UidRange]) -> Vec<Uid> {
        let all = self.messages.keys().copied();
        all.filter(|uid| uids.iter().any(|range| range.contains(*uid))).collect()
    }

    pub(crate) fn equals(&self, there: &bulkhead_store::index::Mailbox) -> Result<(), String> {
        let rows: BTreeMap<Uid, Mail> = there.rows(0).map(|row| (row.uid, Mail::of(&row))).collect();
        if (&there.name, there.special_use) != (&self.name, self.special_use) {
            return Err(format!("{} is {} {:?}", self.name, there.name, there.special_use));
        }
        let counters = (there.uid_next, there.modseq, &there.keywords);
        let unseen = self.messages.values().filter(|mail| mail.flags & SystemFlags::SEEN.0 == 0).count();
        let status = there.status();
        if counters != (self.uid_next, self.modseq, &self.keywords)
            || rows != self.messages
            || (status.messages as usize, status.unseen as usize) != (rows.len(), unseen)
            || status.recent != status.messages
        {
            return Err(format!("{}: {counters:?}, {rows:?}, and should be {:?}", there.name, self.messages));
        }
        Ok(())
    }
}

impl Mail {
    /// One that comes; its mailbox gives it a mod-sequence.
    pub(crate) fn new(flags: u8, keywords: u64, size: u32, transaction: u128) -> Self {
        Mail { modseq: 0, flags, keywords, size, transaction, opaque: false }
    }

    pub(crate) fn of(row: &MessageRow) -> Self {
        let (flags, transaction) = (row.flags.0, row.id.0);
        let MessageRow { modseq, keywords, size, opaque, .. } = *row;
        Mail { modseq, flags, keywords, size, transaction, opaque }
    }
}
