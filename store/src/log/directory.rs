//! The directory of the segments: its lock, its file system, the names in it.

use std::os::fd::OwnedFd;

use rustix::fs::{FallocateFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::error::{OpenError, SegmentError};
use super::position::SegmentNumber;

const LOCK: &str = "lock";

/// Takes the lock, held as long as the descriptor is open.
pub(super) fn lock(directory_fd: &OwnedFd) -> Result<OwnedFd, OpenError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let lock =
        rustix::fs::openat(directory_fd, LOCK, flags, Mode::RUSR | Mode::WUSR).map_err(directory("open"))?;
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(OpenError::Locked),
        Err(error) => return Err(directory("lock")(error).into()),
    }
    // asked here, where the answer "not supported" costs nothing yet; a full disk says nothing about it
    match rustix::fs::fallocate(&lock, FallocateFlags::KEEP_SIZE, 0, 1) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Err(OpenError::NoFallocate),
        _ => Ok(lock),
    }
}

/// statfs magics of file systems on which another host may write, or that cache writes their own way.
const NETWORK: [(u32, &str); 6] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "CephFS"),
];

/// Refuses file systems that can't be trusted to make anything durable, or to keep a lock.
pub(super) fn refuse_network(directory_fd: &OwnedFd) -> Result<(), OpenError> {
    let found = rustix::fs::fstatfs(directory_fd).map_err(directory("statfs"))?.f_type;
    match NETWORK.iter().find(|(magic, _)| i128::from(found) & 0xffff_ffff == i128::from(*magic)) {
        Some((_, name)) => Err(OpenError::FileSystem(name)),
        None => Ok(()),
    }
}

/// Names the call that failed.
pub(super) fn directory(call: &'static str) -> impl Fn(Errno) -> SegmentError {
    move |error| SegmentError::Directory { call, source: error.into() }
}

/// Names the call that failed, unless there was no space.
pub(super) fn no_space_or(call: &'static str) -> impl Fn(Errno) -> SegmentError {
    move |error| match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => SegmentError::NoSpace,
        other => directory(call)(other),
    }
}

/// The file name of a segment.
pub(super) fn name(segment: SegmentNumber) -> String {
    format!("seg-{segment}.log")
}

/// The segment whose file has this name.
pub(super) fn number(file: &str) -> Option<SegmentNumber> {
    let digits = file.strip_prefix("seg-")?.strip_suffix(".log")?;
    let segment = u64::from_str_radix(digits, 16).ok().filter(|number| *number > 0).map(SegmentNumber)?;
    (name(segment) == file).then_some(segment)
}
