//! The program of the role `keys`.

use std::process::ExitCode;

use ipc::role::Role;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Keys], bulkhead_keys::role::prepare, bulkhead_keys::role::serve)
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Keys], breach::prepare, breach::serve)
}
