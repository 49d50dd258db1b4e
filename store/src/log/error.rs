//! What can go wrong with the log.

use std::io;

use super::position::{Damage, SegmentNumber};

/// A call on the segments that failed.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The disk or the quota is full. Nothing was written; the call may be made again later.
    #[error("no space left for the log")]
    NoSpace,
    /// A write failed; what is on disk now is unknown.
    #[error("writing segment {segment} failed")]
    Write {
        /// The segment.
        segment: SegmentNumber,
        /// Why.
        source: io::Error,
    },
    /// A write ended early; what is on disk now is unknown.
    #[error("writing segment {segment} ended after {written} of {wanted} bytes")]
    ShortWrite {
        /// The segment.
        segment: SegmentNumber,
        /// Bytes taken.
        written: u64,
        /// Bytes given.
        wanted: u64,
    },
    /// A sync failed. The kernel may have dropped the pages, so asking again proves nothing.
    #[error("syncing segment {segment} failed")]
    Sync {
        /// The segment.
        segment: SegmentNumber,
        /// Why.
        source: io::Error,
    },
    /// A read failed.
    #[error("reading segment {segment} failed")]
    Read {
        /// The segment.
        segment: SegmentNumber,
        /// Why.
        source: io::Error,
    },
    /// Creating, listing, trimming or removing failed.
    #[error("{call} in the directory of segments failed")]
    Directory {
        /// The call that failed.
        call: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The segment is the one being written.
    #[error("segment {0} is being written")]
    InUse(SegmentNumber),
    /// There is no such segment.
    #[error("there is no segment {0}")]
    Unknown(SegmentNumber),
}

/// Why the log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has this directory open.
    #[error("another process holds the lock on this directory")]
    Locked,
    /// The directory lies on a file system that can't be trusted to make anything durable.
    #[error("the file system ({0}) is not one that makes data durable")]
    FileSystem(&'static str),
    /// The file system can't set space aside, so a full disk would show in the middle of a write.
    #[error("the file system has no fallocate")]
    NoFallocate,
    /// A segment is of a format version that this program does not know.
    #[error("segment {segment} has format version {version}, known is {known}")]
    Version {
        /// The segment.
        segment: SegmentNumber,
        /// Its version.
        version: u32,
        /// The version of this program.
        known: u32,
    },
    /// The sizes asked for make no log.
    #[error("the sizes of segment, step and reserve do not fit together")]
    Geometry,
    /// The disk is so full that the end of the log can't be rewritten.
    #[error("no space left to rewrite the end of the log")]
    NoSpace,
    /// The end of the log, of which it is unknown whether it is durable, can't be read just now.
    #[error("the end of the log in segment {0} can't be read")]
    Unreadable(SegmentNumber),
    /// The segment numbers are used up.
    #[error("the segment numbers are used up")]
    Numbers,
    /// The caller of the replay stopped it.
    #[error("the replay was stopped")]
    Stopped,
    /// The place to go on from is none of this log, or the log ends before what is said to be in it.
    #[error("the log does not go on where the index ends")]
    Resume,
    /// No random bytes for a salt.
    #[error("the kernel gave no random bytes")]
    Random(#[source] io::Error),
    /// A call on the segments failed.
    #[error(transparent)]
    Segment(SegmentError),
}

impl From<SegmentError> for OpenError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::NoSpace => Self::NoSpace,
            other => Self::Segment(other),
        }
    }
}

/// Why a group or a body was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The disk is full, or only the reserve is left. Nothing was written, and the log goes on.
    #[error("no space left for the log")]
    NoSpace,
    /// The group or body can never fit. Nothing was written, and the log goes on.
    #[error("too large for one segment or one group")]
    TooLarge,
    /// **Fatal.** What is on disk is unknown: the process has to exit, and the next one recovers.
    #[error("the log failed")]
    Fatal(#[source] SegmentError),
    /// **Fatal.** An earlier call failed for good.
    #[error("the log failed earlier")]
    Failed,
}

impl AppendError {
    /// Whether the process has to exit.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal(_) | Self::Failed)
    }
}

/// Why a body can't be had.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// What lies there is not the body that was written. It is reported with its message and never served.
    #[error("the stored body is damaged: {0:?}")]
    Damaged(Damage),
    /// The body is longer than the caller allows.
    #[error("the body has {length} bytes, more than {cap}")]
    TooLarge {
        /// Length in bytes.
        length: u64,
        /// The caller's cap.
        cap: u64,
    },
    /// Compression or decompression could not be set up or done.
    #[error("compression failed")]
    Compression(#[source] io::Error),
    /// A read failed.
    #[error(transparent)]
    Segment(#[from] SegmentError),
}
