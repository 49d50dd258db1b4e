//! What a store is, in the simplest words: maps in memory.

use std::collections::{BTreeMap, BTreeSet};

use bulkhead_store::index::Index;
use bulkhead_store::plan::Outcome;
use ipc::mail::{AccountId, MailboxId, TransactionId, Uid, UidRange};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{Refusal, SpecialUse};

use super::acts::Act;
use super::boxes::{Box, Mail};

/// The mailboxes of a new account.
const NEW: [(&str, Option<SpecialUse>); 6] = [
    ("INBOX", None),
    ("Archive", Some(SpecialUse::Archive)),
    ("Drafts", Some(SpecialUse::Drafts)),
    ("Junk", Some(SpecialUse::Junk)),
    ("Sent", Some(SpecialUse::Sent)),
    ("Trash", Some(SpecialUse::Trash)),
];
/// How many they are.
pub(crate) const MAILBOXES: u64 = NEW.len() as u64;
const INBOX: u64 = 1;

#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) removed: BTreeSet<u64>,
    pub(crate) transactions: BTreeMap<u128, Option<(u64, u64, Uid)>>,
}

#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) boxes: BTreeMap<u64, Box>,
    pub(crate) subscribed: BTreeSet<String>,
    pub(crate) next: u64,
}

/// What an act is answered. The mailbox of a UIDVALIDITY is looked up; it is unknown of one that was made and removed
/// between two looks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Appended { place: Option<(u64, u64)>, uid: Uid },
    Flagged(Vec<Uid>),
    Created(u64),
    Copied { place: Option<(u64, u64)>, source: Vec<UidRange>, copies: Vec<UidRange> },
    NoAccount,
    Refused(Refusal),
}

impl Answer {
    /// Is it what was heard?
    pub(crate) fn is(&self, heard: &Answer) -> bool {
        let mut expected = self.clone();
        match (&mut expected, heard) {
            (Answer::Appended { place, .. }, Answer::Appended { place: None, .. })
            | (Answer::Copied { place, .. }, Answer::Copied { place: None, .. }) => *place = None,
            _ => {}
        }
        expected == *heard
    }
}

impl Account {
    fn new() -> Self {
        let boxes =
            (1..).zip(NEW).map(|(id, (name, special_use))| (id, Box::new(name, special_use))).collect();
        let subscribed = NEW.iter().map(|(name, _)| (*name).to_owned()).collect();
        Account { boxes, subscribed, next: MAILBOXES + 1 }
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
                let done = self.transactions.get(transaction).copied().flatten();
                let Some(found) = self.mailbox(*account, *mailbox) else {
                    return Answer::Refused(Refusal::NoMailbox);
                };
                // what was removed again is appended again
                let here = done.filter(|(whose, of, _)| (whose, of) == (account, mailbox));
                let is_it = |mail: &Mail| mail.transaction == *transaction;
                if let Some((_, _, uid)) =
                    here.filter(|(_, _, uid)| found.messages.get(uid).is_some_and(is_it))
                {
                    return Answer::Appended { place: Some((*account, *mailbox)), uid };
                }
                let bits = found.bits(keywords, true);
                let uid = found.add(Mail::new(*flags, bits, *size, *transaction));
                self.transactions.insert(*transaction, Some((*account, *mailbox, uid)));
                Answer::Appended { place: Some((*account, *mailbox)), uid }
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
            Act::CreateMailbox { account, name, special_use } => {
                self.on(*account, Answer::NoAccount, |found| found.make(name, *special_use))
            }
            Act::DeleteMailbox { account, mailbox } => {
                self.on(*account, Answer::Refused(Refusal::NoMailbox), |found| found.delete(*mailbox))
            }
            Act::RenameMailbox { account, mailbox, name } => {
                self.on(*account, Answer::Refused(Refusal::NoMailbox), |found| found.rename(*mailbox, name))
            }
            Act::Subscribe { account, name, subscribed } => {
                self.on(*account, Answer::NoAccount, |found| found.subscribe(name, *subscribed))
            }
            Act::Copy { account, from, uids, to, originals } => {
                let key = (*account, *to);
                self.on(*account, Answer::Refused(Refusal::NotSelected), |found| {
                    found.copy(*from, uids, key, *originals)
                })
            }
            Act::Distrust { account, mailbox, uid } => match self.mailbox(*account, *mailbox) {
                Some(found) => found.distrust(*uid),
                None => Answer::Refused(Refusal::NotSelected),
            },
        }
    }

    fn on(&mut self, account: u64, missing: Answer, act: impl FnOnce(&mut Account) -> Answer) -> Answer {
        self.accounts.get_mut(&account).map_or(missing, act)
    }

    fn mailbox(&mut self, account: u64, mailbox: u64) -> Option<&mut Box> {
        self.accounts.get_mut(&account)?.boxes.get_mut(&mailbox)
    }

    fn create(&mut self, accounts: &[u64]) -> Answer {
        if !accounts.is_empty() && accounts.iter().all(|account| self.removed.contains(account)) {
            return Answer::NoAccount;
        }
        for account in accounts.iter().filter(|account| !self.removed.contains(account)) {
            self.accounts.entry(*account).or_insert_with(Account::new);
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
        for account in accounts {
            let boxes = &mut self.accounts.get_mut(account).unwrap().boxes;
            let junk = boxes.values_mut().find(|found| found.special_use == Some(SpecialUse::Junk));
            let found = match junk.filter(|_| folder == Folder::Junk) {
                Some(junk) => junk,
                None => boxes.get_mut(&INBOX).unwrap(),
            };
            found.add(Mail::new(0, 0, size, transaction));
        }
        self.transactions.insert(transaction, None);
        Answer::Done
    }

    /// What the store said, in the model's words.
    pub(crate) fn heard(outcome: &Outcome, validities: &BTreeMap<u32, (u64, u64)>) -> Answer {
        match outcome {
            Outcome::Done => Answer::Done,
            Outcome::Appended(uid_validity, uid) => {
                Answer::Appended { place: validities.get(uid_validity).copied(), uid: *uid }
            }
            Outcome::Flagged(uids) => Answer::Flagged(uids.clone()),
            Outcome::Created(mailbox) => Answer::Created(mailbox.0),
            Outcome::Copied(copied) => Answer::Copied {
                place: validities.get(&copied.uid_validity).copied(),
                source: copied.source.clone(),
                copies: copied.copies.clone(),
            },
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
            let Some((here, there)) = here.zip(there) else { continue };
            let ids: Vec<u64> = there.mailboxes(None).map(|(id, _)| id.0).collect();
            if !here.boxes.keys().eq(&ids) || !here.subscribed.iter().eq(there.subscriptions(None)) {
                return Err(format!("account {account}: {ids:?} and {:?}", here.boxes.keys()));
            }
            for (id, mailbox) in &here.boxes {
                let id = MailboxId(*id);
                mailbox.equals(index.mailbox(AccountId(account), id).unwrap())?;
                if there.named(&mailbox.name) != Some(id) {
                    return Err(format!("{} is not found by its name", mailbox.name));
                }
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
