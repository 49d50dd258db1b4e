use super::*;

const LENGTH: usize = 60;

/// Two segments of three groups each, and how far each is written.
fn two_segments(path: &Path) -> [u64; 2] {
    let mut ends = [0, 0];
    for (half, end) in ends.iter_mut().enumerate() {
        let (mut log, _) = open(path);
        for n in 0..3 {
            let n = half * 3 + n;
            let appended =
                log.append(group(format!("c{n}").as_bytes(), &[n as u128], LENGTH), Reserve::Keep).unwrap();
            assert_eq!(appended.end.segment.0, half as u64 + 1);
            *end = appended.end.offset;
        }
    }
    // the last group of the first segment was rewritten: that one ends before it
    ends[0] = std::fs::metadata(file(path, 1)).unwrap().len();
    ends
}

#[test]
fn at_every_byte_it_is_noticed_and_stops_nothing_else() {
    let place = directory();
    let ends = two_segments(place.path());
    for (segment, end) in (1..).zip(ends) {
        let header = (0..68).chain(4090..4170);
        for at in header.chain(8192..end) {
            let spoilt = copy(place.path());
            let path = file(spoilt.path(), segment);
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at as usize] ^= 1 << (at % 8);
            std::fs::write(&path, bytes).unwrap();
            assert_noticed(spoilt.path(), segment, at);
        }
    }
}

fn assert_noticed(path: &Path, segment: u64, at: u64) {
    let (log, seen) = open(path);
    let place = format!("segment {segment}, byte {at}: {seen:?}");
    let mut intact = 0;
    for group in &seen.groups {
        let n = group.sequence - 1;
        assert_eq!(group.changes, format!("c{n}").into_bytes(), "{place}");
        assert_eq!(group.bodies[0].id, BodyId(u128::from(n)), "{place}");
        match read(&log, &group.bodies[0]) {
            Ok(body) => assert_eq!(body, text(u128::from(n), LENGTH), "{place}"),
            Err(BodyError::Damaged(_)) => intact -= 1,
            Err(other) => panic!("{place}: {other}"),
        }
        intact += 1;
    }
    assert!(intact >= 5, "one flipped bit spoils one message at most: {place}");
    let lost = seen.groups.len() < 6;
    let only_the_last = seen.groups.last().is_some_and(|last| last.sequence == 5);
    assert!(!lost || !seen.damage.is_empty() || (only_the_last && seen.recovered.cut_bytes > 0), "{place}");
    assert!(seen.damage.len() <= 1, "{place}");
}

#[test]
fn a_zeroed_block_in_the_middle_is_reported_and_stepped_over() {
    let place = directory();
    let (mut log, _) = open(place.path());
    for n in 0..12_u128 {
        log.append(group(b"c", &[n], 1500), Reserve::Keep).unwrap();
    }
    drop(log);
    let path = file(place.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[12288..16384].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let (log, seen) = open(place.path());
    let [Damage::Bytes { segment: SegmentNumber(1), offset, len }] = seen.damage[..] else {
        panic!("{seen:?}")
    };
    assert!((10_000..16384).contains(&offset) && (16384..19_000).contains(&(offset + len)), "{offset} {len}");
    let lost = 12 - seen.groups.len();
    assert!((1..=3).contains(&lost), "{lost}");
    let damaged = seen.groups.iter().filter(|group| read(&log, &group.bodies[0]).is_err()).count();
    assert!(damaged <= 2, "{damaged}");
    // it's told again at every start, until someone repairs it
    drop(log);
    assert_eq!(open(place.path()).1.damage, seen.damage);
}
