//! The program of the role `mx`.

use std::process::ExitCode;

use ipc::role::Role;
#[cfg(not(feature = "hostile"))]
use listener::helpers::Helpers;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(
        &[Role::Mx],
        |_| Helpers::start(),
        |started| bulkhead_smtp::run::serve(started.config, started.control, started.prepared),
    )
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Mx], breach::prepare, breach::serve)
}
