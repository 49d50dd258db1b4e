//! Writing: groups and bodies go to the end of the log, and nowhere else.

use std::io::IoSlice;

use super::body::PreparedBody;
use super::commit::{Commit, Group, GroupBody, MAX_BODIES};
use super::error::{AppendError, SegmentError};
use super::header::{SEGMENT_HEADER, SegmentHeader};
use super::position::{BodyRef, Position, SegmentNumber};
use super::reader::BodyReader;
use super::resume::Resume;
use super::segment::{Durability, Geometry, Reserve, Segments};
use super::tail::{Head, Salts, Tail};

/// The log. One thread owns it.
#[derive(Debug)]
pub struct Log<S> {
    pub(super) segments: S,
    pub(super) geometry: Geometry,
    pub(super) tail: Tail,
    pub(super) salts: Salts,
    pub(super) resume: Resume,
}

/// What became durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The group's sequence number: one more than that of the group before.
    pub sequence: u64,
    /// Where its bodies lie, in the order of the group.
    pub bodies: Vec<BodyRef>,
    /// The end of the log now; everything before it is durable.
    pub end: Position,
}

impl<S: Segments> Log<S> {
    /// Makes `group` durable: one write and one fdatasync. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// [`AppendError::NoSpace`] and [`AppendError::TooLarge`] leave the log as it was. Any other is fatal: it's unknown whether
    /// the group is on disk, so the process has to exit; nothing is written or tried again by this `Log`.
    pub fn append(&mut self, group: Group, reserve: Reserve) -> Result<Appended, AppendError> {
        let length = group.stored_length().ok_or(AppendError::TooLarge)?;
        let head = self.make_room(length, reserve)?;
        let sealed = Sealed::new(group, &head).ok_or(AppendError::TooLarge)?;
        let written = self.segments.append(head.position(), &sealed.parts(), Durability::Durable);
        self.settle(written)?;
        let end = Position { offset: head.end.saturating_add(length), ..head.position() };
        let sequence = head.sequence;
        self.resume = Resume { last: sequence, ..head.resume() };
        self.tail =
            Tail::Open(Head { end: end.offset, durable: end, sequence: sequence.saturating_add(1), ..head });
        Ok(Appended { sequence, bodies: sealed.refs, end })
    }

