//! Resource limits, set last: a limit on processes counts threads.

use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::sys::stat::{SFlag, fstat};

use crate::error::Refusal;
use crate::table::RootKind;

/// Not one of these, for any role.
const NONE_OF: [(Resource, &str); 6] = [
    // a core file would hold mail and keys
    (Resource::RLIMIT_CORE, "setrlimit(RLIMIT_CORE)"),
    // threads count too, and all of them are made by now
    (Resource::RLIMIT_NPROC, "setrlimit(RLIMIT_NPROC)"),
    (Resource::RLIMIT_MEMLOCK, "setrlimit(RLIMIT_MEMLOCK)"),
    (Resource::RLIMIT_MSGQUEUE, "setrlimit(RLIMIT_MSGQUEUE)"),
    (Resource::RLIMIT_NICE, "setrlimit(RLIMIT_NICE)"),
    (Resource::RLIMIT_RTPRIO, "setrlimit(RLIMIT_RTPRIO)"),
];

/// Sets every limit, soft and hard.
///
/// # Errors
/// A limit is refused; or no file may grow (a role with an empty root) and standard error is a regular file, so
/// that its first line would end the process with SIGXFSZ.
pub(crate) fn set(root: RootKind, max_open_files: u64) -> Result<(), Refusal> {
    if root == RootKind::Empty {
        no_growing_files()?;
    }
    for (resource, call) in NONE_OF {
        fix(resource, 0, call)?;
    }
    fix(Resource::RLIMIT_NOFILE, max_open_files, "setrlimit(RLIMIT_NOFILE)")
}

fn no_growing_files() -> Result<(), Refusal> {
    let kind = fstat(std::io::stderr()).map(|stat| stat.st_mode & SFlag::S_IFMT.bits());
    if kind == Ok(SFlag::S_IFREG.bits()) {
        return Err(Refusal::StandardErrorIsFile);
    }
    fix(Resource::RLIMIT_FSIZE, 0, "setrlimit(RLIMIT_FSIZE)")
}

fn fix(resource: Resource, limit: rlim_t, call: &'static str) -> Result<(), Refusal> {
    setrlimit(resource, limit, limit).map_err(Refusal::nix(call))
}
