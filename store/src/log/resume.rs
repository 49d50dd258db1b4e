//! Going on from a place in the log that an index remembers, instead of from its beginning.

use serde::{Deserialize, Serialize};

use super::header::{SEGMENT_HEADER, SegmentHeader};
use super::position::Position;
use super::record::{RECORD_HEADER, RecordHeader};
use super::segment::ReadSegments;
use super::survey::Surveyed;

/// Up to where an index has the log in it.
///
/// The last group may have to be rewritten when the log is opened, which moves its bodies: so the place lies before that
/// group, where all is known durable and stays where it is, and the group is handed out again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resume {
    /// Everything before this is durable; a group begins here, or the log ends.
    pub from: Position,
    /// The salt of that segment: another log has another.
    pub salt: u64,
    /// The last group before `from`; 0 is none.
    pub before: u64,
    /// The last group that the index has in it: this one, or the next.
    pub last: u64,
}

impl Resume {
    /// Is this a boundary between groups of the log that was found?
    pub(super) fn is_boundary<R: ReadSegments>(&self, surveyed: &[Surveyed], reader: &R) -> bool {
        let found = surveyed.iter().find(|found| found.number == self.from.segment);
        let Some((found, header)) = found.and_then(|found| Some((found, found.header?))) else {
            return false;
        };
        let end = found.end.unwrap_or(found.length);
        let inside = self.from.offset >= SEGMENT_HEADER.max(header.durable) && self.from.offset <= end;
        header.salt == self.salt
            && inside
            && (self.is_named(found, &header) || self.is_record(&header, end, reader))
    }

    /// The log itself says that it ends, or goes on, there.
    fn is_named(&self, found: &Surveyed, header: &SegmentHeader) -> bool {
        found.end == Some(self.from.offset) || header.durable == self.from.offset
    }

    fn is_record<R: ReadSegments>(&self, header: &SegmentHeader, end: u64, reader: &R) -> bool {
        let mut bytes = [0; RECORD_HEADER];
        let read = reader.read(self.from, &mut bytes).ok();
        read == Some(RECORD_HEADER)
            && RecordHeader::decode(&bytes, header.salt, self.from.offset, end).is_some()
    }
}
