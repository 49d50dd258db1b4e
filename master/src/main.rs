//! The program that runs as root; see the library.

use std::io::Write as _;
use std::process::ExitCode;

use bulkhead_master::command::{Command, Setting, What};
use bulkhead_master::{check, config, run};
use clap::Parser as _;
use ipc::exit::{Exit, Failure};

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok }.into();
        }
    };
    match perform(&command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            failure.exit.into()
        }
    }
}

fn perform(command: &Command) -> Result<Exit, Failure> {
    match command.what {
        What::Run => run::run(&command.config),
        What::Check => check::check(&command.config).and_then(|()| say("ok")),
        What::Show { setting: Setting::RunDir } => {
            say(&config::run_dir(&command.config)?.display().to_string())
        }
    }
}

fn say(line: &str) -> Result<Exit, Failure> {
    writeln!(std::io::stdout(), "{line}")
        .map(|()| Exit::Ok)
        .map_err(|error| Failure::new(Exit::IoError, format!("standard output: {error}")))
}
