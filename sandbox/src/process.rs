//! Attributes of the process: not dumpable, killed with the master, no new privileges.

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

use crate::error::{Error, Refusal};

/// No core dump, no ptrace by the same uid, `/proc/PID` closed; and SIGKILL when the thread that started this
/// process ends. A change of ids or a new user namespace resets both, so this comes after them.
pub(crate) fn not_dumpable() -> Result<(), Refusal> {
    prctl::set_dumpable(false).map_err(Refusal::nix("prctl(PR_SET_DUMPABLE)"))?;
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(Refusal::nix("prctl(PR_SET_PDEATHSIG)"))
}

/// Nothing that is executed from here on gains a privilege; a condition of Landlock and seccomp, too.
pub(crate) fn no_new_privs() -> Result<(), Refusal> {
    prctl::set_no_new_privs().map_err(Refusal::nix("prctl(PR_SET_NO_NEW_PRIVS)"))
}

/// Is `no_new_privs` on? Landlock and seccomp bring it along.
pub(crate) fn has_no_new_privs() -> bool {
    prctl::get_no_new_privs().unwrap_or(false)
}

/// The parent, noted before [`not_dumpable`]: a parent that ended before that was called sends no signal.
///
/// One that ended before this was noted is told by the control socket, which is then at its end.
pub(crate) struct Parent(Pid);

impl Parent {
    pub(crate) fn note() -> Self {
        Parent(getppid())
    }

    /// # Errors
    /// [`Error::MasterGone`] when the process was handed to another parent meanwhile.
    pub(crate) fn still_there(&self) -> Result<(), Error> {
        if getppid() == self.0 { Ok(()) } else { Err(Error::MasterGone) }
    }
}

/// # Errors
/// [`Error::Threads`] when there is more than one thread. Where `/proc` is missing it cannot be told; the kernel
/// still refuses a user namespace then.
pub(crate) fn single_threaded() -> Result<(), Error> {
    match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
        Ok(count) if count > 1 => Err(Error::Threads(count)),
        _ => Ok(()),
    }
}
