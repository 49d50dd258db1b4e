//! Mail is read, and written, as whoever owns the place it is in: an administrator's rights are of no use to what is found there.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use ipc::exit::{Exit, Failure};
use rustix::process::{getgid, getuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Gives root's rights up for those of the owner of `path`, unless that is root. To be called while the process has one thread.
///
/// # Errors
/// When `path` is not there, or the system refuses.
pub(super) fn become_owner_of(path: &Path) -> Result<(), Failure> {
    let metadata = std::fs::metadata(path)
        .map_err(|error| Failure::new(Exit::NoInput, format!("{}: {error}", path.display())))?;
    if !getuid().is_root() || metadata.uid() == 0 {
        return Ok(());
    }
    let (uid, gid) =
        (rustix::process::Uid::from_raw(metadata.uid()), rustix::process::Gid::from_raw(metadata.gid()));
    let changed = set_thread_groups(&[])
        .and_then(|()| set_thread_res_gid(gid, gid, gid))
        .and_then(|()| set_thread_res_uid(uid, uid, uid));
    changed.map_err(|error| {
        Failure::new(Exit::OsError, format!("as the owner of {}: {error}", path.display()))
    })?;
    if getuid() != uid || getgid() != gid {
        return Err(Failure::new(Exit::OsError, "root's rights could not be given up"));
    }
    Ok(())
}
