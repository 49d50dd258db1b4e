//! A commit that the disk has spoilt: the store says so, goes on, and gives no number twice.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails here is the test")]

mod common;
#[path = "common/load.rs"]
mod load;

use std::os::unix::fs::FileExt;
use std::path::Path;

use bulkhead_store::engine::Engine;
use bulkhead_store::index::JUMP;
use bulkhead_store::log::BodyRef;
use bulkhead_store::plan::{Operation, Outcome};
use ipc::mail::{AccountId, MailboxId, TransactionId, Uid};
use ipc::service::deliver::Folder;

const ACCOUNT: AccountId = AccountId(1);

async fn deliver(engine: &Engine, number: u128) {
    let operation = |message| Operation::Deliver { message, accounts: vec![ACCOUNT], folder: Folder::Inbox };
    let outcome = engine.add(TransactionId(number), b"mail".to_vec(), vec![], operation).await;
    assert_eq!(outcome, Outcome::Done);
}

async fn inbox(engine: &Engine) -> Vec<(Uid, BodyRef)> {
    load::load(engine).await;
    let index = engine.index();
    let inbox = index.mailbox(ACCOUNT, MailboxId(1)).unwrap();
    inbox.rows(0).map(|row| (row.uid, inbox.message(row.uid).unwrap().body)).collect()
}

/// Flips a byte.
fn spoil(directory: &Path, body: &BodyRef, behind: u64) {
    let name = format!("seg-{}.log", body.position.segment);
    let file = std::fs::File::options().read(true).write(true).open(directory.join(name)).unwrap();
    let at = body.position.offset + behind;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
}

/// Where the record behind a body begins, counted from the body's.
fn next_record(body: &BodyRef) -> u64 {
    (40 + u64::from(body.length)).next_multiple_of(8)
}

#[tokio::test]
async fn a_lost_group_costs_its_messages_and_no_uid_is_given_twice() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    assert_eq!(engine.submit(Operation::Create { accounts: vec![ACCOUNT] }).await, Outcome::Done);
    for number in 0..5 {
        deliver(&engine, number).await;
    }
    let third = inbox(&engine).await[2].1;
    drop(engine);
    spoil(place.path(), &third, next_record(&third) + 80);

    let (engine, _) = common::open(place.path(), usize::MAX).await;
    deliver(&engine, 10).await;
    let uids: Vec<_> = inbox(&engine).await.into_iter().map(|(uid, _)| uid).collect();
    assert_eq!(uids, [1, 2, 4, 5, 6 + JUMP]);
    drop(engine);

    // The place is known now: the next start does not jump again.
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    deliver(&engine, 11).await;
    assert_eq!(inbox(&engine).await.last().map(|(uid, _)| *uid), Some(7 + JUMP));
    // What was in the lost group can come again.
    deliver(&engine, 2).await;
    assert_eq!(inbox(&engine).await.len(), 7);
}

#[tokio::test]
async fn a_spoilt_body_is_not_served_and_its_neighbours_are() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = common::open(place.path(), usize::MAX).await;
    assert_eq!(engine.submit(Operation::Create { accounts: vec![ACCOUNT] }).await, Outcome::Done);
    for number in 0..3 {
        deliver(&engine, number).await;
    }
    let bodies = inbox(&engine).await;
    let [(_, first), (_, second), (_, third)] = bodies.as_slice() else { panic!("three") };
    spoil(place.path(), second, 66);
    assert!(engine.read(*second).await.is_err());
    assert_eq!(engine.read(*first).await.unwrap(), b"mail");
    assert_eq!(engine.read(*third).await.unwrap(), b"mail");
}
