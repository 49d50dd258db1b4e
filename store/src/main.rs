//! The program of the role `store`.

use std::process::ExitCode;

use bulkhead_store::engine::Threads;
use bulkhead_store::serve::serve;
use ipc::role::Role;
use ipc::slice::RoleConfig;
use sandbox::startup;

fn main() -> ExitCode {
    startup::run(
        &[Role::Store],
        |hello| {
            startup::abort_on_panic();
            let largest = match &hello.config {
                RoleConfig::Store(config) => config.max_message_size,
                _ => 0,
            };
            Threads::start(usize::try_from(largest).unwrap_or(usize::MAX))
        },
        serve,
    )
}
