//! Sending mail as those who live here do: Python's smtplib, swaks, msmtp, curl, on 587 and 465; to here and elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bulkhead_tests::mail::{Smtp, curl, python_says};
use bulkhead_tests::suite::{Options, Suite, User, run_with_input, signal, text_of};

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";
const BEN: &str = "ben@example.org";
const FAR: &str = "dora@elsewhere.example";

fn suite(user: User) -> Suite {
    let suite = Suite::start(user, Options::default());
    suite.import(&[(LOGIN, PASSWORD), (BEN, "battery staple")]);
    suite
}

/// What waits for other hosts.
fn queue(suite: &Suite) -> Vec<serde_json::Value> {
    let listed = suite.bulkhead(&["queue", "list", "--json"], "");
    assert!(listed.status.success(), "{}\n{}", text_of(&listed), suite.log());
    serde_json::from_slice(&listed.stdout).expect("JSON")
}

/// How many messages ben has.
fn bens(suite: &Suite) -> String {
    text_of(&curl(suite, &format!("{BEN}:battery staple"), "", Some("STATUS INBOX (MESSAGES)")))
}

#[test]
fn whole_sessions_with_smtplib() {
    for user in User::here() {
        let suite = suite(user);
        let ports = [suite.submission.to_string(), suite.submissions.to_string()];
        let said = python_says(&suite, "submission_session.py", &[&ports[0], &ports[1], LOGIN, PASSWORD]);
        assert!(said.contains("all checks passed"), "{said}\n{}", suite.log());
        let queue = queue(&suite);
        assert_eq!(queue.len(), 1, "{queue:?}");
        let entry = queue[0].to_string();
        assert!(entry.contains(LOGIN) && entry.contains(FAR) && !entry.contains(BEN), "{entry}");
    }
}

fn swaks(suite: &Suite, tls: &[&str], password: &str, to: &str) -> Output {
    let port = if tls == ["--tls-on-connect"] { suite.submissions } else { suite.submission };
    let mut command = Command::new("swaks");
    command.args(["--server", "127.0.0.1", "--port", &port.to_string(), "--from", LOGIN, "--to", to]);
    command.args(["--auth-user", LOGIN, "--auth-password", password, "--timeout", "30"]).args(tls);
    command.args(["--data", "Subject: swaks\\n\\nhello\\n"]);
    run_with_input(command, "")
}

#[test]
fn swaks_msmtp_and_curl_send_on_both_ports() {
    let suite = suite(User::here()[0]);
    let to = format!("{BEN},{FAR}");
    for tls in [&["--tls"][..], &["--tls-on-connect"]] {
        let sent = swaks(&suite, tls, PASSWORD, &to);
        assert!(sent.status.success(), "{tls:?}: {}\n{}", text_of(&sent), suite.log());
        let wrong = swaks(&suite, tls, "wrong", &to);
        assert_eq!(wrong.status.code(), Some(28), "swaks's code for a refused login: {}", text_of(&wrong));
    }
    // it finds no AUTH to use
    let plain = swaks(&suite, &[], PASSWORD, &to);
    assert_eq!(plain.status.code(), Some(28), "{}", text_of(&plain));
    for starttls in ["on", "off"] {
        let sent = msmtp(&suite, starttls, PASSWORD, &[BEN, FAR]);
        assert!(sent.status.success(), "{starttls}: {}\n{}", text_of(&sent), suite.log());
        let wrong = msmtp(&suite, starttls, "wrong", &[BEN]);
        assert_eq!(wrong.status.code(), Some(77), "EX_NOPERM: {}", text_of(&wrong));
    }
    let (implicit, starttls) = (
        format!("smtps://127.0.0.1:{}", suite.submissions),
        format!("smtp://127.0.0.1:{}", suite.submission),
    );
    for arguments in [&[implicit.as_str()][..], &["--ssl-reqd", &starttls]] {
        let sent = curl_sends(arguments, PASSWORD);
        assert!(sent.status.success(), "{arguments:?}: {}\n{}", text_of(&sent), suite.log());
        let wrong = curl_sends(arguments, "wrong");
        assert_eq!(wrong.status.code(), Some(67), "curl's code for a refused login: {}", text_of(&wrong));
    }
    assert!(bens(&suite).contains("MESSAGES 6"), "{}\n{}", bens(&suite), suite.log());
    assert_eq!(queue(&suite).len(), 6);
}

