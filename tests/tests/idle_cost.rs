//! What an idle session costs: PSS of the IMAP workers at 1,000 logged-in TLS sessions in IDLE.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bulkhead_tests::suite::{Options, Suite, User};

const SESSIONS: u64 = 1000;
/// KiB a session may cost at the most; what it does cost is printed. As a task with TLS, 20 KiB were measured for the rustls
/// connection alone; a debug build has larger futures.
const LIMIT: u64 = 64;

fn pss(suite: &Suite, role: &str) -> u64 {
    let kib = |pid: &u32| -> u64 {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("smaps_rollup");
        let line = rollup.lines().find(|line| line.starts_with("Pss:")).expect("Pss");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("KiB")
    };
    suite.pids(role).iter().map(kib).sum()
}

#[test]
fn a_thousand_idle_sessions() {
    if !bulkhead_tests::suite::is_root() {
        eprintln!("NOT RUN: reading the memory maps of roles needs root");
        return;
    }
    let imap = "max_connections = 2000\nmax_connections_per_address = 2000";
    let suite = Suite::start(User::here()[0], Options { imap, ..Options::default() });
    suite.import(&[("anna@example.org", "correct horse")]);
    let (before, store_before) = (pss(&suite, "imap"), pss(&suite, "store"));
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/idle_sessions.py");
    let mut clients = Command::new("python3")
        .arg(script)
        .args([suite.smtp.to_string(), suite.imaps.to_string()])
        .args(["anna@example.org", "correct horse", &SESSIONS.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut line = String::new();
    BufReader::new(clients.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(line, "open\n", "{}", suite.log());
    let each = (pss(&suite, "imap") - before).div_ceil(SESSIONS);
    let store = (pss(&suite, "store").saturating_sub(store_before)).div_ceil(SESSIONS);
    eprintln!(
        "an idle IMAP session over TLS costs {each} KiB in its worker and {store} KiB in the store (PSS)"
    );
    drop(clients.stdin.take());
    clients.wait().expect("it ends");
    assert!(each <= LIMIT, "{each} KiB a session");
}
