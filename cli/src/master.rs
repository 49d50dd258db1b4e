//! `bulkhead-master`: become it, or ask it for a setting. It alone reads the configuration.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ipc::exit::{Exit, Failure};
use ipc::role::Role;

/// Goes on as `bulkhead-master`, which takes over this process; returns only when it cannot be started.
pub(crate) fn become_it(what: &str, config: Option<&Path>) -> Failure {
    match command(config) {
        Ok(mut command) => Failure::system(Role::Master.program(), command.arg(what).exec()),
        Err(failure) => failure,
    }
}

/// The run directory of the instance.
///
/// # Errors
/// As the configuration's; its own message is on standard error by then.
pub(crate) fn run_dir(config: Option<&Path>) -> Result<PathBuf, Failure> {
    let said = command(config)?
        .args(["show", "run-dir"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::system(Role::Master.program(), error))?;
    if !said.status.success() {
        return Err(Failure::new(Exit::Config, "the configuration does not say where the suite is"));
    }
    let text =
        String::from_utf8(said.stdout).map_err(|_| Failure::new(Exit::Config, "run_dir is not in UTF-8"))?;
    Ok(PathBuf::from(text.trim_end_matches('\n')))
}

fn command(config: Option<&Path>) -> Result<Command, Failure> {
    let program =
        ipc::program::find(Role::Master.program()).map_err(|why| Failure::new(Exit::OsError, why))?;
    let mut command = Command::new(program);
    if let Some(file) = config {
        command.arg("--config").arg(file);
    }
    Ok(command)
}
