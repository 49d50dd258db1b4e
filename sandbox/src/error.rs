//! Why a lock-down failed.

use std::io;

use ipc::role::{Layer, Role};

/// Why a process could not be locked down. All of them are reasons not to start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer that was asked for, and is not waived, cannot be had.
    #[error("layer {layer} cannot be had: {refusal}")]
    Missing {
        /// Which one.
        layer: Layer,
        /// What stood in the way.
        #[source]
        refusal: Refusal,
    },
    /// [`crate::enter`] was called in a process with more than one thread: most layers hold for one thread only.
    #[error("a role must be locked down before its first thread is made, and it has {0}")]
    Threads(usize),
    /// The role's line in the table is not for [`crate::enter`]: see [`crate::restrict_master`].
    #[error("the role {0} has no compartment of its own")]
    NoCompartment(Role),
    /// The process that started this one ended meanwhile.
    #[error("the master ended while this role was starting")]
    MasterGone,
    /// A call that belongs to no layer failed.
    #[error("{call}: {errno}")]
    Call {
        /// The call.
        call: &'static str,
        /// What it returned.
        errno: io::Error,
    },
}

/// What stood in the way of one layer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The kernel refused a call.
    #[error("{call}: {errno}")]
    Call {
        /// The call, with what distinguishes it.
        call: &'static str,
        /// What it returned.
        errno: io::Error,
    },
    /// The plan names no uid of the role's own, so that it shares its starter's.
    #[error("the plan names no uid and gid of the role's own")]
    NoIds,
    /// The plan's root cannot be a root: it has no name, or is the host's.
    #[error("{0} cannot be the root of a role")]
    RootPath(std::path::PathBuf),
    /// The kernel knows Landlock, but not every right of it that the wall is made of.
    #[error("the kernel's Landlock does not know every right that is needed (Linux 6.12 does)")]
    LandlockPartial,
    /// Landlock could not be put on.
    #[error("Landlock: {0}")]
    Landlock(String),
    /// No file may grow, and standard error is a file: the first log line would end the process.
    #[error("standard error is a regular file, and no file may grow; it has to be a pipe")]
    StandardErrorIsFile,
    /// The seccomp filter could not be built or put on.
    #[error("seccomp: {0}")]
    Seccomp(String),
}

impl Refusal {
    /// The refusal of `call`.
    pub(crate) fn call(call: &'static str) -> impl Fn(io::Error) -> Refusal {
        move |errno| Refusal::Call { call, errno }
    }

    /// The same for nix's errno.
    pub(crate) fn nix(call: &'static str) -> impl Fn(nix::Error) -> Refusal {
        move |errno| Refusal::Call { call, errno: errno.into() }
    }

    /// The same for rustix's errno.
    pub(crate) fn rustix(call: &'static str) -> impl Fn(rustix::io::Errno) -> Refusal {
        move |errno| Refusal::Call { call, errno: errno.into() }
    }

    /// The errno, when a call was refused.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self {
            Refusal::Call { errno, .. } => errno.raw_os_error(),
            _ => None,
        }
    }
}
