//! Conversations that anyone can read: every script of `dialogs/`, in three ways of chopping the client's bytes.

use std::path::PathBuf;

use crate::script;

#[test]
fn every_dialog_goes_as_written() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialogs");
    let mut failed = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        for chunk in [usize::MAX, 1, 7] {
            if std::panic::catch_unwind(|| script::run(&text, chunk)).is_err() {
                failed.push(format!("{} at {chunk}", path.display()));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(count >= 12, "the scripts are missing");
}

/// The runner itself has to notice what is wrong.
#[test]
fn a_wrong_script_fails() {
    let hello = "S: +OK ...\n";
    for wrong in [
        "S: -ERR",
        "C: NOOP",
        &format!("{hello}C: NOOP"),
        &format!("{hello}E:"),
        &format!("{hello}C: NOOP\nS: +OK"),
        &format!("{hello}?"),
    ] {
        assert!(std::panic::catch_unwind(|| script::run(wrong, 1)).is_err(), "{wrong}");
    }
}
