//! Segments as a whole: when they are begun, what is left of them, when they are lost.

use super::*;

fn filled(path: &Path, groups: u128) -> Log<FileSegments> {
    let (mut log, _) = open(path);
    for n in 0..groups {
        log.append(group(b"c", &[n], 3000), Reserve::Keep).unwrap();
    }
    log
}

#[test]
fn the_reserve_is_left_alone_but_for_those_who_may() {
    let place = directory();
    let mut log = filled(place.path(), 6);
    let end = SMALL.segment - SMALL.reserve;
    // up to the reserve of the first segment
    let last = loop {
        let appended = log.append(group(b"fill", &[], 0), Reserve::Keep).unwrap();
        if appended.end.offset + 80 > end {
            break appended.end;
        }
    };
    assert_eq!(last.segment, SegmentNumber(1));
    let deletion = log.append(group(b"deletion", &[], 0), Reserve::MayUse).unwrap();
    assert_eq!(deletion.end.segment, SegmentNumber(1), "it lies in the reserve");
    let mail = log.append(group(b"mail", &[], 0), Reserve::Keep).unwrap();
    assert_eq!(mail.end.segment, SegmentNumber(2), "mail does not");
    let length = std::fs::metadata(file(place.path(), 1)).unwrap().len();
    assert_eq!(length, deletion.end.offset, "what was set aside is given back");
}

#[test]
fn a_missing_segment_is_told_and_the_others_live() {
    let place = directory();
    drop(filled(place.path(), 24));
    let (log, all) = open(place.path());
    drop(log);
    std::fs::remove_file(file(place.path(), 2)).unwrap();
    let (log, seen) = open(place.path());
    let two = SegmentNumber(2);
    assert_eq!(seen.damage, [Damage::Missing { first: two, last: two }]);
    let expected: Vec<_> =
        all.groups.iter().filter(|group| group.bodies[0].position.segment != two).cloned().collect();
    assert!(expected.len() < all.groups.len());
    assert_eq!(seen.groups, expected);
    assert_whole(&log, &seen.groups, 3000);
}

#[test]
fn a_removed_segment_is_gone_and_the_current_one_stays() {
    let place = directory();
    let mut log = filled(place.path(), 24);
    let current = *log.list().last().unwrap();
    assert!(matches!(log.remove(current), Err(SegmentError::InUse(_))));
    let reader = log.reader();
    log.remove(SegmentNumber(1)).unwrap();
    assert!(matches!(log.remove(SegmentNumber(1)), Err(SegmentError::Unknown(_))));
    assert!(!file(place.path(), 1).exists());
    let position = Position { segment: SegmentNumber(1), offset: 8192 };
    let gone = BodyRef { position, id: BodyId(0), length: 10, crc: 0 };
    let answer = reader.read(&gone, &mut Decompressor::new(10).unwrap());
    assert!(matches!(answer, Err(BodyError::Segment(SegmentError::Unknown(_)))));
    drop(log);
    let one = SegmentNumber(1);
    assert_eq!(open(place.path()).1.damage, [Damage::Missing { first: one, last: one }]);
}

#[test]
fn a_segment_without_a_header_is_told_and_kept() {
    let place = directory();
    drop(filled(place.path(), 24));
    let last = std::fs::read_dir(place.path()).unwrap().count() as u64 - 1;
    assert!(last > 3, "{last}");
    for segment in [2, 3, last] {
        let spoilt = copy(place.path());
        let path = file(spoilt.path(), segment);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[..8192].fill(0x55);
        std::fs::write(&path, &bytes).unwrap();
        let (mut log, seen) = open(spoilt.path());
        let lost = Damage::Header { segment: SegmentNumber(segment), len: bytes.len() as u64 };
        assert_eq!(seen.damage, [lost]);
        assert!(seen.groups.len() >= 12, "{}", seen.groups.len());
        log.append(group(b"next", &[99], 3000), Reserve::Keep).unwrap();
        drop(log);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it's left for whoever repairs it");
        let (_, again) = open(spoilt.path());
        assert_eq!((again.groups.len(), again.damage), (seen.groups.len() + 1, vec![lost]));
    }
}

#[test]
fn what_an_unfinished_creation_left_is_removed() {
    let place = directory();
    drop(filled(place.path(), 2));
    let scrap = place.path().join("seg-unfinished");
    std::fs::copy(file(place.path(), 1), &scrap).unwrap();
    assert_eq!(open(place.path()).1.groups.len(), 2);
    assert!(!scrap.exists());
}

#[test]
fn a_segment_of_a_later_version_is_refused() {
    let place = directory();
    drop(filled(place.path(), 1));
    let path = file(place.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    for copy in [0, 4096] {
        bytes[copy + 8] = 2;
        let sum = crc32c::crc32c(&bytes[copy..copy + 56]).to_le_bytes();
        bytes[copy + 56..copy + 60].copy_from_slice(&sum);
    }
    std::fs::write(&path, bytes).unwrap();
    let refused = replay(FileSegments::open(place.path(), SMALL).unwrap());
    assert!(matches!(refused, Err(OpenError::Version { version: 2, known: 1, .. })));
}

#[test]
fn numbers_run_out_without_a_wrap() {
    let place = directory();
    std::fs::write(file(place.path(), u64::MAX), b"not a segment").unwrap();
    let refused = replay(FileSegments::open(place.path(), SMALL).unwrap());
    assert!(matches!(refused, Err(OpenError::Numbers)));
}
