//! Namespaces of the role's own.

use nix::sched::{CloneFlags, unshare};

use crate::error::Refusal;

/// A user namespace in which no id is mapped: whoever is in it is nobody outside, with or without capabilities.
pub(crate) fn user() -> Result<(), Refusal> {
    unshare(CloneFlags::CLONE_NEWUSER).map_err(Refusal::nix("unshare(CLONE_NEWUSER)"))
}

/// A network with no interface up and no address.
pub(crate) fn network() -> Result<(), Refusal> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(Refusal::nix("unshare(CLONE_NEWNET)"))
}

/// System V and POSIX message queues of its own, and a host name of its own.
pub(crate) fn ipc_and_uts() -> Result<(), Refusal> {
    unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS)
        .map_err(Refusal::nix("unshare(CLONE_NEWIPC|CLONE_NEWUTS)"))
}

/// A copy of the mount tree, which [`crate::root`] then replaces.
pub(crate) fn mounts() -> Result<(), Refusal> {
    unshare(CloneFlags::CLONE_NEWNS).map_err(Refusal::nix("unshare(CLONE_NEWNS)"))
}
