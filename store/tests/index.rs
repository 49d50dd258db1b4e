//! The index on the disk: a start goes on from it, and whatever is wrong with it, the log has the last word.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails here is the test")]

mod common;
#[path = "common/load.rs"]
mod load;

use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bulkhead_store::engine::Engine;
use bulkhead_store::index::Uids;
use bulkhead_store::plan::{Operation, Outcome};
use bulkhead_store::tables::NAME;
use ipc::mail::{AccountId, MailboxId, SystemFlags, TransactionId, Uid};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::FlagChange;

const ACCOUNTS: u64 = 5;

async fn deliver(engine: &Engine, number: u64) {
    let accounts = vec![AccountId(number % ACCOUNTS)];
    let operation = |message| Operation::Deliver { message, accounts, folder: Folder::Inbox };
    let outcome = engine.add(TransactionId(number.into()), raw(number), raw(number), operation).await;
    assert_eq!(outcome, Outcome::Done);
}

fn raw(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(20)
}

/// A store with messages, some of them changed, some gone.
async fn filled(directory: &Path, most: usize) -> Engine {
    let (engine, _) = common::open(directory, most).await;
    let accounts = (0..ACCOUNTS).map(AccountId).collect();
    assert_eq!(engine.submit(Operation::Create { accounts }).await, Outcome::Done);
    for number in 0..100 {
        deliver(&engine, number).await;
    }
    flag(&engine, SystemFlags::DELETED, 3).await;
    let expunge = Operation::Expunge { account: AccountId(0), mailbox: MailboxId(1), uids: Uids::all() };
    assert_eq!(engine.submit(expunge).await, Outcome::Done);
    engine
}

async fn flag(engine: &Engine, flags: SystemFlags, last: Uid) {
    let uids = Uids::all().split_behind(last).0;
    let (account, mailbox, change, keywords) =
        (AccountId(0), MailboxId(1), FlagChange::Add, vec!["a".into()]);
    let operation = Operation::Flags { account, mailbox, uids, change, flags, keywords };
    assert!(matches!(engine.submit(operation).await, Outcome::Flagged(_)));
}

/// Which messages there are, all of them as they came.
async fn whole(engine: &Engine) -> BTreeSet<u128> {
    load::load(engine).await;
    let mut messages = Vec::new();
    for account in (0..ACCOUNTS).map(AccountId) {
        let index = engine.index();
        let inbox = index.mailbox(account, MailboxId(1)).unwrap();
        messages.extend(inbox.within(&Uids::all()).copied());
        assert_eq!(inbox.status().messages as usize, inbox.rows(0).count());
    }
    for message in &messages {
        let expected = raw(u64::try_from(message.row.id.0).unwrap());
        assert_eq!(engine.read(message.body).await.unwrap(), expected);
        assert_eq!(engine.read(message.structure.unwrap()).await.unwrap(), expected);
    }
    messages.iter().map(|message| message.row.id.0).collect()
}

fn expected() -> BTreeSet<u128> {
    (0..100).filter(|number| ![0, 5, 10].contains(number)).collect()
}

#[tokio::test]
async fn a_start_reads_only_what_the_index_does_not_have() {
    let place = tempfile::tempdir().unwrap();
    let engine = filled(place.path(), usize::MAX).await;
    engine.flush().await;
    deliver(&engine, 1000).await;
    deliver(&engine, 1001).await;
    drop(engine);
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    // The last group before the flush is written nowhere else, two came after it.
    assert!((2..=3).contains(&engine.recovered().groups), "{:?}", engine.recovered());
    assert_eq!(whole(&engine).await, expected().into_iter().chain([1000, 1001]).collect());
    engine.flush().await;
    drop(engine);
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    assert_eq!(engine.recovered().groups, 0);
    deliver(&engine, 1000).await;
    assert_eq!(whole(&engine).await.len(), 99, "a transaction is remembered");
}

