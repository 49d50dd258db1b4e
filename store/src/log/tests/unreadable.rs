//! A device that will not give some bytes back.

use std::io::{self, IoSlice};
use std::ops::Range;

use super::*;

/// Segments of which a range can't be read.
struct BadSector<S>(S, Range<u64>);

#[derive(Clone)]
struct BadReader<R>(R, Range<u64>);

impl<S: Segments> Segments for BadSector<S> {
    type Reader = BadReader<S::Reader>;

    fn reader(&self) -> Self::Reader {
        BadReader(self.0.reader(), self.1.clone())
    }

    fn list(&self) -> Vec<SegmentNumber> {
        self.0.list()
    }

    fn create(
        &mut self,
        segment: SegmentNumber,
        space: u64,
        content: &mut dyn Iterator<Item = Result<Vec<u8>, SegmentError>>,
    ) -> Result<(), SegmentError> {
        self.0.create(segment, space, content)
    }

    fn reserve(&mut self, end: Position) -> Result<(), SegmentError> {
        self.0.reserve(end)
    }

    fn append(
        &mut self,
        at: Position,
        parts: &[IoSlice<'_>],
        durability: Durability,
    ) -> Result<(), SegmentError> {
        self.0.append(at, parts, durability)
    }

    fn sync(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        self.0.sync(segment)
    }

    fn trim(&mut self, end: Position) -> Result<(), SegmentError> {
        self.0.trim(end)
    }

    fn remove(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        self.0.remove(segment)
    }
}

impl<R: ReadSegments> ReadSegments for BadReader<R> {
    fn read(&self, at: Position, buffer: &mut [u8]) -> Result<usize, SegmentError> {
        let end = at.offset + buffer.len() as u64;
        if at.segment == SegmentNumber::FIRST && at.offset < self.1.end && self.1.start < end {
            return Err(SegmentError::Read { segment: at.segment, source: io::Error::from_raw_os_error(5) });
        }
        self.0.read(at, buffer)
    }

    fn length(&self, segment: SegmentNumber) -> Result<u64, SegmentError> {
        self.0.length(segment)
    }
}

fn ten(path: &Path) -> u64 {
    let (mut log, _) = open(path);
    (0..10_u128)
        .map(|n| log.append(group(b"c", &[n], 1500), Reserve::Keep).unwrap().end.offset)
        .last()
        .unwrap()
}

fn open_bad(path: &Path, range: Range<u64>) -> Result<(Log<BadSector<FileSegments>>, Replay), OpenError> {
    replay(BadSector(FileSegments::open(path, SMALL).unwrap(), range))
}

#[test]
fn a_bad_sector_in_the_middle_is_damage_and_its_neighbours_live() {
    let place = directory();
    ten(place.path());
    let (log, seen) = open_bad(place.path(), 12288..12800).unwrap();
    assert_eq!(seen.damage.len(), 1);
    assert!((7..10).contains(&seen.groups.len()), "{seen:?}");
    let unread = seen.groups.iter().filter(|group| read(&log, &group.bodies[0]).is_err()).count();
    assert!(unread <= 2, "{unread}");
}

#[test]
fn a_bad_sector_at_the_end_is_not_taken_for_a_torn_write() {
    let place = directory();
    let end = ten(place.path());
    let bad = open_bad(place.path(), end - 100..end - 90);
    assert!(matches!(bad, Err(OpenError::Unreadable(SegmentNumber(1)))));
    // nothing was cut meanwhile
    assert_eq!(open(place.path()).1.groups.len(), 10);
}

#[test]
fn one_unreadable_copy_of_the_header_is_no_loss() {
    let place = directory();
    ten(place.path());
    for copy in [0..512, 4096..4608] {
        let (_, seen) = open_bad(place.path(), copy).unwrap();
        assert_eq!((seen.groups.len(), seen.damage.len()), (10, 0));
    }
    assert!(matches!(open_bad(place.path(), 0..8192), Err(OpenError::Segment(SegmentError::Read { .. }))));
}
