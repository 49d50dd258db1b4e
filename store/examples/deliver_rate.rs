//! How many deliveries a second the store takes, and what each costs. Argument: a directory on the disk that is measured.
//!
//! Messages are of 4 KiB with a structure of 1.4 KiB, to 64 accounts; each run is 5 seconds, on a store of its own.

#![expect(clippy::unwrap_used, reason = "a program for whoever measures: what fails is shown")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bulkhead_store::engine::{Engine, Threads};
use bulkhead_store::plan::{Operation, Outcome};
use ipc::mail::{AccountId, TransactionId};
use ipc::service::deliver::Folder;

const ACCOUNTS: u64 = 64;
const RUN: Duration = Duration::from_secs(5);

fn main() {
    let directory = std::env::args().nth(1).unwrap();
    println!("at once  deliveries/s  CPU us/delivery");
    for at_once in [1, 16, 64] {
        let place = Path::new(&directory).join(format!("rate-{at_once}"));
        std::fs::create_dir(&place).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (rate, cost) = runtime.block_on(measure(&place, at_once));
        println!("{at_once:7}  {rate:12.0}  {cost:15.0}");
        std::fs::remove_dir_all(place).unwrap();
    }
}

async fn measure(place: &Path, at_once: usize) -> (f64, f64) {
    let (engine, _notices) = Engine::open(place, Threads::start().unwrap()).await.unwrap();
    let accounts = (0..ACCOUNTS).map(AccountId).collect();
    assert_eq!(engine.submit(Operation::Create { accounts }).await, Outcome::Done);
    let next = Arc::new(AtomicU64::new(0));
    let (begun, cpu) = (Instant::now(), cpu_time());
    let workers: Vec<_> =
        (0..at_once).map(|_| tokio::spawn(worker(engine.clone(), Arc::clone(&next), begun))).collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    let (took, cpu) = (begun.elapsed(), cpu_time() - cpu);
    (f64::from(done) / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / f64::from(done))
}

async fn worker(engine: Engine, next: Arc<AtomicU64>, begun: Instant) -> u32 {
    let mut done = 0;
    while begun.elapsed() < RUN {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let accounts = vec![AccountId(number % ACCOUNTS)];
        let operation = |message| Operation::Deliver { message, accounts, folder: Folder::Inbox };
        let transaction = TransactionId(number.into());
        let outcome = engine.add(transaction, text(number, 4096), text(!number, 1400), operation).await;
        assert_eq!(outcome, Outcome::Done);
        done += 1;
    }
    done
}

/// Text that compresses as mail does: words of a small vocabulary in any order.
fn text(number: u64, length: usize) -> Vec<u8> {
    let words = [
        "the ",
        "of ",
        "store ",
        "reader ",
        "envelope ",
        "3f9a",
        "71bc",
        "0d2e",
        "\r\n",
        "signed ",
        "and ",
        "e6a8",
    ];
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = usize::try_from(state >> 33).unwrap_or_default() % words.len();
        bytes.extend(words.get(word).unwrap().bytes());
    }
    bytes.truncate(length);
    bytes
}

/// What this process has used so far, of all its threads (proc(5): fields 14 and 15 of stat, in hundredths of a second).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
