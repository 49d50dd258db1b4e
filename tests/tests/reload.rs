//! A new configuration, new certificates and fresh workers, under sessions that go on and clients that come.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bulkhead_tests::mail::{Running, Smtp, python_runs};
use bulkhead_tests::suite::{Options, Suite, User, free_port, signal, text_of};

const ANNA: [&str; 2] = ["anna@example.org", "correct horse"];
/// For limits that are none here.
const MANY: &str =
    "max_connections = 4000\nmax_connections_per_address = 4000\nmax_connections_per_network = 4000";

/// Sessions of each kind.
fn count() -> usize {
    if std::env::var_os("BULKHEAD_SOAK").is_some() { 500 } else { 120 }
}

fn start(tables: &str) -> Suite {
    let suite = Suite::start(User::here()[0], Options { mx: MANY, imap: MANY, tables, ..Options::default() });
    suite.import(&[(ANNA[0], ANNA[1])]);
    suite
}

fn hold(suite: &Suite) -> Running {
    let mut held = python_runs(suite, "held_sessions.py", &[ANNA[0], ANNA[1], &count().to_string()]);
    assert_eq!(held.next_line(), "open", "{}", suite.log());
    held
}

/// Nobody who came was sent away.
fn all_came_in(held: &mut Running, suite: &Suite) {
    let said = held.answer("new");
    assert!(said.starts_with("opened "), "{said}\n{}", suite.log());
    assert_ne!(said, "opened 0");
}

/// Every session that was held went on to its end.
fn all_finish(held: &mut Running, suite: &Suite) {
    let count = count();
    assert_eq!(held.answer("finish"), format!("ended {count} {count}"), "{}", suite.log());
    let status = bulkhead_tests::mail::curl(suite, &ANNA.join(":"), "", Some("STATUS INBOX (MESSAGES)"));
    assert!(text_of(&status).contains(&format!("MESSAGES {count})")), "{}", text_of(&status));
}

fn reload(suite: &Suite) {
    let output = suite.bulkhead(&["reload"], "");
    assert!(output.status.success(), "{}\n{}", text_of(&output), suite.log());
}

fn until(what: &str, suite: &Suite, mut holds: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !holds() {
        assert!(
            asked.elapsed() < Duration::from_secs(60),
            "not in time: {what}\n{}\n{}",
            suite.status(),
            suite.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_address_comes_and_one_goes_while_sessions_go_on() {
    let suite = start("");
    let before = suite.status();
    let mut held = hold(&suite);
    let added = free_port();
    let both = format!("listen = [\"127.0.0.1:{}\", \"127.0.0.1:{added}\"]", suite.smtp);
    let first = format!("listen = [\"127.0.0.1:{}\"]", suite.smtp);
    for (from, to, reachable) in [(&first, &both, true), (&both, &first, false)] {
        suite.reconfigure(|text| text.replace(from, to));
        reload(&suite);
        if reachable {
            assert!(Smtp::connect(added).is_ok(), "{}", suite.log());
        } else {
            until("it is closed", &suite, || Smtp::connect(added).is_err());
        }
        all_came_in(&mut held, &suite);
    }
    assert_eq!(suite.generation(), 3);
    let pids = |status: &serde_json::Value| -> Vec<_> {
        status
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| (row["instance"].clone(), row["pid"].clone()))
            .collect()
    };
    assert_eq!(pids(&before), pids(&suite.status()), "the same processes");
    all_finish(&mut held, &suite);
}

#[test]
fn who_has_begun_on_an_address_that_goes_is_served_to_the_end() {
    let suite = start("");
    let mut session = Smtp::connect(suite.smtp).expect("a session");
    assert!(session.say("EHLO client.elsewhere.example").expect("a reply").starts_with("250"));
    let other = free_port();
    suite.reconfigure(|text| {
        text.replace(&format!("127.0.0.1:{}\"", suite.smtp), &format!("127.0.0.1:{other}\""))
    });
    reload(&suite);
    until("the old one is closed", &suite, || Smtp::connect(suite.smtp).is_err());
    assert!(session.deliver(ANNA[0], "Subject: late\r\n\r\nbut whole").expect("a reply"), "{}", suite.log());
}

#[test]
fn limits_and_names_are_new_for_new_sessions() {
    let suite = start("");
    let mut old = Smtp::connect(suite.smtp).expect("a session");
    suite.reconfigure(|text| {
        text.replace("hostname = \"mail.example.org\"", "hostname = \"other.example.org\"")
            .replace("[mx]\n", "[mx]\nmax_message_size = \"64 KiB\"\n")
    });
    reload(&suite);
    let says = |session: &mut Smtp| session.say("EHLO client.elsewhere.example").expect("a reply");
    until("new sessions have it", &suite, || {
        let said = says(&mut Smtp::connect(suite.smtp).expect("a session"));
        said.contains("other.example.org") && said.contains("SIZE 65536")
    });
    let said = says(&mut old);
    assert!(said.contains("mail.example.org") && !said.contains("SIZE 65536"), "{said}");
}

#[test]
fn a_bad_file_changes_nothing() {
    let suite = start("");
    let before = suite.status()[0]["pid"].clone();
    let added = free_port();
    suite.reconfigure(|text| {
        let text = text.replace("[mx]\n", "[mx]\nmax_recipients = 1\n");
        text.replace(&format!("127.0.0.1:{}\"", suite.smtp), &format!("127.0.0.1:{added}\""))
    });
    let output = suite.bulkhead(&["reload"], "");
    assert_eq!(output.status.code(), Some(78), "{}", text_of(&output));
    let said = text_of(&output);
    assert!(said.contains("bulkhead.toml:") && said.contains("1 is out of range; it is from 100"), "{said}");
    suite.reconfigure(|text| format!("{text}\n[mx\n"));
    let output = suite.bulkhead(&["reload"], "");
    assert_eq!(output.status.code(), Some(78), "whatever is wrong, the suite is found: {}", text_of(&output));
    signal(suite.master_pid(), "HUP");
    until("it is in the log", &suite, || suite.log().matches("not reloaded: ").count() >= 3);
    assert!(Smtp::connect(added).is_err() && Smtp::connect(suite.smtp).is_ok());
    assert_eq!((suite.generation(), suite.status()[0]["pid"].clone()), (1, before));
}

/// Makes a certificate and its key, `NAME.crt` and `NAME.key`, for that name.
fn certificate(directory: &Path, name: &str) {
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
    ]);
    command.args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")]);
    command.arg("-keyout").arg(directory.join("new.key")).arg("-out").arg(directory.join("new.crt"));
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "{}", text_of(&output));
    let chown = Command::new("chmod").arg("644").arg(directory.join("new.key")).status();
    assert!(chown.expect("chmod runs").success());
}

