//! The program of the role `auth`.

use std::process::ExitCode;

use ipc::Role;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Auth], bulkhead_auth::role::prepare, bulkhead_auth::role::serve)
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Auth], breach::prepare, breach::serve)
}
