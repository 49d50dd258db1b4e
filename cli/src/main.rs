//! `bulkhead`: runs, checks and administers the suite.
//!
//! It holds no privilege of its own. `run` and `check` become `bulkhead-master`; everything else is asked over the
//! sockets in the run directory, where the master decides by the credentials of whoever asks.

mod account;
mod alias;
mod answer;
mod command;
mod connect;
mod domain;
mod import;
mod master;
mod migrate;
mod output;
mod password;
mod queue;
mod reload;
mod status;
mod stop;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use ipc::exit::{Exit, Failure};

use crate::command::{Command, What};
use crate::connect::Suite;

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok }.into();
        }
    };
    match perform(command) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "bulkhead: {failure}");
            failure.exit.into()
        }
    }
}

fn perform(command: Command) -> Result<(), Failure> {
    let Command { what, config } = command;
    let suite = Suite::of(config);
    match what {
        What::Run => Err(master::become_it("run", suite.config())),
        What::Check => Err(master::become_it("check", suite.config())),
        What::Status { json } => status::status(&suite, json.into()),
        What::Reload => reload::reload(&suite),
        What::Stop => stop::stop(&suite),
        What::Account(what) => account::perform(&suite, what),
        What::Import(what) => migrate::import(&suite, what),
        What::Export(what) => migrate::export(&suite, what),
        What::Domain(what) => domain::perform(&suite, what),
        What::Alias(what) => alias::perform(&suite, what),
        What::Queue(what) => queue::perform(&suite, what),
    }
}
