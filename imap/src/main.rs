//! The program of the role `imap`.

use std::process::ExitCode;

use ipc::role::Role;
#[cfg(not(feature = "hostile"))]
use listener::helpers::Helpers;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Imap], |_| Helpers::start(), bulkhead_imap::run::serve)
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Imap], breach::prepare, breach::serve)
}
