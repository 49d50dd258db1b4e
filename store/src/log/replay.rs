//! Handing out what the log holds, in order, as soon as it's certain.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::commit::Commit;
use super::error::OpenError;
use super::header::{SEGMENT_HEADER, SegmentHeader};
use super::position::{BodyRef, Damage, Position, SegmentNumber};
use super::reader::BodyReader;
use super::record::{Kind, RecordHeader};
use super::resume::Resume;
use super::segment::ReadSegments;
use super::survey::Surveyed;
use super::walk::{Bounds, Step, Walk};

/// What the replay hands out, in the order of the log.
#[derive(Clone, Copy, Debug)]
pub enum Replayed<'a> {
    /// One commit group.
    Group(ReplayedGroup<'a>),
    /// A place where groups, or bodies, are lost. The replay goes on behind it.
    Damage(Damage),
}

/// One commit group of the past.
#[derive(Clone, Copy, Debug)]
pub struct ReplayedGroup<'a> {
    /// Its sequence number; they rise, and by more than one only where groups were lost.
    pub sequence: u64,
    /// Where its bodies lie now and as long as their segments are there. Bodies of groups known durable are not read here:
    /// reading one tells whether it's whole.
    pub bodies: &'a [BodyRef],
    /// The changes as the caller gave them.
    pub changes: &'a [u8],
}

/// What opening the log did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// Groups handed out.
    pub groups: u64,
    /// Of these, groups that were rewritten because it was unknown whether they were durable.
    pub rewritten: u64,
    /// Bytes behind the last whole group, which were dropped: what a crash cut off before it was acknowledged.
    pub cut_bytes: u64,
    /// Damaged places handed out.
    pub damaged: u64,
}

/// A group or a gap of which it's not known yet whether it was durable.
enum Item {
    Group { commit: Commit, end: Position },
    Gap { at: Position, len: u64 },
}

/// The replay: a walk over all segments, and what it holds back until it's known whether it is durable.
pub(super) struct Replay<'a, R> {
    reader: &'a R,
    visit: &'a mut dyn FnMut(Replayed<'_>) -> ControlFlow<()>,
    pending: VecDeque<Item>,
    /// Everything before this is known durable.
    pub(super) durable: Position,
    /// Behind the last record or scrap of the log.
    pub(super) written: Position,
    /// The last commit that was found.
    sequence: Option<u64>,
    /// The last group that was handed out.
    handed_out: Option<u64>,
    /// Where it begins, if not at the beginning.
    resumed: Option<Position>,
    /// The sequence number that the first group there must have.
    first: Option<u64>,
    pub(super) report: Recovered,
}

