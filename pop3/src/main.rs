//! The program of the role `pop3`.

use std::process::ExitCode;

use ipc::role::Role;
#[cfg(not(feature = "hostile"))]
use listener::helpers::Helpers;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Pop3], |_| Helpers::start(), bulkhead_pop3::run::serve)
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Pop3], breach::prepare, breach::serve)
}