/// The last group is rewritten by each start, and its bodies move: also where the index had it already.
#[tokio::test]
async fn bodies_are_found_that_a_start_has_moved() {
    let place = tempfile::tempdir().unwrap();
    drop(filled(place.path(), usize::MAX).await);
    for number in 0..5 {
        let (engine, _) = common::open(place.path(), 0).await;
        deliver(&engine, 1000 + number).await;
        if number % 2 == 0 {
            engine.flush().await;
        }
        drop(engine);
        let (engine, _) = common::open(place.path(), 0).await;
        if number < 3 {
            engine.flush().await;
        }
        assert_eq!(whole(&engine).await.len(), 98 + usize::try_from(number).unwrap());
    }
}

#[tokio::test]
async fn messages_that_nobody_looks_at_leave_the_memory_and_come_back() {
    let place = tempfile::tempdir().unwrap();
    let engine = filled(place.path(), 10).await;
    engine.flush().await;
    deliver(&engine, 1000).await;
    let cold = |account| engine.index().missing((AccountId(account), MailboxId(1))).is_some();
    assert!((0..ACCOUNTS).all(cold));
    let status = engine.index().mailbox(AccountId(1), MailboxId(1)).unwrap().status();
    assert_eq!((status.messages, status.unseen), (20, 20), "the counters stay");
    flag(&engine, SystemFlags::SEEN, Uid::MAX).await;
    let status = engine.index().mailbox(AccountId(0), MailboxId(1)).unwrap().status();
    assert_eq!((status.messages, status.unseen), (18, 0));
    assert_eq!(whole(&engine).await.len(), 98);
}

/// An index of another time, or of another store, is not gone on from.
#[tokio::test]
async fn an_index_that_is_not_of_this_log_is_made_again() {
    let (place, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = filled(place.path(), usize::MAX).await;
    engine.flush().await;
    drop(engine);
    let stranger = filled(other.path(), usize::MAX).await;
    stranger.flush().await;
    drop(stranger);
    // A log that is older than its index.
    let older = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), older.path().join(entry.file_name())).unwrap();
    }
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    for number in 1000..1005 {
        deliver(&engine, number).await;
    }
    engine.flush().await;
    drop(engine);
    for wrong in [place.path(), other.path()] {
        // What was just closed lets go of its files a moment later.
        drop(common::open(wrong, usize::MAX).await);
        std::fs::copy(wrong.join(NAME), older.path().join(NAME)).unwrap();
        let (engine, _) = common::open(older.path(), usize::MAX).await;
        assert!(engine.recovered().groups > 100);
        assert_eq!(whole(&engine).await, expected());
    }
}

/// The negative control of the tests above and of the histories: an index that has lost a row is found out by them.
#[tokio::test]
async fn an_index_that_lost_a_row_would_be_noticed() {
    let place = tempfile::tempdir().unwrap();
    let engine = filled(place.path(), usize::MAX).await;
    engine.flush().await;
    drop(engine);
    drop(common::open(place.path(), usize::MAX).await);
    let table = redb::TableDefinition::<(u64, u64, u32), &[u8]>::new("messages");
    let database = loop {
        match redb::Database::create(place.path().join(NAME)) {
            Ok(database) => break database,
            Err(_held) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    };
    let writing = database.begin_write().unwrap();
    writing.open_table(table).unwrap().remove((1, 1, 7)).unwrap().unwrap();
    writing.commit().unwrap();
    drop(database);
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    load::load(&engine).await;
    let index = engine.index();
    let inbox = index.mailbox(AccountId(1), MailboxId(1)).unwrap();
    assert!(inbox.message(7).is_none() && inbox.status().messages as usize != inbox.rows(0).count());
}

/// Bytes of the index are spoilt: the store opens, and what it then serves is right.
#[tokio::test]
async fn a_spoilt_index_is_never_believed() {
    let place = tempfile::tempdir().unwrap();
    let engine = filled(place.path(), usize::MAX).await;
    engine.flush().await;
    drop(engine);
    drop(common::open(place.path(), usize::MAX).await);
    for (at, length) in [(0, 64), (0, 9), (64, 256), (0, 4096)] {
        let file = std::fs::File::options().write(true).open(place.path().join(NAME)).unwrap();
        file.write_all_at(&vec![0xa5; length], at).unwrap();
        let (engine, _) = common::open(place.path(), usize::MAX).await;
        assert_eq!(whole(&engine).await, expected());
        engine.flush().await;
        drop(engine);
        drop(common::open(place.path(), usize::MAX).await);
    }
}
