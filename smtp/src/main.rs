//! The program of the role `mx`.

use std::process::ExitCode;

use ipc::role::Role;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    sandbox::startup::run(
        &[Role::Mx],
        |_| Ok(()),
        |started| bulkhead_smtp::run::serve(started.config, started.control),
    )
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Mx], breach::prepare, breach::serve)
}
