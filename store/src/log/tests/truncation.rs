use super::*;

const LENGTH: usize = 60;

/// Six groups in one segment; where each ends.
fn six(path: &Path) -> Vec<u64> {
    let (mut log, _) = open(path);
    let append =
        |n: u128| log.append(group(format!("c{n}").as_bytes(), &[n], LENGTH), Reserve::Keep).unwrap();
    (0..6).map(append).map(|appended| appended.end.offset).collect()
}

fn assert_only_the_torn_is_missing(spoilt: &Path, whole: usize, at: u64) {
    let (mut log, seen) = open(spoilt);
    let expected: Vec<_> = (0..whole).map(|n| format!("c{n}").into_bytes()).collect();
    assert_eq!(seen.changes(), expected, "cut at {at}");
    assert_eq!(seen.damage, [], "cut at {at}");
    assert_whole(&log, &seen.groups, LENGTH);
    // and the next life of the log is sound, too
    let next = log.append(group(b"next", &[99], LENGTH), Reserve::Keep).unwrap();
    assert_eq!(next.sequence, whole as u64 + 1);
    drop(log);
    let (log, again) = open(spoilt);
    assert_eq!((again.groups.len(), again.damage.len()), (whole + 1, 0), "cut at {at}");
    assert_whole(&log, &again.groups, LENGTH);
}

#[test]
fn at_every_byte_acknowledged_groups_stay_and_the_torn_one_goes() {
    let place = directory();
    let ends = six(place.path());
    let bytes = std::fs::read(file(place.path(), 1)).unwrap();
    for at in 8192..=*ends.last().unwrap() {
        // half of the time the file keeps its length, and what was set aside reads as zeros: padding is no loss then
        let zeros = at % 2 == 0;
        let lost =
            |end: u64| end > at && (!zeros || bytes[at as usize..end as usize].iter().any(|byte| *byte != 0));
        let whole = ends.iter().filter(|end| !lost(**end)).count();
        let spoilt = copy(place.path());
        let segment = std::fs::OpenOptions::new().write(true).open(file(spoilt.path(), 1)).unwrap();
        let length = segment.metadata().unwrap().len();
        segment.set_len(at).unwrap();
        if zeros {
            segment.set_len(length).unwrap();
        }
        assert_only_the_torn_is_missing(spoilt.path(), whole, at);
    }
}

#[test]
fn a_commit_that_reached_the_disk_before_its_body_is_torn() {
    let place = directory();
    let ends = six(place.path());
    for hole in (ends[4]..ends[5] - 200).step_by(8) {
        let spoilt = copy(place.path());
        let path = file(spoilt.path(), 1);
        let mut bytes = std::fs::read(&path).unwrap();
        let hole_in = &mut bytes[hole as usize..hole as usize + 8];
        if hole_in.iter().all(|byte| *byte == 0) {
            continue;
        }
        hole_in.fill(0);
        std::fs::write(&path, bytes).unwrap();
        assert_only_the_torn_is_missing(spoilt.path(), 5, hole);
    }
}

#[test]
fn inside_the_header_it_is_reported() {
    let place = directory();
    let ends = six(place.path());
    for at in (61..4096).step_by(41).chain(0..56) {
        let spoilt = copy(place.path());
        std::fs::OpenOptions::new().write(true).open(file(spoilt.path(), 1)).unwrap().set_len(at).unwrap();
        let (mut log, seen) = open(spoilt.path());
        if at >= 60 {
            assert_eq!(
                (seen.groups.len(), seen.damage.len()),
                (0, 0),
                "the first copy is whole, behind it is nothing"
            );
        } else {
            assert_eq!(seen.damage, [Damage::Header { segment: SegmentNumber(1), len: at }]);
        }
        log.append(group(b"next", &[99], LENGTH), Reserve::Keep).unwrap();
        drop(log);
        assert_eq!(open(spoilt.path()).1.changes(), [b"next".to_vec()]);
    }
    assert_eq!(ends.len(), 6);
}
