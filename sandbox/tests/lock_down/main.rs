//! Lock-downs, each in a process of its own, seen from outside and tried from inside.
//!
//! This program starts itself anew for every case: as a *cell* that locks itself down as it is told, makes one
//! attempt, and says how it went. Run as root it tries everything, also as an ordinary user; run as an ordinary
//! user it says which cases it cannot try. Arguments select cases by part of their name.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test: it fails by panicking"
)]

mod attempts;
mod cases;
mod cell;
mod started;

use std::process::ExitCode;

use nix::unistd::geteuid;

/// Who starts the cell of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Starter {
    /// Root, as in production.
    Root,
    /// Somebody else, as on a developer's machine.
    User,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if std::env::args().nth(1).as_deref() == Some(cell::ARGUMENT) {
        return cell::run(arguments.skip(1));
    }
    let wanted: Vec<String> = arguments.by_ref().filter(|argument| !argument.starts_with('-')).collect();
    let _program = started::copy_program();
    let mut failed = 0;
    for (name, starter, case) in cases::all() {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        if starter == Starter::Root && !geteuid().is_root() {
            println!("lock_down: {name} ... NOT RUN, needs root");
            continue;
        }
        let outcome = std::panic::catch_unwind(|| case(starter));
        println!("lock_down: {name} as {starter:?} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        failed += u32::from(outcome.is_err());
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