    /// Writes a body ahead of the group that will name it as [`GroupBody::Written`]. It's durable with that group, and garbage
    /// if none ever names it.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_body(&mut self, body: &PreparedBody, reserve: Reserve) -> Result<BodyRef, AppendError> {
        let head = self.make_room(body.stored_length(), reserve)?;
        let header = body.header().encode(head.salt, head.end);
        let parts = [IoSlice::new(&header), IoSlice::new(body.bytes())];
        let written = self.segments.append(head.position(), &parts, Durability::Buffered);
        self.settle(written)?;
        self.tail = Tail::Open(Head { end: head.end.saturating_add(body.stored_length()), ..head });
        Ok(reference(body, head.position()))
    }

    /// Where an index that has every group in it goes on.
    pub fn resume(&self) -> Resume {
        self.resume
    }

    /// A reader of bodies; make one per thread, or share it.
    pub fn reader(&self) -> BodyReader<S::Reader> {
        BodyReader::new(self.segments.reader(), self.salts.clone())
    }

    /// The segments of the log, in rising order.
    pub fn list(&self) -> Vec<SegmentNumber> {
        self.segments.list()
    }

    /// Removes a segment that holds nothing any more: no body that is referenced, no commit after the last checkpoint. To know
    /// that is the caller's task.
    ///
    /// # Errors
    /// [`SegmentError::InUse`] for the one being written, [`SegmentError::Unknown`], [`SegmentError::Directory`].
    pub fn remove(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        // the newest segment also holds the highest number: were it gone, its number would be given again
        if self.segments.list().last() == Some(&segment) {
            return Err(SegmentError::InUse(segment));
        }
        self.segments.remove(segment)?;
        self.salts.remove(segment);
        Ok(())
    }

    /// The head, in a segment with `length` bytes set aside behind it.
    fn make_room(&mut self, length: u64, reserve: Reserve) -> Result<Head, AppendError> {
        let Tail::Open(head) = self.tail else { return Err(AppendError::Failed) };
        if length > self.geometry.room() {
            return Err(AppendError::TooLarge);
        }
        let kept = match reserve {
            Reserve::Keep => self.geometry.reserve,
            Reserve::MayUse => 0,
        };
        let needed = length.saturating_add(kept);
        if head.end.saturating_add(needed) > self.geometry.segment {
            return self.begin_segment(head, needed);
        }
        let reserved =
            self.segments.reserve(Position { offset: head.end.saturating_add(needed), ..head.position() });
        self.settle(reserved)?;
        Ok(head)
    }

    fn begin_segment(&mut self, mut head: Head, needed: u64) -> Result<Head, AppendError> {
        // a new segment says that all before it is durable
        if head.durable != head.position() {
            let synced = self.segments.sync(head.segment);
            self.settle(synced)?;
            head.durable = head.position();
            self.tail = Tail::Open(head);
        }
        let begun = self.create_segment(head, needed);
        let next = self.settle(begun)?;
        if let Err(error) = self.segments.trim(head.position()) {
            tracing::warn!(segment = %head.segment, %error, "space behind the end of a segment was not given back");
        }
        self.tail = Tail::Open(next);
        Ok(next)
    }

    fn create_segment(&mut self, head: Head, needed: u64) -> Result<Head, SegmentError> {
        let exhausted =
            || SegmentError::Directory { call: "number", source: std::io::ErrorKind::QuotaExceeded.into() };
        let segment = head.segment.next().ok_or_else(exhausted)?;
        let salt = fresh_salt().map_err(|source| SegmentError::Directory { call: "random", source })?;
        let header = SegmentHeader {
            number: segment,
            salt,
            predecessor: Some(head.position()),
            durable: SEGMENT_HEADER,
        };
        let space = SEGMENT_HEADER.saturating_add(needed);
        self.segments.create(segment, space, &mut std::iter::once(Ok(header.encode())))?;
        self.salts.insert(segment, salt);
        let durable = Position { segment, offset: SEGMENT_HEADER };
        Ok(Head { segment, salt, end: SEGMENT_HEADER, durable, sequence: head.sequence })
    }

    /// Lets a full disk pass, and ends the writing after any other error.
    fn settle<T>(&mut self, result: Result<T, SegmentError>) -> Result<T, AppendError> {
        result.map_err(|error| match error {
            SegmentError::NoSpace => AppendError::NoSpace,
            other => {
                self.tail = Tail::Failed;
                AppendError::Fatal(other)
            }
        })
    }
}

/// The salt of a new segment.
pub(super) fn fresh_salt() -> Result<u64, std::io::Error> {
    getrandom::u64().map_err(std::io::Error::other)
}

fn reference(body: &PreparedBody, position: Position) -> BodyRef {
    BodyRef { position, id: body.id(), length: body.header().length, crc: body.header().crc }
}

/// A group whose records know their places.
struct Sealed {
    bodies: Vec<(Vec<u8>, PreparedBody)>,
    refs: Vec<BodyRef>,
    commit: Vec<u8>,
}

impl Sealed {
    fn new(group: Group, head: &Head) -> Option<Self> {
        let mut offset = head.end;
        let (mut bodies, mut refs) = (Vec::new(), Vec::new());
        for body in group.bodies.into_iter().take(MAX_BODIES) {
            match body {
                GroupBody::Written(reference) => refs.push(reference),
                GroupBody::New(body) => {
                    refs.push(reference(&body, Position { offset, ..head.position() }));
                    let header = body.header().encode(head.salt, offset);
                    offset = offset.checked_add(body.stored_length())?;
                    bodies.push((header, body));
                }
            }
        }
        let (sequence, durable_before) = (head.sequence, head.durable);
        let commit = Commit { sequence, durable_before, bodies: refs.clone(), changes: group.changes };
        let commit = commit.encode_record(head.salt, offset)?;
        Some(Self { bodies, refs, commit })
    }

    fn parts(&self) -> Vec<IoSlice<'_>> {
        let bodies =
            self.bodies.iter().flat_map(|(header, body)| [IoSlice::new(header), IoSlice::new(body.bytes())]);
        bodies.chain([IoSlice::new(&self.commit)]).collect()
    }
}
