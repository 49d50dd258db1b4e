//! Walking over the records of one segment, and over what isn't one.

use super::error::SegmentError;
use super::position::{Position, SegmentNumber};
use super::record::{ALIGN, RECORD_HEADER, RecordHeader};
use super::segment::ReadSegments;

const WINDOW: u64 = 256 << 10;
const BLOCK: u64 = 4096;

/// What lies next in a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// A record with a valid header; its payload has not been looked at.
    Record { offset: u64, header: RecordHeader },
    /// Bytes that are none.
    Gap { offset: u64, len: u64 },
}

/// The bounds of a walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Where the walk starts: the first record.
    pub(super) start: u64,
    /// The log is known to reach up to here, so even zeros before it are damage.
    pub(super) known: u64,
    /// Nothing behind this is looked at.
    pub(super) limit: u64,
}

/// A walk over one segment.
pub(super) struct Walk<'a, R> {
    window: Window<'a, R>,
    salt: u64,
    bounds: Bounds,
    offset: u64,
}

impl<'a, R: ReadSegments> Walk<'a, R> {
    pub(super) fn new(segments: &'a R, segment: SegmentNumber, salt: u64, bounds: Bounds) -> Self {
        let window =
            Window { segments, segment, limit: bounds.limit, start: 0, bytes: Vec::new(), unreadable: None };
        Self { window, salt, bounds, offset: bounds.start }
    }

    /// The next step; `None` at the limit, or where nothing but zeros is left of what can't be known.
    ///
    /// A search looks at each byte behind the damage once: whatever the bytes are, a walk costs two passes at most.
    pub(super) fn step(&mut self) -> Option<Step> {
        let offset = self.offset;
        if offset >= self.bounds.limit {
            return None;
        }
        if let Some(header) = self.header_at(offset) {
            self.offset = offset.saturating_add(header.stored());
            return Some(Step::Record { offset, header });
        }
        if let Some(next) = self.search(offset.saturating_add(ALIGN)) {
            self.offset = next;
            return Some(Step::Gap { offset, len: next.saturating_sub(offset) });
        }
        self.offset = self.bounds.limit;
        let end = self.written_end(offset).max(self.bounds.known);
        (end > offset).then(|| Step::Gap { offset, len: end.saturating_sub(offset) })
    }

    /// The payload of a record; `None` unless it has the checksum that the header gives.
    pub(super) fn payload(&mut self, offset: u64, header: &RecordHeader) -> Option<Vec<u8>> {
        let payload = self.window.copy(offset.saturating_add(RECORD_HEADER as u64), u64::from(header.length));
        (payload.len() as u64 == u64::from(header.length) && crc32c::crc32c(&payload) == header.crc)
            .then_some(payload)
    }

    /// The last place that the device would not give back, if there was one. It was taken for zeros.
    pub(super) fn unreadable(&self) -> Option<u64> {
        self.window.unreadable
    }

    fn header_at(&mut self, offset: u64) -> Option<RecordHeader> {
        let bytes = self.window.slice(offset, RECORD_HEADER as u64);
        RecordHeader::decode(bytes, self.salt, offset, self.bounds.limit)
    }

    /// The first valid header at `from` or behind.
    fn search(&mut self, from: u64) -> Option<u64> {
        let (salt, limit) = (self.salt, self.bounds.limit);
        let mut at = from;
        loop {
            let bytes = self.window.slice(at, WINDOW);
            let places = (at..).step_by(ALIGN as usize);
            let candidates = bytes.windows(RECORD_HEADER).step_by(ALIGN as usize).zip(places);
            let mut looked_at = 0_u64;
            for (candidate, place) in candidates {
                if RecordHeader::decode(candidate, salt, place, limit).is_some() {
                    return Some(place);
                }
                looked_at = looked_at.saturating_add(ALIGN);
            }
            if looked_at == 0 {
                return None;
            }
            at = at.saturating_add(looked_at);
        }
    }

    /// Behind the last byte from `from` on that isn't zero, or `from`.
    fn written_end(&mut self, from: u64) -> u64 {
        let (mut at, mut end) = (from, from);
        while at < self.bounds.limit {
            let bytes = self.window.slice(at, WINDOW);
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                end = at.saturating_add(last as u64).saturating_add(1);
            }
            at = at.saturating_add((bytes.len() as u64).max(1));
        }
        end
    }
}

/// A piece of a segment in memory.
struct Window<'a, R> {
    segments: &'a R,
    segment: SegmentNumber,
    limit: u64,
    start: u64,
    bytes: Vec<u8>,
    unreadable: Option<u64>,
}

impl<R: ReadSegments> Window<'_, R> {
    /// Up to `wanted` bytes (no more than a window) from `offset`; fewer only at the limit.
    fn slice(&mut self, offset: u64, wanted: u64) -> &[u8] {
        let wanted = wanted.min(self.limit.saturating_sub(offset)).min(WINDOW);
        let end = self.start.saturating_add(self.bytes.len() as u64);
        if offset < self.start || offset.saturating_add(wanted) > end {
            self.fill(offset);
        }
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        rest.get(..usize::try_from(wanted).unwrap_or(usize::MAX)).unwrap_or(rest)
    }

    fn copy(&mut self, offset: u64, length: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while (out.len() as u64) < length {
            let done = out.len() as u64;
            let piece = self.slice(offset.saturating_add(done), length.saturating_sub(done));
            if piece.is_empty() {
                break;
            }
            out.extend_from_slice(piece);
        }
        out
    }

    fn fill(&mut self, offset: u64) {
        let length = WINDOW.min(self.limit.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let at = Position { segment: self.segment, offset };
        match self.segments.read(at, &mut bytes) {
            Ok(got) => bytes.truncate(got),
            Err(_) => self.fill_by_blocks(at, &mut bytes),
        }
        (self.start, self.bytes) = (offset, bytes);
    }

    /// One bad sector must not hide its neighbours.
    fn fill_by_blocks(&mut self, at: Position, bytes: &mut [u8]) {
        for (block, place) in bytes.chunks_mut(BLOCK as usize).zip((at.offset..).step_by(BLOCK as usize)) {
            let read: Result<usize, SegmentError> =
                self.segments.read(Position { offset: place, ..at }, block);
            if let Err(error) = read {
                tracing::warn!(segment = %self.segment, offset = place, %error, "unreadable block");
                block.fill(0);
                self.unreadable = self.unreadable.max(Some(place.saturating_add(BLOCK)));
            }
        }
    }
}