/// Puts what was made in the place of what is configured.
fn install(directory: &Path) {
    for file in ["key", "crt"] {
        std::fs::rename(directory.join(format!("new.{file}")), directory.join(format!("tls.{file}")))
            .expect("renamed");
    }
}

/// The names of the certificates that new handshakes get.
fn shown(suite: &Suite) -> Vec<String> {
    let one = || {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{}", suite.imaps)]);
        let said = text_of(&bulkhead_tests::suite::run_with_input(command, ""));
        let subject = said.lines().find(|line| line.starts_with("subject=")).unwrap_or_default();
        subject.rsplit('=').next().unwrap_or_default().trim().to_owned()
    };
    let mut names: Vec<String> = (0..8).map(|_| one()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn new_handshakes_get_the_new_certificate_while_old_sessions_go_on() {
    let files = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(files.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("chmod");
    certificate(files.path(), "first.example.org");
    install(files.path());
    let path = files.path().display();
    let suite = start(&format!("[tls]\ncertificate = \"{path}/tls.crt\"\nkey = \"{path}/tls.key\"\n"));
    assert_eq!(shown(&suite), ["first.example.org"]);
    let mut held = hold(&suite);

    certificate(files.path(), "second.example.org");
    install(files.path());
    assert_eq!(shown(&suite), ["first.example.org"], "not before it is said");
    reload(&suite);
    until("every worker shows it", &suite, || shown(&suite) == ["second.example.org"]);
    all_came_in(&mut held, &suite);

    // a key that does not fit: refused, with its name, and what was there goes on
    certificate(files.path(), "third.example.org");
    std::fs::rename(files.path().join("new.key"), files.path().join("tls.key")).expect("renamed");
    let output = suite.bulkhead(&["reload"], "");
    assert_eq!(output.status.code(), Some(78), "{}", text_of(&output));
    let said = text_of(&output);
    assert!(
        said.contains(&format!("{path}/tls.key: the key is not that of the first certificate")),
        "{said}"
    );
    assert_eq!(shown(&suite), ["second.example.org"]);
    all_came_in(&mut held, &suite);
    all_finish(&mut held, &suite);
}

/// Every worker of the role is a successor, and serves.
fn all_replaced(suite: &Suite, role: &str) -> bool {
    let status = suite.status();
    let mut rows = status.as_array().expect("rows").iter().filter(|row| row["role"] == role);
    rows.clone().filter(|row| row["state"] == "ready").count() == 2
        && rows.all(|row| row["state"] == "retiring" || row["replaced"].as_u64() >= Some(1))
}

#[test]
fn workers_are_replaced_under_sessions_that_go_on() {
    let suite = start("[replace]\nconnections = 150\n");
    let mut held = hold(&suite);
    until("they are replaced", &suite, || all_replaced(&suite, "mx") && all_replaced(&suite, "imap"));
    all_came_in(&mut held, &suite);
    all_finish(&mut held, &suite);
    until("who was replaced has left", &suite, || {
        let status = suite.status();
        status.as_array().expect("rows").iter().all(|row| row["state"] == "ready" && row["restarts"] == 0)
    });
}

#[test]
fn sessions_of_a_replaced_worker_have_their_time_and_are_told() {
    let suite = start("[replace]\nconnections = 30\ndrain = \"1s\"\n");
    let mut held = python_runs(&suite, "held_sessions.py", &[ANNA[0], ANNA[1], "20"]);
    assert_eq!(held.next_line(), "open", "{}", suite.log());
    until("they are replaced", &suite, || all_replaced(&suite, "imap"));
    assert_eq!(held.answer("bye"), "bye 20", "{}", suite.log());
}
