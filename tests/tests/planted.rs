//! A planted message that makes a parser panic costs nobody more than its structure: not the worker, not the other
//! sessions; it is accepted, and can be read as text.

use std::path::PathBuf;

use bulkhead_tests::mail::Smtp;
use bulkhead_tests::suite::{Options, Suite, User, run_with_input, text_of};

/// Programs whose parsers panic on a header field named X-Bulkhead-Test.
fn planted() -> PathBuf {
    std::env::var_os("BULKHEAD_PLANTED_BIN_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/planted/debug"),
        PathBuf::from,
    )
}

fn message(subject: &str, more: &str) -> String {
    format!("From: a@elsewhere.example\r\nSubject: {subject}\r\n{more}\r\nstill to be read\r\n")
}

#[test]
fn a_message_that_makes_a_parser_panic_is_text() {
    let mut suite = Suite::prepare(User::here()[0], Options::default());
    for program in ["bulkhead-smtp", "bulkhead-imap"] {
        suite.replace_program(program, &planted());
    }
    suite.run();
    suite.import(&[("anna@example.org", "correct horse")]);
    let workers = |suite: &Suite| (suite.pids("mx"), suite.pids("imap"));
    let before = workers(&suite);

    let mut smtp = Smtp::connect(suite.smtp).expect("a greeting");
    smtp.say("EHLO client.elsewhere.example").expect("a reply");
    // it is long, so that the panic comes while more of it is on its way from the store
    let long = message("planted", "X-Bulkhead-Test: panic\r\n") + &"word after word\r\n".repeat(40_000);
    for mail in [message("one", ""), long, message("three", "")] {
        assert!(smtp.deliver("anna@example.org", &mail).expect("a reply"), "{}", suite.log());
    }

    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients/planted.py");
    let mut command = std::process::Command::new("python3");
    command.arg(script).args([&suite.imaps.to_string(), "anna@example.org", "correct horse"]);
    let output = run_with_input(command, "");
    assert_eq!(text_of(&output), "served\n", "{}", suite.log());

    assert_eq!(workers(&suite), before, "a worker was lost\n{}", suite.log());
    let log = suite.log();
    assert!(!log.contains("a session ended by a panic"), "{log}");
    let told = log.lines().filter(|line| line.contains("a parser panicked on a message")).count();
    assert_eq!(told, 1, "once, and then everybody knows\n{log}");
}
