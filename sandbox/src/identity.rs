//! The uid and gid of a role.

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::error::Refusal;
use crate::plan::Ids;

/// Takes the role's uid and gid for good, and leaves every supplementary group.
///
/// Permitted capabilities survive when the keep-capabilities flag is on (see [`crate::capabilities::Kept`]).
///
/// # Errors
/// There are no ids, or the process may not change its own.
pub(crate) fn take(ids: Option<Ids>) -> Result<(), Refusal> {
    let ids = ids.ok_or(Refusal::NoIds)?;
    let (uid, gid) = (Uid::from_raw(ids.uid), Gid::from_raw(ids.gid));
    // groups and gid first: without the uid the right to change them is gone
    setgroups(&[]).map_err(Refusal::nix("setgroups"))?;
    setresgid(gid, gid, gid).map_err(Refusal::nix("setresgid"))?;
    setresuid(uid, uid, uid).map_err(Refusal::nix("setresuid"))
}
