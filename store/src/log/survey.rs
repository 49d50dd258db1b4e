//! The segments as they are found when the log is opened.

use super::error::OpenError;
use super::header::{HEADER_BLOCK, HEADER_COPIES, HeaderFound, SegmentHeader, VERSION};
use super::position::{Position, SegmentNumber};
use super::segment::{ReadSegments, Segments};

/// A segment as it was found.
pub(super) struct Surveyed {
    pub(super) number: SegmentNumber,
    pub(super) length: u64,
    pub(super) header: Option<SegmentHeader>,
    /// Where the next segment says that this one ends.
    pub(super) end: Option<u64>,
}

/// The segments that are there, in rising order, with where each ends.
pub(super) fn survey<S: Segments>(segments: &S, reader: &S::Reader) -> Result<Vec<Surveyed>, OpenError> {
    let mut surveyed: Vec<Surveyed> = Vec::new();
    for number in segments.list() {
        let length = reader.length(number)?;
        let header = read_header(reader, number)?;
        let predecessor = header.and_then(|header| header.predecessor);
        if let (Some(end), Some(before)) = (predecessor, surveyed.last_mut()) {
            before.end = (end.segment == before.number && before.header.is_some()).then_some(end.offset);
        }
        surveyed.push(Surveyed { number, length, header, end: None });
    }
    Ok(surveyed)
}

/// The header of a segment, from whichever copy can be read; `None` when both are damaged.
fn read_header<R: ReadSegments>(
    reader: &R,
    segment: SegmentNumber,
) -> Result<Option<SegmentHeader>, OpenError> {
    let (mut copies, mut failed) = (Vec::new(), None);
    for offset in HEADER_COPIES {
        let mut copy = vec![0; HEADER_BLOCK];
        // a copy that the device will not give back is as good as a damaged one while there is the other
        failed = reader.read(Position { segment, offset }, &mut copy).err().or(failed);
        copies.append(&mut copy);
    }
    match (SegmentHeader::decode(&copies, segment), failed) {
        (HeaderFound::Valid(header), _) => Ok(Some(header)),
        (HeaderFound::Version(version), _) => Err(OpenError::Version { segment, version, known: VERSION }),
        (HeaderFound::Damaged, None) => Ok(None),
        (HeaderFound::Damaged, Some(error)) => Err(error.into()),
    }
}
