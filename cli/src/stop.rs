//! `bulkhead stop`

use ipc::exit::{Exit, Failure};
use ipc::service::admin::{MasterReply, MasterRequest};

use crate::connect::Suite;

/// Ends the suite, and returns when it has ended.
///
/// # Errors
/// The suite does not run or does not admit this user.
pub(crate) fn stop(suite: &Suite) -> Result<(), Failure> {
    let master = suite.master()?;
    match master.ask(MasterRequest::Stop)? {
        MasterReply::Stopping => {
            master.wait_for_end();
            Ok(())
        }
        _ => Err(Failure::new(Exit::TempFail, "the master refuses now; try again")),
    }
}
