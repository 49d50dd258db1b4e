//! Delivers to one account until it is killed, and writes the number of each transaction once it is acknowledged; now and then
//! it moves what is in the inbox to another mailbox: the victim of the crash tests. Arguments: the store's directory, the number to begin with.

#![expect(clippy::unwrap_used, reason = "a test's program: what fails here is the test")]

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bulkhead_store::engine::{Engine, Threads};
use bulkhead_store::index::Uids;
use bulkhead_store::plan::{Operation, Originals, Outcome};
use ipc::mail::{AccountId, TransactionId};
use ipc::service::deliver::Folder;

#[path = "../tests/crash/mail.rs"]
mod mail;

/// Deliveries that wait at once.
const AT_ONCE: usize = 8;
/// Of so many deliveries one is followed by a move.
const MOVES: u64 = 16;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap();
    let first: u64 = arguments.next().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(deliver(Path::new(&directory), first));
}

async fn deliver(directory: &Path, first: u64) {
    let (engine, _notices) = Engine::open(directory, Threads::start().unwrap()).await.unwrap();
    let account = AccountId(mail::ACCOUNT);
    assert_eq!(engine.submit(Operation::Create { accounts: vec![account] }).await, Outcome::Done);
    let next = Arc::new(AtomicU64::new(first));
    let workers: Vec<_> =
        (0..AT_ONCE).map(|_| tokio::spawn(worker(engine.clone(), Arc::clone(&next)))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn worker(engine: Engine, next: Arc<AtomicU64>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (accounts, folder) = (vec![AccountId(mail::ACCOUNT)], Folder::Inbox);
        let transaction = TransactionId(number.into());
        let operation = |message| Operation::Deliver { message, accounts, folder };
        let outcome = engine.add(transaction, mail::raw(number), mail::structure(number), operation).await;
        assert_eq!(outcome, Outcome::Done);
        // One write a line: it is with the reader when this returns.
        std::io::stdout().lock().write_all(format!("{number}\n").as_bytes()).unwrap();
        if number.is_multiple_of(MOVES) {
            move_all(&engine).await;
        }
    }
}

async fn move_all(engine: &Engine) {
    let (account, originals) = (AccountId(mail::ACCOUNT), Originals::Go);
    let [from, to] = mail::MAILBOXES;
    let outcome = engine.submit(Operation::Copy { account, from, uids: Uids::all(), to, originals }).await;
    assert!(matches!(outcome, Outcome::Copied(_)), "{outcome:?}");
}
