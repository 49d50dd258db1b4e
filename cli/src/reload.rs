//! `bulkhead reload`

use ipc::exit::{Exit, Failure};
use ipc::service::admin::{MasterReply, MasterRequest};

use crate::connect::Suite;
use crate::output;

/// Has the suite read its configuration again; returns when it is in force.
///
/// # Errors
/// Everything that is wrong with it, or takes a restart; the suite does not run or does not admit this user. Nothing
/// has changed then.
pub(crate) fn reload(suite: &Suite) -> Result<(), Failure> {
    outcome(suite.master()?.ask(MasterRequest::Reload)?)
}

fn outcome(reply: MasterReply) -> Result<(), Failure> {
    match reply {
        MasterReply::Reloaded { .. } => Ok(()),
        MasterReply::NotReloaded { exit, why } => {
            let lines: Vec<String> = why.lines().map(output::printable).collect();
            let exit = Exit::from_status(exit).unwrap_or(Exit::Software);
            Err(Failure::new(exit, format!("not reloaded: {}", lines.join("\nbulkhead: not reloaded: "))))
        }
        MasterReply::Refused => Err(Failure::new(Exit::NoPermission, "the master refuses")),
        MasterReply::Status(_) | MasterReply::Stopping => {
            Err(Failure::new(Exit::Software, "the suite answered something that was not asked"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_a_line_and_the_status_is_the_masters() {
        assert!(outcome(MasterReply::Reloaded { generation: 2 }).is_ok());
        let why = "b.toml:3:1: one\nb.toml:4:1: \u{1b}[2J".to_owned();
        let failure = outcome(MasterReply::NotReloaded { exit: 78, why }).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert_eq!(
            failure.message,
            "not reloaded: b.toml:3:1: one\nbulkhead: not reloaded: b.toml:4:1: \\u{1b}[2J"
        );
        let strange = MasterReply::NotReloaded { exit: 1, why: String::new() };
        assert_eq!(outcome(strange).unwrap_err().exit, Exit::Software);
    }
}
