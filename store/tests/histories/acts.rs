//! What can happen to a store, at random.

use std::collections::BTreeSet;

use bulkhead_store::index::Uids;
use bulkhead_store::log::{BodyId, Compressor, PreparedBody};
use bulkhead_store::plan::{NewMessage, Operation};
use ipc::mail::{AccountId, MailboxId, SystemFlags, TransactionId, UidRange};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::FlagChange;
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
    let range = (1..9_u32, 0..9_u32).prop_map(|(first, last)| UidRange { first, last });
    prop_oneof![Just(vec![UidRange { first: 1, last: u32::MAX }]), prop::collection::vec(range, 0..4),]
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
    (account(), prop_oneof![8 => Just(1), 1 => 1..=MAILBOXES])
}

fn change() -> impl Strategy<Value = FlagChange> {
    prop::sample::select(vec![FlagChange::Replace, FlagChange::Add, FlagChange::Remove])
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
    prop_oneof![4 => create, 12 => deliver, 10 => append, 12 => flags, 5 => expunge, 1 => remove]
}
