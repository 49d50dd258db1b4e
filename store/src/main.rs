//! The program of the role `store`.

use std::process::ExitCode;

#[cfg(not(feature = "hostile"))]
use bulkhead_store::engine::Threads;
#[cfg(not(feature = "hostile"))]
use bulkhead_store::serve::serve;
use ipc::role::Role;
#[cfg(not(feature = "hostile"))]
use sandbox::startup;

#[cfg(not(feature = "hostile"))]
fn main() -> ExitCode {
    startup::run(
        &[Role::Store],
        |_hello| {
            startup::abort_on_panic();
            bulkhead_store::tables::set_trap();
            Threads::start()
        },
        serve,
    )
}

#[cfg(feature = "hostile")]
fn main() -> ExitCode {
    sandbox::startup::run(&[Role::Store], breach::prepare, breach::serve)
}
