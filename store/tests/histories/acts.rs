//! What can happen to a store, at random.

use std::collections::BTreeSet;

use bulkhead_store::index::Uids;
use bulkhead_store::log::{BodyId, Compressor, PreparedBody};
use bulkhead_store::plan::{NewMessage, Operation, Originals};
use ipc::mail::{AccountId, MailboxId, SystemFlags, TransactionId, UidRange};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{FlagChange, SpecialUse};
use proptest::prelude::*;

use super::model::MAILBOXES;

/// Accounts that are played with.
pub(crate) const ACCOUNTS: u64 = 4;
/// Transactions, few enough that some are asked twice.
const TRANSACTIONS: u128 = 80;

/// A change.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Create {
        accounts: Vec<u64>,
    },
    Remove {
        account: u64,
    },
    Deliver {
        transaction: u128,
        accounts: BTreeSet<u64>,
        folder: Folder,
        size: u32,
    },
    Append {
        transaction: u128,
        account: u64,
        mailbox: u64,
        flags: u8,
        keywords: Vec<String>,
        size: u32,
    },
    Flags {
        account: u64,
        mailbox: u64,
        uids: Vec<UidRange>,
        change: FlagChange,
        flags: u8,
        keywords: Vec<String>,
    },
    Expunge {
        account: u64,
        mailbox: u64,
        uids: Vec<UidRange>,
    },
    CreateMailbox {
        account: u64,
        name: String,
        special_use: Option<SpecialUse>,
    },
    DeleteMailbox {
        account: u64,
        mailbox: u64,
    },
    RenameMailbox {
        account: u64,
        mailbox: u64,
        name: String,
    },
    Subscribe {
        account: u64,
        name: String,
        subscribed: bool,
    },
    Copy {
        account: u64,
        from: u64,
        uids: Vec<UidRange>,
        to: u64,
        originals: Originals,
    },
    Distrust {
        account: u64,
        mailbox: u64,
        uid: u32,
    },
}

/// A message's bytes: of its transaction's making, so that nobody has to remember them.
pub(crate) fn raw(transaction: u128, size: u32) -> Vec<u8> {
    (0..size).map(|n| (u128::from(n).wrapping_mul(transaction | 1) >> 3) as u8).collect()
}

impl Act {
    /// The operation of the store.
    pub(crate) fn operation(&self) -> Operation {
        match self.clone() {
            Act::Create { accounts } => {
                Operation::Create { accounts: accounts.into_iter().map(AccountId).collect() }
            }
            Act::Remove { account } => Operation::Remove { account: AccountId(account) },
            Act::Deliver { transaction, accounts, folder, size } => Operation::Deliver {
                message: message(transaction, size),
                accounts: accounts.into_iter().map(AccountId).collect(),
                folder,
            },
            Act::Append { transaction, account, mailbox, flags, keywords, size } => Operation::Append {
                uid: None,
                message: message(transaction, size),
                account: AccountId(account),
                mailbox: MailboxId(mailbox),
                flags: SystemFlags(flags),
                keywords,
                internal_date: Some(12345),
            },
            Act::Flags { account, mailbox, uids, change, flags, keywords } => Operation::Flags {
                account: AccountId(account),
                mailbox: MailboxId(mailbox),
                uids: Uids::of(uids),
                change,
                flags: SystemFlags(flags),
                keywords,
            },
            Act::Expunge { account, mailbox, uids } => Operation::Expunge {
                account: AccountId(account),
                mailbox: MailboxId(mailbox),
                uids: Uids::of(uids),
            },
            Act::CreateMailbox { account, name, special_use } => {
                Operation::CreateMailbox { account: AccountId(account), name, special_use }
            }
            Act::DeleteMailbox { account, mailbox } => {
                Operation::DeleteMailbox { account: AccountId(account), mailbox: MailboxId(mailbox) }
            }
            Act::RenameMailbox { account, mailbox, name } => {
                Operation::RenameMailbox { account: AccountId(account), mailbox: MailboxId(mailbox), name }
            }
            Act::Subscribe { account, name, subscribed } => {
                Operation::Subscribe { account: AccountId(account), name, subscribed }
            }
            Act::Copy { account, from, uids, to, originals } => Operation::Copy {
                account: AccountId(account),
                from: MailboxId(from),
                uids: Uids::of(uids),
                to: MailboxId(to),
                originals,
            },
            Act::Distrust { account, mailbox, uid } => {
                Operation::Distrust { account: AccountId(account), mailbox: MailboxId(mailbox), uid }
            }
        }
    }
}

fn message(transaction: u128, size: u32) -> NewMessage {
    let mut compressor = Compressor::new().unwrap();
    let id = BodyId(transaction);
    let body = PreparedBody::new(id, &raw(transaction, size), &mut compressor).unwrap();
    let structure = (size % 2 == 1).then(|| PreparedBody::new(id, b"structure", &mut compressor).unwrap());
    NewMessage { transaction: TransactionId(transaction), body, structure }
}

fn keywords() -> impl Strategy<Value = Vec<String>> {
    let keyword = prop::sample::select(vec!["$Junk", "$JUNK", "work", "Work", "a", "b"]);
    prop::collection::vec(keyword.prop_map(str::to_owned), 0..3)
}

