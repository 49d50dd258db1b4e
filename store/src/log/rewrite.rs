//! The new segment that a log goes on in after it was opened: it begins with the groups of which it was unknown whether they
//! were durable.

use std::collections::BTreeMap;

use super::append::fresh_salt;
use super::commit::Commit;
use super::error::{OpenError, SegmentError};
use super::header::{SEGMENT_HEADER, SegmentHeader};
use super::position::{BodyRef, Position, SegmentNumber};
use super::reader::BodyReader;
use super::record::{Kind, RECORD_HEADER, RecordHeader, padding, stored_length};
use super::segment::{Geometry, ReadSegments, Segments};
use super::tail::{Head, Salts};

/// Where the log stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The last segment there is.
    pub(super) last: Option<SegmentNumber>,
    /// The end of what is known durable: there the old log is cut.
    pub(super) cut: Position,
    /// Behind the last group that will be rewritten.
    pub(super) accepted: Position,
    /// The sequence number of the next new group.
    pub(super) sequence: u64,
}

/// Creates the next segment with the groups of `tail` in it; says where to go on, and what the groups look like now.
pub(super) fn start_segment<S: Segments>(
    segments: &mut S,
    geometry: Geometry,
    bodies: &BodyReader<S::Reader>,
    salts: &Salts,
    start: Start,
    tail: &[Commit],
) -> Result<(Head, Vec<Commit>), OpenError> {
    let number =
        start.last.map_or(Some(SegmentNumber::FIRST), SegmentNumber::next).ok_or(OpenError::Numbers)?;
    let salt = fresh_salt().map_err(OpenError::Random)?;
    let mut plan = Plan::new(Position { segment: number, offset: SEGMENT_HEADER }, salt, start.cut);
    for commit in tail {
        plan.add(commit).ok_or(OpenError::Geometry)?;
    }
    let predecessor = start.last.map(|last| {
        // of a last segment whose header is lost nothing is part of the log
        if start.cut.segment == last { start.cut } else { Position { segment: last, offset: 0 } }
    });
    // space that was set aside behind the old end may be all that a full disk has left
    trim(segments, start.last, start.accepted);
    let header = SegmentHeader { number, salt, predecessor, durable: plan.end.offset };
    create(segments, geometry, bodies, &header, &plan, start.last)?;
    trim(segments, start.last, start.cut);
    salts.insert(number, salt);
    let head =
        Head { segment: number, salt, end: plan.end.offset, durable: plan.end, sequence: start.sequence };
    Ok((head, plan.commits))
}

fn create<S: Segments>(
    segments: &mut S,
    geometry: Geometry,
    bodies: &BodyReader<S::Reader>,
    header: &SegmentHeader,
    plan: &Plan,
    last: Option<SegmentNumber>,
) -> Result<(), SegmentError> {
    let attempt = |segments: &mut S, space| {
        let records = plan.records.iter().map(|record| record.bytes(header.salt, bodies));
        segments.create(header.number, space, &mut std::iter::once(Ok(header.encode())).chain(records))
    };
    let space = plan.end.offset.saturating_add(geometry.reserve);
    match attempt(segments, space) {
        Err(SegmentError::NoSpace) => {}
        other => return other,
    }
    // a journalling file system lets go of the blocks that were given back when its journal commits: a sync makes it
    if let Some(last) = last {
        segments.sync(last)?;
    }
    match attempt(segments, space) {
        // without the reserve the log opens at least, and deletions show what they can do
        Err(SegmentError::NoSpace) => attempt(segments, plan.end.offset),
        other => other,
    }
}

fn trim<S: Segments>(segments: &mut S, last: Option<SegmentNumber>, end: Position) {
    // a segment whose header is lost is not the log's to cut: it stays as it is, for whoever repairs it
    if last != Some(end.segment) || end.offset < SEGMENT_HEADER {
        return;
    }
    if let Err(error) = segments.trim(end) {
        tracing::warn!(segment = %end.segment, %error, "space behind the end of a segment was not given back");
    }
}

/// What the new segment will hold.
struct Plan {
    end: Position,
    salt: u64,
    cut: Position,
    moved: BTreeMap<Position, BodyRef>,
    records: Vec<Planned>,
    commits: Vec<Commit>,
}

enum Planned {
    Body { from: BodyRef, to: u64 },
    Commit(Vec<u8>),
}

impl Plan {
    fn new(end: Position, salt: u64, cut: Position) -> Self {
        Self { end, salt, cut, moved: BTreeMap::new(), records: Vec::new(), commits: Vec::new() }
    }

    fn add(&mut self, commit: &Commit) -> Option<()> {
        let bodies = commit.bodies.iter().map(|body| self.body(body)).collect::<Option<Vec<_>>>()?;
        let commit = Commit { bodies, durable_before: self.cut, ..commit.clone() };
        self.records.push(Planned::Commit(commit.encode_record(self.salt, self.end.offset)?));
        self.advance(commit.record_length()?)?;
        self.commits.push(commit);
        Some(())
    }

    /// Where the body will lie: where it is, if that is durable.
    fn body(&mut self, body: &BodyRef) -> Option<BodyRef> {
        if body.position < self.cut {
            return Some(*body);
        }
        if let Some(moved) = self.moved.get(&body.position) {
            return Some(*moved);
        }
        let moved = BodyRef { position: self.end, ..*body };
        self.moved.insert(body.position, moved);
        self.records.push(Planned::Body { from: *body, to: self.end.offset });
        self.advance(stored_length(body.length))?;
        Some(moved)
    }

    fn advance(&mut self, length: u64) -> Option<()> {
        self.end.offset = self.end.offset.checked_add(length)?;
        Some(())
    }
}

impl Planned {
    fn bytes<R: ReadSegments>(&self, salt: u64, bodies: &BodyReader<R>) -> Result<Vec<u8>, SegmentError> {
        let (from, to) = match self {
            Self::Commit(record) => return Ok(record.clone()),
            Self::Body { from, to } => (from, *to),
        };
        // it was whole a moment ago
        let changed = || SegmentError::Read {
            segment: from.position.segment,
            source: std::io::ErrorKind::InvalidData.into(),
        };
        let old = bodies.record(from)?.ok_or_else(changed)?;
        let header = RecordHeader { kind: Kind::Body, length: from.length, crc: from.crc };
        let mut record = header.encode(salt, to);
        record.extend_from_slice(old.get(RECORD_HEADER..).unwrap_or_default());
        record.extend_from_slice(padding(from.length));
        Ok(record)
    }
}
