//! LMTP, over TCP and over a socket in the file system: Python's smtplib, swaks, curl.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::process::Command;

use bulkhead_tests::mail::{curl, python_says};
use bulkhead_tests::suite::{Options, Suite, User, run_with_input, signal, text_of};

fn suite(user: User) -> Suite {
    let suite = Suite::start(user, Options::default());
    suite.import(&[("anna@example.org", "correct horse"), ("ben@example.org", "battery staple")]);
    suite
}

fn annas(suite: &Suite) -> String {
    text_of(&curl(suite, "anna@example.org:correct horse", "", Some("STATUS INBOX (MESSAGES)")))
}

#[test]
fn whole_sessions_with_smtplib() {
    for user in User::here() {
        let suite = suite(user);
        let (port, socket) = (suite.lmtp.to_string(), suite.lmtp_socket().display().to_string());
        let said = python_says(&suite, "lmtp_session.py", &[&port, &socket]);
        assert!(said.contains("all checks passed"), "{said}\n{}", suite.log());
    }
}

#[test]
fn swaks_delivers_over_both() {
    let suite = suite(User::here()[0]);
    let socket = suite.lmtp_socket();
    let about = fs::symlink_metadata(&socket).expect("the socket");
    assert!(about.file_type().is_socket());
    assert_eq!(about.permissions().mode() & 0o7777, 0o660, "for its group, and nobody else");
    let send = |arguments: &[&str]| {
        let mut command = Command::new("swaks");
        command.args(["--protocol", "LMTP", "--from", "someone@elsewhere.example", "--timeout", "30"]);
        command.args(["--to", "anna@example.org,ben@example.org"]).args(arguments);
        command.args(["--data", "Subject: lmtp\\n\\nhello\\n"]);
        run_with_input(command, "")
    };
    let port = suite.lmtp.to_string();
    let tcp = send(&["--server", "127.0.0.1", "--port", &port]);
    assert!(tcp.status.success(), "{}\n{}", text_of(&tcp), suite.log());
    assert_eq!(text_of(&tcp).matches("2.0.0 Stored as").count(), 2, "{}", text_of(&tcp));
    let unix = send(&["--socket", &socket.display().to_string()]);
    assert!(unix.status.success(), "{}\n{}", text_of(&unix), suite.log());
    assert!(annas(&suite).contains("MESSAGES 2"), "{}", annas(&suite));
    // a worker that is started anew listens on the same socket
    signal(suite.pids("lmtp")[0], "KILL");
    let again = send(&["--socket", &socket.display().to_string()]);
    assert!(again.status.success(), "{}\n{}", text_of(&again), suite.log());
    assert!(annas(&suite).contains("MESSAGES 3"), "{}", annas(&suite));
}