fn ranges() -> impl Strategy<Value = Vec<UidRange>> {
    prop_oneof![Just(vec![UidRange { first: 1, last: u32::MAX }]), a_few()]
}

fn a_few() -> impl Strategy<Value = Vec<UidRange>> {
    let range = (1..9_u32, 0..9_u32).prop_map(|(first, last)| UidRange { first, last });
    prop::collection::vec(range, 0..4)
}

fn account() -> impl Strategy<Value = u64> {
    prop_oneof![5 => Just(0), 2 => 0..ACCOUNTS]
}

/// `\\Deleted` half of the time: what is deleted is expunged.
fn flags() -> impl Strategy<Value = u8> {
    prop_oneof![Just(8), 0..32_u8]
}

/// Mostly INBOX, mostly the first accounts: things have to meet.
pub(crate) fn place() -> impl Strategy<Value = (u64, u64)> {
    (account(), prop_oneof![8 => Just(1), 2 => 1..=MAILBOXES + 4])
}

fn change() -> impl Strategy<Value = FlagChange> {
    prop::sample::select(vec![FlagChange::Replace, FlagChange::Add, FlagChange::Remove])
}

/// Few enough that they meet, one in another, and two that are none.
fn name() -> impl Strategy<Value = String> {
    let names = ["a", "a/b", "a/b/b", "a/b/c", "b", "b/b", "Junk", "INBOX", "INBOX/a", "a//b", "inbox/a"];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

/// Mostly one that was made by a user, and mostly of the first account.
fn made() -> impl Strategy<Value = (u64, u64)> {
    (account(), prop_oneof![1 => 1..=MAILBOXES, 4 => MAILBOXES + 1..MAILBOXES + 7])
}

/// A change of the set of mailboxes.
fn managing() -> impl Strategy<Value = Act> {
    let special_use = prop_oneof![4 => Just(None), 1 => Just(Some(SpecialUse::Junk))];
    let create = (account(), name(), special_use)
        .prop_map(|(account, name, special_use)| Act::CreateMailbox { account, name, special_use });
    let delete = made().prop_map(|(account, mailbox)| Act::DeleteMailbox { account, mailbox });
    let which = prop_oneof![3 => made(), 1 => place()];
    let rename =
        (which, name()).prop_map(|((account, mailbox), name)| Act::RenameMailbox { account, mailbox, name });
    let subscribe = (account(), name(), prop::bool::ANY)
        .prop_map(|(account, name, subscribed)| Act::Subscribe { account, name, subscribed });
    prop_oneof![4 => create, 2 => delete, 3 => rename, 1 => subscribe]
}

fn copy() -> impl Strategy<Value = Act> {
    let mailbox = || prop_oneof![3 => Just(1), 2 => 1..MAILBOXES + 4];
    let originals = prop::sample::select(vec![Originals::Stay, Originals::Go]);
    // All of a mailbox, copied in place again and again, would be more than all.
    let open = (1..9_u32).prop_map(|first| vec![UidRange { first, last: u32::MAX }]);
    let uids = prop_oneof![1 => open, 8 => a_few()];
    (account(), mailbox(), uids, mailbox(), originals).prop_map(|(account, from, uids, to, originals)| {
        let originals =
            if from == to && uids.iter().any(|range| range.last > 9) { Originals::Go } else { originals };
        Act::Copy { account, from, uids, to, originals }
    })
}

/// Any change.
pub(crate) fn act() -> impl Strategy<Value = Act> {
    let create = prop::collection::vec(0..ACCOUNTS, 0..4).prop_map(|accounts| Act::Create { accounts });
    let folder = prop::sample::select(vec![Folder::Inbox, Folder::Junk]);
    let deliver =
        (0..TRANSACTIONS, prop::collection::btree_set(account(), 1..4), folder, 0..300_u32).prop_map(
            |(transaction, accounts, folder, size)| Act::Deliver { transaction, accounts, folder, size },
        );
    let append = (0..TRANSACTIONS, place(), flags(), keywords(), 0..300_u32).prop_map(
        |(transaction, (account, mailbox), flags, keywords, size)| Act::Append {
            transaction,
            account,
            mailbox,
            flags,
            keywords,
            size,
        },
    );
    let flags = (place(), ranges(), change(), flags(), keywords()).prop_map(
        |((account, mailbox), uids, change, flags, keywords)| Act::Flags {
            account,
            mailbox,
            uids,
            change,
            flags,
            keywords,
        },
    );
    let expunge =
        (place(), ranges()).prop_map(|((account, mailbox), uids)| Act::Expunge { account, mailbox, uids });
    let remove = prop_oneof![1 => Just(0), 9 => 1..ACCOUNTS].prop_map(|account| Act::Remove { account });
    let distrust =
        (place(), 1..9_u32).prop_map(|((account, mailbox), uid)| Act::Distrust { account, mailbox, uid });
    prop_oneof![
        4 => create,
        12 => deliver,
        10 => append,
        12 => flags,
        5 => expunge,
        10 => managing(),
        10 => copy(),
        2 => distrust,
        1 => remove,
    ]
}
