//! Places in the log.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::body::BodyId;

/// The number of a segment. Numbers start at 1, grow by one and are never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SegmentNumber(pub u64);

impl SegmentNumber {
    /// The segment a new log begins with.
    pub const FIRST: Self = Self(1);

    /// The number after this one; `None` when the numbers are used up.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for SegmentNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// A byte of the log. Positions order as the log does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The segment.
    pub segment: SegmentNumber,
    /// The byte in its file, counted from the start of the file.
    pub offset: u64,
}

/// Where a stored body lies and what it must look like; all that an index has to keep to read it again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BodyRef {
    /// The first byte of the body's record.
    pub position: Position,
    /// The id the body was prepared with.
    pub id: BodyId,
    /// The length of the record's payload in bytes.
    pub length: u32,
    /// CRC-32C of the record's payload.
    pub crc: u32,
}

/// A part of the log that was durable once and can't be read any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// Bytes inside a segment that are no valid record.
    Bytes {
        /// The segment.
        segment: SegmentNumber,
        /// The first damaged byte.
        offset: u64,
        /// How many bytes until the next valid record, or until the end of the log in this segment.
        len: u64,
    },
    /// A segment neither of whose headers can be read, so that nothing in it can be told from chance.
    Header {
        /// The segment.
        segment: SegmentNumber,
        /// The length of its file.
        len: u64,
    },
    /// Segments that a later one says were there before it. Not damage when the caller knows it removed them.
    Missing {
        /// The first missing segment.
        first: SegmentNumber,
        /// The last missing segment.
        last: SegmentNumber,
    },
}
