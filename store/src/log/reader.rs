//! Reading bodies back.

use super::body::unpack;
use super::compress::Decompressor;
use super::error::{BodyError, SegmentError};
use super::position::{BodyRef, Damage};
use super::record::{Kind, RECORD_HEADER, RecordHeader};
use super::segment::ReadSegments;
use super::tail::Salts;

/// Reads bodies; cheap to clone, and used by any number of threads beside the one that appends.
#[derive(Clone, Debug)]
pub struct BodyReader<R> {
    segments: R,
    salts: Salts,
}

impl<R: ReadSegments> BodyReader<R> {
    pub(super) fn new(segments: R, salts: Salts) -> Self {
        Self { segments, salts }
    }

    /// The body at `body`, if what lies there is bit for bit what was written under that id.
    ///
    /// # Errors
    /// [`BodyError::Damaged`] when it isn't; [`BodyError::TooLarge`] beyond the cap of `with`; [`BodyError::Segment`] when the
    /// segment is gone or can't be read.
    pub fn read(&self, body: &BodyRef, with: &mut Decompressor) -> Result<Vec<u8>, BodyError> {
        let record = self.record(body)?.ok_or_else(|| damaged(body))?;
        let payload = record.get(RECORD_HEADER..).unwrap_or_default();
        unpack(payload, body.id, with)?.ok_or_else(|| damaged(body))
    }

    /// The same, when it is good, stored in at most `most` bytes, and can be had without waiting for a disk. `None` when it is
    /// another's to read it, and to say what is wrong with it.
    pub fn read_cached(&self, body: &BodyRef, most: u32, with: &mut Decompressor) -> Option<Vec<u8>> {
        if body.length > most {
            return None;
        }
        let salt = self.salts.get(body.position.segment)?;
        let length = usize::try_from(body.length).ok()?.checked_add(RECORD_HEADER)?;
        let mut record = vec![0; length];
        self.segments.read_cached(body.position, &mut record)?;
        let payload = record.get(RECORD_HEADER..).filter(|_| matches(&record, salt, body))?;
        unpack(payload, body.id, with).ok()?
    }

    /// The record of `body` without its padding; `None` when it isn't the one that was written.
    pub(super) fn record(&self, body: &BodyRef) -> Result<Option<Vec<u8>>, SegmentError> {
        let Some(salt) = self.salts.get(body.position.segment) else {
            return Err(SegmentError::Unknown(body.position.segment));
        };
        let end =
            body.position.offset.saturating_add(RECORD_HEADER as u64).saturating_add(u64::from(body.length));
        // the length is held against the segment before anything is allocated
        if end > self.segments.length(body.position.segment)? {
            return Ok(None);
        }
        let length = usize::try_from(body.length).unwrap_or(usize::MAX).saturating_add(RECORD_HEADER);
        let mut record = vec![0; length];
        let got = self.segments.read(body.position, &mut record)?;
        Ok((got == length && matches(&record, salt, body)).then_some(record))
    }
}

fn matches(record: &[u8], salt: u64, body: &BodyRef) -> bool {
    let expected = RecordHeader { kind: Kind::Body, length: body.length, crc: body.crc };
    RecordHeader::decode(record, salt, body.position.offset, u64::MAX) == Some(expected)
        && record.get(RECORD_HEADER..).is_some_and(|payload| crc32c::crc32c(payload) == body.crc)
}

fn damaged(body: &BodyRef) -> BodyError {
    let len = (RECORD_HEADER as u64).saturating_add(u64::from(body.length));
    BodyError::Damaged(Damage::Bytes { segment: body.position.segment, offset: body.position.offset, len })
}
