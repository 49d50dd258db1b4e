//! Under systemd each role logs to the journal by itself, with fields, out of its locked-down root. A stand-in for the journal
//! needs a mount namespace, and so root.

use std::process::Command;

use bulkhead_tests::suite::{Options, Suite, User, is_root, programs, text_of};

#[test]
fn every_role_reaches_the_journal() {
    if !is_root() {
        eprintln!("NOT RUN: a mount namespace needs root");
        return;
    }
    let suite = Suite::prepare(User::Root, Options::default());
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/journal.py");
    let output = Command::new("timeout")
        .args(["60", "unshare", "--mount", "--propagation", "private", "python3"])
        .arg(script)
        .arg(programs().join("bulkhead"))
        .arg(suite.config())
        .arg(suite.smtp.to_string())
        .args(["anna@example.org", "correct horse"])
        .arg(suite.directory.path().join("log"))
        .output()
        .expect("unshare runs");
    assert!(output.status.success(), "{}\n{}", text_of(&output), suite.log());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let stored = records
        .iter()
        .find(|record| record["SYSLOG_IDENTIFIER"] == "bulkhead-store" && record["MESSAGE"] == "stored");
    let stored = stored.unwrap_or_else(|| panic!("the store says nothing of it:\n{text}"));
    let id = stored["F_ID"].as_str().expect("the id is a field");
    assert_eq!(stored["PRIORITY"], "5", "info is notice, as tracing maps it: {stored}");
    for role in ["bulkhead-mx", "bulkhead-auth", "bulkhead-master"] {
        let of_role: Vec<_> = records.iter().filter(|record| record["SYSLOG_IDENTIFIER"] == role).collect();
        assert!(!of_role.is_empty(), "{role} says nothing:\n{text}");
        let names = of_role.iter().any(|record| record["F_ID"] == id || record["F_TRANSACTION"] == id);
        assert!(names || role == "bulkhead-master", "{role} does not name the message:\n{text}");
    }
    assert!(!text.contains("correct horse") && !text.contains("for the journal"), "{text}");
}
