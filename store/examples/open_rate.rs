//! How long a start takes with many small messages. Arguments: a directory on the disk that is measured, how many.
//!
//! Messages go to 1000 accounts; then the store is opened with its index, after a kill that left two seconds to replay, and
//! without its index.

#![expect(clippy::unwrap_used, reason = "a program for whoever measures: what fails is shown")]

use std::path::Path;
use std::time::{Duration, Instant};

use bulkhead_store::engine::{Engine, Threads};
use bulkhead_store::plan::{Operation, Outcome};
use bulkhead_store::tables::NAME;
use ipc::mail::{AccountId, TransactionId};
use ipc::service::deliver::Folder;

const ACCOUNTS: u64 = 1000;
const AT_ONCE: u64 = 250;

fn main() {
    let place = std::env::args().nth(1).unwrap();
    let messages: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(Path::new(&place), messages));
}

async fn measure(place: &Path, messages: u64) {
    let begun = Instant::now();
    let engine = open(place, "empty").await;
    let accounts = (0..ACCOUNTS).map(AccountId).collect();
    assert_eq!(engine.submit(Operation::Create { accounts }).await, Outcome::Done);
    for first in (0..messages).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let batch = (first..messages.min(first + AT_ONCE))
            .map(|number| tokio::spawn(deliver(engine.clone(), number)));
        for delivery in batch.collect::<Vec<_>>() {
            delivery.await.unwrap();
        }
    }
    println!("{messages} delivered in {:.1} s; {}", begun.elapsed().as_secs_f64(), memory());
    drop(engine);
    let engine = open(place, "after a kill").await;
    engine.flush().await;
    drop(engine);
    let engine = open(place, "after an orderly end").await;
    engine.flush().await;
    drop(engine);
    std::fs::remove_file(place.join(NAME)).unwrap();
    drop(open(place, "without the index").await);
}

async fn open(place: &Path, how: &str) -> Engine {
    // The one before lets go of its files a moment after it was dropped.
    std::thread::sleep(Duration::from_secs(3));
    let threads = Threads::start().unwrap();
    let begun = Instant::now();
    let (engine, _) = Engine::open(place, threads).await.unwrap();
    println!("{how}: open in {:.3} s, {:?}; {}", begun.elapsed().as_secs_f64(), engine.recovered(), memory());
    engine
}

async fn deliver(engine: Engine, number: u64) {
    let accounts = vec![AccountId(number.wrapping_mul(7919) % ACCOUNTS)];
    let operation = |message| Operation::Deliver { message, accounts, folder: Folder::Inbox };
    let raw = format!("Subject: {number}\r\n\r\nhello\r\n").into_bytes();
    let outcome = engine.add(TransactionId(number.into()), raw, Vec::new(), operation).await;
    assert_eq!(outcome, Outcome::Done);
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().replace('\t', " ")
}
