//! What a store is, in the simplest words: maps in memory.

use std::collections::{BTreeMap, BTreeSet};

use bulkhead_store::index::Index;
use bulkhead_store::plan::Outcome;
use ipc::mail::{AccountId, MailboxId, ModSeq, SystemFlags, TransactionId, Uid, UidRange};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{FlagChange, Refusal};

use super::acts::Act;

/// INBOX, and the five mailboxes with a special use; Junk is the fourth.
pub(crate) const MAILBOXES: u64 = 6;
const JUNK: u64 = 4;

#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) accounts: BTreeMap<u64, BTreeMap<u64, Box>>,
    pub(crate) removed: BTreeSet<u64>,
    pub(crate) transactions: BTreeMap<u128, Option<(u64, u64, Uid)>>,
}

#[derive(Clone, Default)]
pub(crate) struct Box {
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
}

/// What an act is answered; the UIDVALIDITY of an append is looked up by its mailbox.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Appended { account: u64, mailbox: u64, uid: Uid },
    Flagged(Vec<Uid>),
    NoAccount,
    Refused(Refusal),
}

impl Box {
    fn add(&mut self, flags: u8, keywords: u64, size: u32, transaction: u128) -> Uid {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.modseq += 1;
        self.messages.insert(uid, Mail { modseq: self.modseq, flags, keywords, size, transaction });
        uid
    }

    /// The bits of keywords, `grow` adding the unknown ones.
    fn bits(&mut self, keywords: &[String], grow: bool) -> u64 {
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
}

impl Model {
    pub(crate) fn act(&mut self, act: &Act) -> Answer {
        match act {
            Act::Create { accounts } => self.create(accounts),
            Act::Remove { account } => {
                self.accounts.remove(account);
                self.removed.insert(*account);
                Answer::Done
            }
            Act::Deliver { transaction, accounts, folder, size } => {
                self.deliver(*transaction, accounts, *folder, *size)
            }
            Act::Append { transaction, account, mailbox, flags, keywords, size } => {
                if let Some(Some((account, mailbox, uid))) = self.transactions.get(transaction).copied() {
                    return Answer::Appended { account, mailbox, uid };
                }
                let Some(found) = self.mailbox(*account, *mailbox) else {
                    return Answer::Refused(Refusal::NoMailbox);
                };
                let bits = found.bits(keywords, true);
                let uid = found.add(*flags, bits, *size, *transaction);
                self.transactions.insert(*transaction, Some((*account, *mailbox, uid)));
                Answer::Appended { account: *account, mailbox: *mailbox, uid }
            }
            Act::Flags { account, mailbox, uids, change, flags, keywords } => {
                match self.mailbox(*account, *mailbox) {
                    Some(found) => Answer::Flagged(found.flag(uids, *change, *flags, keywords)),
                    None => Answer::Refused(Refusal::NoMailbox),
                }
            }
            Act::Expunge { account, mailbox, uids } => match self.mailbox(*account, *mailbox) {
                Some(found) => {
                    found.expunge(uids);
                    Answer::Done
                }
                None => Answer::Refused(Refusal::NoMailbox),
            },
        }
    }

    fn mailbox(&mut self, account: u64, mailbox: u64) -> Option<&mut Box> {
        self.accounts.get_mut(&account)?.get_mut(&mailbox)
    }

    fn create(&mut self, accounts: &[u64]) -> Answer {
        if !accounts.is_empty() && accounts.iter().all(|account| self.removed.contains(account)) {
            return Answer::NoAccount;
        }
        for account in accounts.iter().filter(|account| !self.removed.contains(account)) {
            let empty = Box { uid_next: 1, modseq: 1, ..Box::default() };
            let mailboxes = || (1..=MAILBOXES).map(|id| (id, empty.clone())).collect();
            self.accounts.entry(*account).or_insert_with(mailboxes);
        }
        Answer::Done
    }

    fn deliver(&mut self, transaction: u128, accounts: &BTreeSet<u64>, folder: Folder, size: u32) -> Answer {
        if self.transactions.contains_key(&transaction) {
            return Answer::Done;
        }
        if !accounts.iter().all(|account| self.accounts.contains_key(account)) {
            return Answer::NoAccount;
        }
        let mailbox = if folder == Folder::Junk { JUNK } else { 1 };
        for account in accounts {
            self.mailbox(*account, mailbox).unwrap().add(0, 0, size, transaction);
        }
        self.transactions.insert(transaction, None);
        Answer::Done
    }

    /// What the store said, in the model's words.
    pub(crate) fn heard(outcome: &Outcome, validities: &BTreeMap<u32, (u64, u64)>) -> Answer {
        match outcome {
            Outcome::Done => Answer::Done,
            Outcome::Appended(uid_validity, uid) => {
                let (account, mailbox) = validities[uid_validity];
                Answer::Appended { account, mailbox, uid: *uid }
            }
            Outcome::Flagged(uids) => Answer::Flagged(uids.clone()),
            Outcome::NoAccount => Answer::NoAccount,
            Outcome::Refused(why) => Answer::Refused(*why),
        }
    }

    /// Does the index say the same?
    pub(crate) fn equals(&self, index: &Index) -> Result<(), String> {
        for account in 0..super::acts::ACCOUNTS {
            let (here, there) = (self.accounts.get(&account), index.account(AccountId(account)));
            if here.is_some() != there.is_some() {
                return Err(format!("account {account}: {} {}", here.is_some(), there.is_some()));
            }
            if self.removed.contains(&account) != index.was_removed(AccountId(account)) {
                return Err(format!("account {account} was removed, or was not"));
            }
            for (id, mailbox) in here.into_iter().flatten() {
                mailbox.equals(index.mailbox(AccountId(account), MailboxId(*id)).unwrap())?;
            }
        }
        for (transaction, appended) in &self.transactions {
            let there = index.transactions.outcome(TransactionId(*transaction));
            if there.map(|there| there.map(|(_, uid)| uid)) != Some(appended.map(|(_, _, uid)| uid)) {
                return Err(format!("transaction {transaction}: {appended:?} and {there:?}"));
            }
        }
        Ok(())
    }
}

impl Box {
    fn flag(&mut self, uids: &[UidRange], change: FlagChange, flags: u8, keywords: &[String]) -> Vec<Uid> {
        let named: Vec<Uid> = self
            .messages
            .keys()
            .copied()
            .filter(|uid| uids.iter().any(|range| range.contains(*uid)))
            .collect();
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

    fn expunge(&mut self, uids: &[UidRange]) {
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

    fn equals(&self, there: &bulkhead_store::index::Mailbox) -> Result<(), String> {
        let rows: BTreeMap<Uid, Mail> = there.rows(0).map(|row| (row.uid, Mail::of(&row))).collect();
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
    pub(crate) fn of(row: &ipc::service::mailbox::MessageRow) -> Self {
        let (flags, transaction) = (row.flags.0, row.id.0);
        Mail { modseq: row.modseq, flags, keywords: row.keywords, size: row.size, transaction }
    }
}
