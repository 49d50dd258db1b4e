//! Whole accounts as an IMAP client sees them, and what two of them do not have in common.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::suite::{run_with_input, text_of};

/// Runs a Python program of `clients/` on somebody's IMAP over TLS; what it printed.
///
/// # Panics
/// When it fails.
#[must_use]
pub fn python(program: &str, imaps: u16, login: &str, password: &str, more: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(program);
    let mut command = Command::new("python3");
    command.arg(path).args(["0", &imaps.to_string(), login, password]).args(more);
    let output = run_with_input(command, "");
    assert!(output.status.success(), "{program}: {}", text_of(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes folders with 63 messages of every kind of flag: the levels of their names begin with `prefix`.
pub fn fill(imaps: u16, login: &str, password: &str, prefix: &str, separator: char) {
    let _ = python("fill.py", imaps, login, password, &[prefix, &separator.to_string()]);
}

/// All folders with their messages.
///
/// # Panics
/// When they cannot be listed.
#[must_use]
pub fn seen(imaps: u16, login: &str, password: &str) -> Value {
    let said = python("folders.py", imaps, login, password, &[]);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The first few things that are not the same.
#[must_use]
pub fn differences(found: &Value, expected: &Value) -> Vec<String> {
    let mut all = Vec::new();
    differ("", found, expected, &mut all);
    all.truncate(5);
    all
}

fn differ(at: &str, found: &Value, expected: &Value, all: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(here), Value::Object(there)) => {
            for key in here.keys().chain(there.keys().filter(|key| !here.contains_key(*key))) {
                let [here, there] = [here, there].map(|object| object.get(key).unwrap_or(&Value::Null));
                differ(&format!("{at}/{key}"), here, there, all);
            }
        }
        (Value::Array(here), Value::Array(there)) if here.len() == there.len() => {
            for (place, (here, there)) in here.iter().zip(there).enumerate() {
                differ(&format!("{at}[{place}]"), here, there, all);
            }
        }
        (found, expected) if found != expected => {
            let brief = |value: &Value| value.to_string().chars().take(200).collect::<String>();
            all.push(format!("{at}: {} instead of {}", brief(found), brief(expected)));
        }
        _ => {}
    }
}