impl<'a, R: ReadSegments> Replay<'a, R> {
    pub(super) fn new(reader: &'a R, visit: &'a mut dyn FnMut(Replayed<'_>) -> ControlFlow<()>) -> Self {
        let nowhere = Position { segment: SegmentNumber(0), offset: 0 };
        let (pending, report) = (VecDeque::new(), Recovered::default());
        let (sequence, handed_out) = (None, None);
        let (resumed, first) = (None, None);
        let (durable, written) = (nowhere, nowhere);
        Self { reader, visit, pending, durable, written, sequence, handed_out, resumed, first, report }
    }

    /// Begins in the middle.
    pub(super) fn resume(&mut self, resume: &Resume, surveyed: &[Surveyed]) -> Result<(), OpenError> {
        if !resume.is_boundary(surveyed, self.reader) {
            return Err(OpenError::Resume);
        }
        self.durable = resume.from;
        self.sequence = Some(resume.before).filter(|before| *before > 0);
        self.handed_out = self.sequence;
        self.resumed = Some(resume.from);
        self.first = resume.before.checked_add(1);
        Ok(())
    }

    pub(super) fn walk_all(&mut self, surveyed: &[Surveyed]) -> Result<(), OpenError> {
        let begin = self.resumed.map(|from| from.segment);
        let surveyed = surveyed.iter().skip_while(|found| begin.is_some_and(|begin| found.number < begin));
        let mut expected = match begin {
            Some(begin) => Some(begin),
            None => {
                surveyed.clone().next().and_then(|first| first.header?.predecessor).map(|end| end.segment)
            }
        };
        for found in surveyed {
            // a segment is created only when all before it is durable
            self.known_durable(Position { segment: found.number, offset: 0 })?;
            if let Some(first) = expected.filter(|first| *first < found.number) {
                let last = SegmentNumber(found.number.0.saturating_sub(1));
                self.damage(Damage::Missing { first, last })?;
            }
            expected = found.number.next();
            match found.header {
                Some(header) => self.walk(found, &header)?,
                None => self.damage(Damage::Header { segment: found.number, len: found.length })?,
            }
        }
        Ok(())
    }

    fn walk(&mut self, found: &Surveyed, header: &SegmentHeader) -> Result<(), OpenError> {
        let segment = found.number;
        self.known_durable(Position { segment, offset: header.durable })?;
        let resumed = self.resumed.filter(|from| from.segment == segment);
        let start = resumed.map_or(SEGMENT_HEADER, |from| from.offset);
        self.written = Position { segment, offset: start };
        let known = found.end.unwrap_or(header.durable);
        let limit = found.end.unwrap_or(found.length).min(found.length);
        let bounds = Bounds { start, known: known.min(limit), limit };
        let mut walk = Walk::new(self.reader, segment, header.salt, bounds);
        while let Some(step) = walk.step() {
            match step {
                Step::Record { offset, header } => {
                    self.record(&mut walk, Position { segment, offset }, &header)?
                }
                Step::Gap { offset, len } => self.gap(Position { segment, offset }, len),
            }
        }
        if known > limit {
            self.gap(Position { segment, offset: limit }, known.saturating_sub(limit));
        }
        match walk.unreadable() {
            Some(offset) if found.end.is_none() && Position { segment, offset } > self.durable => {
                Err(OpenError::Unreadable(segment))
            }
            _ => Ok(()),
        }
    }

    fn record(
        &mut self,
        walk: &mut Walk<'_, R>,
        at: Position,
        header: &RecordHeader,
    ) -> Result<(), OpenError> {
        let end = Position { offset: at.offset.saturating_add(header.stored()), ..at };
        self.written = end;
        if header.kind != Kind::Commit {
            return Ok(());
        }
        let commit = walk.payload(at.offset, header).and_then(|payload| Commit::decode(&payload, at));
        if let Some((commit, first)) = commit.as_ref().zip(self.first)
            && commit.sequence != first
        {
            return Err(OpenError::Resume);
        }
        self.first = self.first.filter(|_| commit.is_none());
        match commit.filter(|commit| self.sequence.is_none_or(|last| commit.sequence > last)) {
            Some(commit) => {
                self.sequence = Some(commit.sequence);
                let durable = commit.durable_before;
                self.pending.push_back(Item::Group { commit, end });
                self.known_durable(durable)
            }
            None => {
                self.gap(at, header.stored());
                Ok(())
            }
        }
    }

    fn gap(&mut self, at: Position, len: u64) {
        self.written = self.written.max(Position { offset: at.offset.saturating_add(len), ..at });
        self.pending.push_back(Item::Gap { at, len });
    }

    /// Hands out what lies before `durable`.
    fn known_durable(&mut self, durable: Position) -> Result<(), OpenError> {
        self.durable = self.durable.max(durable);
        while let Some(item) = self.pending.pop_front() {
            match item {
                Item::Group { commit, end } if end <= self.durable => self.hand_out(&commit)?,
                Item::Gap { at, len } if at < self.durable => {
                    self.damage(Damage::Bytes { segment: at.segment, offset: at.offset, len })?;
                }
                later => {
                    self.pending.push_front(later);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The whole groups of the end of the log: those whose bodies are whole too, up to the first that isn't. The rest is cut.
    pub(super) fn tail(&mut self, bodies: &BodyReader<R>) -> Result<Vec<Commit>, OpenError> {
        let mut tail: Vec<Commit> = Vec::new();
        let mut accepted = self.durable;
        for item in std::mem::take(&mut self.pending) {
            // a scrap of a body that no group names is no loss
            let Item::Group { commit, end } = item else { continue };
            let follows =
                tail.last().is_none_or(|last| last.sequence.checked_add(1) == Some(commit.sequence));
            if !follows || !whole(&commit, self.durable, bodies)? {
                break;
            }
            tail.push(commit);
            accepted = end;
        }
        if self.written.segment == accepted.segment {
            self.report.cut_bytes = self.written.offset.saturating_sub(accepted.offset);
        }
        Ok(tail)
    }

    /// Behind the last group of `tail`: what lies there will not be read again.
    pub(super) fn end_of(&self, tail: &[Commit]) -> Position {
        if tail.is_empty() {
            return self.durable;
        }
        let end = self.written.offset.saturating_sub(self.report.cut_bytes);
        Position { offset: end, ..self.written }
    }

    pub(super) fn next_sequence(&self, tail: &[Commit]) -> u64 {
        let last = tail.last().map(|commit| commit.sequence).or(self.handed_out);
        last.map_or(1, |last| last.saturating_add(1))
    }

    pub(super) fn hand_out(&mut self, commit: &Commit) -> Result<(), OpenError> {
        self.report.groups = self.report.groups.saturating_add(1);
        self.handed_out = Some(commit.sequence);
        let (sequence, bodies, changes) =
            (commit.sequence, commit.bodies.as_slice(), commit.changes.as_slice());
        self.show(Replayed::Group(ReplayedGroup { sequence, bodies, changes }))
    }

    fn damage(&mut self, damage: Damage) -> Result<(), OpenError> {
        self.report.damaged = self.report.damaged.saturating_add(1);
        self.show(Replayed::Damage(damage))
    }

    fn show(&mut self, replayed: Replayed<'_>) -> Result<(), OpenError> {
        match (self.visit)(replayed) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(OpenError::Stopped),
        }
    }
}

/// Whether every body of `commit` that may not be durable is what the commit says. A valid commit record proves nothing about
/// its bodies: the device may have written it first.
fn whole<R: ReadSegments>(
    commit: &Commit,
    durable: Position,
    bodies: &BodyReader<R>,
) -> Result<bool, OpenError> {
    for body in commit.bodies.iter().filter(|body| body.position >= durable) {
        if bodies.record(body)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
