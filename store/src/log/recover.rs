//! Opening: every group of the past is handed to the caller, and the end of the log is made certain.
//!
//! A group is *known durable* when a later record says so. The groups of which that isn't known, normally the last one, may be
//! whole in the page cache and nowhere else: they are verified with their bodies, rewritten into a new segment, and synced.

use std::ops::ControlFlow;

use super::append::Log;
use super::commit::Commit;
use super::error::OpenError;
use super::position::Position;
use super::reader::BodyReader;
use super::replay::{Recovered, Replay, Replayed};
use super::resume::Resume;
use super::rewrite::{Start, start_segment};
use super::segment::{Geometry, ReadSegments, Segments};
use super::survey::{Surveyed, survey};
use super::tail::{Head, Salts, Tail};

impl<S: Segments> Log<S> {
    /// Opens the log in `segments` and replays it into `visit`, which may stop it. Positions that `visit` sees are final.
    ///
    /// # Errors
    /// [`OpenError::Stopped`] when `visit` breaks; [`OpenError::NoSpace`] when there is no room to rewrite the end;
    /// [`OpenError::Unreadable`] when the device fails at the end of the log, where it can't be told from a torn write;
    /// and the errors of the segments.
    pub fn open(
        segments: S,
        geometry: Geometry,
        visit: &mut dyn FnMut(Replayed<'_>) -> ControlFlow<()>,
    ) -> Result<(Self, Recovered), OpenError> {
        Self::open_from(segments, geometry, None, visit)
    }

    /// The same, from where an index goes on: of the groups it has in it at most the last is handed out, if that is written
    /// anew, because its bodies lie elsewhere then. What lies before is not looked at.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`OpenError::Resume`] when that is no place of this log, with nothing changed: the index
    /// has to be made again.
    pub fn open_from(
        mut segments: S,
        geometry: Geometry,
        resume: Option<Resume>,
        visit: &mut dyn FnMut(Replayed<'_>) -> ControlFlow<()>,
    ) -> Result<(Self, Recovered), OpenError> {
        let geometry = geometry.checked()?;
        let reader = segments.reader();
        let surveyed = survey(&segments, &reader)?;
        let salts = Salts::default();
        for (number, header) in
            surveyed.iter().filter_map(|found| found.header.map(|header| (found.number, header)))
        {
            salts.insert(number, header.salt);
        }
        let bodies = BodyReader::new(reader.clone(), salts.clone());
        let mut replay = Replay::new(&reader, visit);
        if let Some(resume) = resume {
            replay.resume(&resume, &surveyed)?;
        }
        replay.walk_all(&surveyed)?;
        let tail = replay.tail(&bodies)?;
        if resume.is_some_and(|resume| replay.next_sequence(&tail) <= resume.last) {
            // What the index has in it is not all there.
            return Err(OpenError::Resume);
        }
        give_back(&mut segments, &surveyed);
        let head = match reusable(&surveyed, &replay, &tail) {
            Some(head) => head,
            None => {
                let last = surveyed.last().map(|last| last.number);
                let start = Start {
                    last,
                    cut: replay.durable,
                    sequence: replay.next_sequence(&tail),
                    accepted: replay.end_of(&tail),
                };
                let (head, rewritten) =
                    start_segment(&mut segments, geometry, &bodies, &salts, start, &tail)?;
                for commit in &rewritten {
                    replay.hand_out(commit)?;
                }
                replay.report.rewritten = rewritten.len() as u64;
                head
            }
        };
        let report = replay.report;
        Ok((Self { segments, geometry, tail: Tail::Open(head), salts, resume: head.resume() }, report))
    }
}

/// What a run that was cut off had not given back yet.
fn give_back<S: Segments>(segments: &mut S, surveyed: &[Surveyed]) {
    for (found, offset) in surveyed.iter().filter_map(|found| found.end.map(|end| (found, end))) {
        if found.length > offset
            && let Err(error) = segments.trim(Position { segment: found.number, offset })
        {
            tracing::warn!(segment = %found.number, %error, "space behind the end of a segment was not given back");
        }
    }
}

/// The head, when the last segment ends exactly where it's known to be durable: after a start that wrote nothing.
fn reusable<R: ReadSegments>(surveyed: &[Surveyed], replay: &Replay<'_, R>, tail: &[Commit]) -> Option<Head> {
    let last = surveyed.last()?;
    let header = last.header?;
    let clean = tail.is_empty() && replay.written <= replay.durable && replay.durable.segment == last.number;
    clean.then(|| Head {
        segment: last.number,
        salt: header.salt,
        end: replay.durable.offset,
        durable: replay.durable,
        sequence: replay.next_sequence(tail),
    })
}
