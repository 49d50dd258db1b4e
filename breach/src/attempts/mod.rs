//! The attempts, one file a concern.

mod descriptors;
mod execution;
mod files;
mod host;
mod kernel;
mod memory;
mod own_files;
mod privileges;
mod processes;
mod signals;
mod sockets;
mod tracing;

use std::ffi::CString;

use nix::libc;

use crate::raw::{Arg, Failed, call, text};
use crate::table::Attempt;

/// Every attempt, by concern.
pub(crate) const ALL: &[&[Attempt]] = &[
    files::ATTEMPTS,
    own_files::ATTEMPTS,
    descriptors::ATTEMPTS,
    host::ATTEMPTS,
    sockets::ATTEMPTS,
    processes::ATTEMPTS,
    execution::ATTEMPTS,
    signals::ATTEMPTS,
    tracing::ATTEMPTS,
    memory::ATTEMPTS,
    kernel::ATTEMPTS,
    privileges::ATTEMPTS,
];

/// A path as the kernel takes it.
fn path(parts: &[&str]) -> Result<CString, Failed> {
    CString::new(parts.concat()).map_err(|_nul| libc::EINVAL)
}

/// `openat`; `base` is a directory's descriptor, or [`HERE`].
fn open(base: i64, name: &std::ffi::CStr, flags: i32) -> Result<i64, Failed> {
    call(libc::SYS_openat, &mut [Arg::Int(base), text(name), Arg::Int(flags.into()), Arg::Int(0o600)])
}

/// Relative to the current directory.
const HERE: i64 = libc::AT_FDCWD as i64;

/// Success, whatever the call returned.
fn done(result: Result<i64, Failed>) -> Result<(), Failed> {
    result.map(drop)
}

/// A descriptor as a number.
fn number(descriptor: &impl std::os::fd::AsRawFd) -> i64 {
    descriptor.as_raw_fd().into()
}
