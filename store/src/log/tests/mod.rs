//! The log as a whole, on real files. Files are small and lie in memory where the machine has such a place.

mod bit_flips;
mod faults;
pub(crate) mod faulty;
mod imitation;
mod random;
mod resume;
mod round_trip;
mod segments;
mod truncation;
mod unreadable;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// Small segments, so that a few groups fill one.
const SMALL: Geometry = Geometry { segment: 32 << 10, step: 8 << 10, reserve: 2 << 10 };

/// What a replay showed of one group.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    sequence: u64,
    changes: Vec<u8>,
    bodies: Vec<BodyRef>,
}

/// Everything a replay showed.
#[derive(Debug)]
struct Replay {
    groups: Vec<Seen>,
    damage: Vec<Damage>,
    recovered: Recovered,
}

impl Replay {
    fn changes(&self) -> Vec<Vec<u8>> {
        self.groups.iter().map(|group| group.changes.clone()).collect()
    }
}

fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(path: &Path) -> (Log<FileSegments>, Replay) {
    replay(FileSegments::open(path, SMALL).unwrap()).unwrap()
}

fn replay<S: Segments>(segments: S) -> Result<(Log<S>, Replay), OpenError> {
    replay_from(segments, None)
}

fn replay_from<S: Segments>(segments: S, resume: Option<Resume>) -> Result<(Log<S>, Replay), OpenError> {
    let (mut groups, mut damage) = (Vec::new(), Vec::new());
    let (log, recovered) = Log::open_from(segments, SMALL, resume, &mut |event| {
        match event {
            Replayed::Group(ReplayedGroup { sequence, bodies, changes }) => {
                groups.push(Seen { sequence, changes: changes.to_vec(), bodies: bodies.to_vec() });
            }
            Replayed::Damage(found) => damage.push(found),
        }
        ControlFlow::Continue(())
    })?;
    Ok((log, Replay { groups, damage, recovered }))
}

/// The text of the body `id`; it hardly compresses, so that `length` is about what it takes on disk.
fn text(id: u128, length: usize) -> Vec<u8> {
    let mut state = id as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn prepared(id: u128, raw: &[u8]) -> PreparedBody {
    PreparedBody::new(BodyId(id), raw, &mut Compressor::new().unwrap()).unwrap()
}

/// A group of new bodies, each of `length` bytes.
fn group(changes: &[u8], ids: &[u128], length: usize) -> Group {
    let bodies = ids.iter().map(|id| GroupBody::New(prepared(*id, &text(*id, length)))).collect();
    Group { bodies, changes: changes.to_vec() }
}

fn read<S: Segments>(log: &Log<S>, body: &BodyRef) -> Result<Vec<u8>, BodyError> {
    let mut with = Decompressor::new(1 << 20).unwrap();
    let read = log.reader().read(body, &mut with);
    // what is served without waiting is the same, or nothing
    if let Some(cached) = log.reader().read_cached(body, 1 << 20, &mut with) {
        assert_eq!(read.as_ref().ok(), Some(&cached), "{body:?}");
    }
    read
}

/// Every body of these groups is what was written under its id.
fn assert_whole<S: Segments>(log: &Log<S>, groups: &[Seen], length: usize) {
    for body in groups.iter().flat_map(|group| &group.bodies) {
        assert_eq!(read(log, body).unwrap(), text(body.id.0, length), "{body:?}");
    }
}

fn file(path: &Path, segment: u64) -> PathBuf {
    path.join(format!("seg-{segment:016x}.log"))
}

/// A copy of the segments of `path`, to be spoilt.
fn copy(path: &Path) -> TempDir {
    let to = directory();
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}