fn msmtp(suite: &Suite, starttls: &str, password: &str, to: &[&str]) -> Output {
    let port = if starttls == "on" { suite.submission } else { suite.submissions };
    let file = suite.directory.path().join("msmtprc");
    let text = format!(
        "account default\nhost 127.0.0.1\nport {port}\nfrom {LOGIN}\nauth on\nuser {LOGIN}\n\
         passwordeval \"printf %s '{password}'\"\ntls on\ntls_certcheck off\ntls_starttls {starttls}\n"
    );
    fs::write(&file, text).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
    let mut command = Command::new("msmtp");
    command.arg("-C").arg(file).args(to);
    run_with_input(command, "Subject: msmtp\n\n.hello\n")
}

fn curl_sends(arguments: &[&str], password: &str) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--insecure", "--max-time", "30", "--upload-file", "-"]);
    command.args(["--user", &format!("{LOGIN}:{password}"), "--mail-from", LOGIN]);
    command.args(["--mail-rcpt", BEN, "--mail-rcpt", FAR]).args(arguments);
    run_with_input(command, "Subject: curl\r\n\r\nhello\r\n")
}

/// What was acknowledged is there after the store was killed: local mail in its mailbox, the rest in the queue.
#[test]
fn what_was_acknowledged_outlives_the_store() {
    let suite = suite(User::here()[0]);
    let sent = swaks(&suite, &["--tls"], PASSWORD, &format!("{BEN},{FAR}"));
    assert!(sent.status.success(), "{}\n{}", text_of(&sent), suite.log());
    assert!(bens(&suite).contains("MESSAGES 1"), "at once: {}", bens(&suite));
    let before = queue(&suite);
    signal(suite.pids("store")[0], "KILL");
    let asked = Instant::now();
    while !bens(&suite).contains("MESSAGES 1") {
        assert!(asked.elapsed() < Duration::from_secs(10), "{}\n{}", bens(&suite), suite.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    let after = queue(&suite);
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!(after[0]["id"], before[0]["id"]);
    let again = swaks(&suite, &["--tls"], PASSWORD, FAR);
    assert!(again.status.success(), "{}\n{}", text_of(&again), suite.log());
    assert_eq!(queue(&suite).len(), 2);
}

#[test]
fn nobody_sends_from_port_25() {
    let suite = suite(User::here()[0]);
    let mut smtp = Smtp::connect(suite.smtp).expect("a greeting");
    for (command, code) in [
        ("EHLO client.example", "250"),
        ("AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==", "502"),
        (&format!("MAIL FROM:<{LOGIN}>"), "250"),
        (&format!("RCPT TO:<{FAR}>"), "554"),
    ] {
        let reply = smtp.say(command).expect("a reply");
        assert!(reply.starts_with(code), "{command}: {reply}");
    }
    assert!(queue(&suite).is_empty());
}

/// kill -9 of the store under load: what was acknowledged is in the mailbox and in the queue, once, and nothing is in one of
/// them only.
#[test]
fn a_store_that_is_killed_under_load_loses_and_doubles_nothing() {
    let suite = suite(User::here()[0]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/submission_load.py");
    let mut load = Command::new("python3");
    load.arg(script).args([suite.smtp, suite.imaps, suite.submissions].map(|port| port.to_string()));
    load.args([LOGIN, PASSWORD, BEN, FAR]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let load = load.spawn().expect("python3 runs");
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(1500));
        signal(suite.pids("store")[0], "KILL");
    }
    std::thread::sleep(Duration::from_millis(1500));
    // the end of its standard input ends it
    let said = load.wait_with_output().expect("it ends");
    let acknowledged: Vec<&str> = std::str::from_utf8(&said.stdout).expect("text").lines().collect();
    let listed = python_says(&suite, "list_ids.py", &[BEN, "battery staple"]);
    let stored: Vec<&str> = listed.lines().collect();
    for id in &acknowledged {
        let there = stored.iter().filter(|one| *one == id).count();
        assert_eq!(there, 1, "{id}\n{}", suite.log());
    }
    assert!(
        acknowledged.len() > 10,
        "only {} messages: that was no load\n{}",
        acknowledged.len(),
        suite.log()
    );
    assert_eq!(queue(&suite).len(), stored.len(), "one commit for both");
}
