//! kill -9 of each role under load: the others go on, it is back in two seconds, and no acknowledged message is missing or
//! doubled. The clients count only what was acknowledged, by a Message-ID of its own for each attempt.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bulkhead_tests::mail::{Smtp, curl, python_says};
use bulkhead_tests::suite::{Options, Suite, User, signal, text_of};

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";
const CLIENTS: u64 = 4;

/// Clients that deliver as fast as they can until told to stop.
struct Load {
    stop: AtomicBool,
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<String>>,
}

impl Load {
    fn new() -> Self {
        Load { stop: AtomicBool::new(false), next: AtomicU64::new(0), acknowledged: Mutex::default() }
    }

    fn client(&self, port: u16) {
        while !self.stop.load(Ordering::Relaxed) {
            // A connection that breaks is made again, as a sending server does.
            if self.connection(port).is_err() {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn connection(&self, port: u16) -> std::io::Result<()> {
        let mut smtp = Smtp::connect(port)?;
        smtp.say("EHLO load.example")?;
        while !self.stop.load(Ordering::Relaxed) {
            let id = format!("<{}@load.example>", self.next.fetch_add(1, Ordering::Relaxed));
            let message = format!(
                "From: load@load.example\r\nMessage-ID: {id}\r\nSubject: load\r\n\r\n{}",
                "x".repeat(2000)
            );
            if smtp.deliver(LOGIN, &message)? {
                self.acknowledged.lock().expect("no client panicked").insert(id);
            }
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().expect("no client panicked").len()
    }
}

/// `make soak` does it with ten suites: in one, a role that dies again and again is started later each time.
fn kill_under_load(role: &str, kills: u32) {
    let suites = if std::env::var_os("BULKHEAD_SOAK").is_some() { 10 } else { 1 };
    for _ in 0..suites {
        kill_in_one_suite(role, kills);
    }
}

fn kill_in_one_suite(role: &str, kills: u32) {
    let limits = Options { mx: "max_connections_per_address = 1000", ..Options::default() };
    let suite = Suite::start(User::here()[0], limits);
    suite.import(&[(LOGIN, PASSWORD)]);
    let load = Load::new();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| load.client(suite.smtp));
        }
        for round in 0..kills {
            thread::sleep(Duration::from_millis(700 + u64::from(round % 3) * 150));
            let before = load.count();
            let master = suite.master_pid();
            let others: BTreeSet<u32> = all_pids(&suite);
            let victim = suite.pids(role)[0];
            signal(victim, "KILL");
            let killed = Instant::now();
            let back = wait_for(Duration::from_secs(2), || {
                let pids = suite.pids(role);
                !pids.contains(&victim) && pids.len() == others_of(role) && all_ready(&suite)
            });
            assert!(back, "{role} is not back in two seconds\n{}", suite.log());
            eprintln!("{role} was back after {:?}", killed.elapsed());
            let now = all_pids(&suite);
            assert_eq!(suite.master_pid(), master);
            assert!(
                others.iter().all(|pid| *pid == victim || now.contains(pid)),
                "somebody else died with {role}"
            );
            let goes_on = wait_for(Duration::from_secs(15), || load.count() > before + 5);
            assert!(goes_on, "after {role} was killed no mail is taken any more\n{}", suite.log());
        }
        load.stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = load.acknowledged.into_inner().expect("no client panicked");
    let listed = python_says(&suite, "list_ids.py", &[LOGIN, PASSWORD]);
    let found: Vec<String> = listed.lines().map(str::to_owned).collect();
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    let missing: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(missing.is_empty(), "acknowledged and not there: {missing:?}\n{}", suite.log());
    let doubled = acknowledged.iter().filter(|id| found.iter().filter(|one| one == id).count() > 1).count();
    assert_eq!(doubled, 0, "acknowledged once, there twice");
    assert!(acknowledged.len() > 20, "only {} messages: that was no load", acknowledged.len());
    eprintln!(
        "{role}: {} messages acknowledged over {kills} kills, {} there",
        acknowledged.len(),
        found.len()
    );
}

fn others_of(role: &str) -> usize {
    if matches!(role, "mx" | "imap" | "pop3") { 2 } else { 1 }
}

fn all_pids(suite: &Suite) -> BTreeSet<u32> {
    let roles = ["store", "keys", "auth", "mx", "imap", "pop3", "submission", "lmtp"];
    roles.iter().flat_map(|role| suite.pids(role)).collect()
}

fn all_ready(suite: &Suite) -> bool {
    suite.status().as_array().is_some_and(|rows| rows.iter().all(|row| row["state"] == "ready"))
}

fn wait_for(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let asked = Instant::now();
    while asked.elapsed() < patience {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(30));
    }
    false
}

#[test]
fn the_store_is_killed() {
    kill_under_load("store", 4);
}

#[test]
fn auth_is_killed() {
    kill_under_load("auth", 3);
}

#[test]
fn keys_is_killed() {
    kill_under_load("keys", 3);
}

#[test]
fn an_mx_is_killed() {
    kill_under_load("mx", 4);
}

#[test]
fn an_imap_is_killed() {
    kill_under_load("imap", 3);
}

#[test]
fn a_pop3_is_killed() {
    kill_under_load("pop3", 3);
}

#[test]
fn the_master_is_killed_and_nobody_is_left() {
    let suite = Suite::start(User::here()[0], Options::default());
    let pids = all_pids(&suite);
    assert_eq!(pids.len(), 11);
    signal(suite.master_pid(), "KILL");
    let gone = wait_for(Duration::from_secs(5), || {
        pids.iter().all(|pid| {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        })
    });
    assert!(gone, "a role outlives its master");
}

#[test]
fn logins_and_handshakes_come_back_after_each_kill() {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[(LOGIN, PASSWORD)]);
    for role in ["keys", "auth", "store", "imap", "pop3", "submission", "lmtp", "mx"] {
        for pid in suite.pids(role) {
            signal(pid, "KILL");
        }
        let back = wait_for(Duration::from_secs(5), || {
            let status = curl(&suite, &format!("{LOGIN}:{PASSWORD}"), "", Some("STATUS INBOX (MESSAGES)"));
            text_of(&status).contains("MESSAGES 0")
        });
        assert!(back, "no login after {role} was killed\n{}", suite.log());
    }
}
