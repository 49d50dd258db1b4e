//! The program of the roles `mx`, `submission` and `lmtp`.

use std::process::ExitCode;

use ipc::role::Role;
#[cfg(not(feature = "hostile"))]
use listener::helpers::Helpers;

const ROLES: [Role; 3] = [Role::Mx, Role::Submission, Role::Lmtp];

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(
        &ROLES,
        |_| Helpers::start(),
        |started| bulkhead_smtp::run::serve(started.config, started.control, started.prepared),
    )
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&ROLES, breach::prepare, breach::serve)
}
