//! The program of the role `keys`.

use std::process::ExitCode;

use ipc::role::Role;

fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Keys], |_| Ok(()), bulkhead_keys::role::serve)
}
