//! The program of the role `auth`.

use std::process::ExitCode;

use ipc::Role;

fn main() -> ExitCode {
    bulkhead_auth::role::abort_on_panic();
    sandbox::startup::run(&[Role::Auth], bulkhead_auth::role::prepare, bulkhead_auth::role::serve)
}
