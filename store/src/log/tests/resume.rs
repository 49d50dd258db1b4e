//! Going on from where an index ends.

use super::*;

/// What an index would remember, each time, and all groups.
fn history(path: &Path, steps: &[bool]) -> (Vec<Resume>, Vec<Vec<u8>>) {
    let (mut log, _) = open(path);
    let (mut places, mut changes) = (vec![log.resume()], Vec::new());
    for (number, reopen) in (0_u64..).zip(steps) {
        if *reopen {
            drop(log);
            log = open(path).0;
        } else {
            let change = number.to_le_bytes().to_vec();
            log.append(group(&change, &[u128::from(number)], 3000), Reserve::Keep).unwrap();
            changes.push(change);
        }
        places.push(log.resume());
    }
    (places, changes)
}

const STEPS: [bool; 30] = {
    let mut steps = [false; 30];
    let (mut at, reopens) = (0, [3, 4, 9, 15, 16, 17, 29]);
    while at < reopens.len() {
        steps[reopens[at]] = true;
        at += 1;
    }
    steps
};

#[test]
fn from_every_place_the_rest_is_handed_out() {
    let place = directory();
    let (places, changes) = history(place.path(), &STEPS);
    assert_eq!(changes.len(), 23);
    for resume in places {
        let there = copy(place.path());
        let segments = FileSegments::open(there.path(), SMALL).unwrap();
        let (log, seen) = replay_from(segments, Some(resume)).unwrap();
        let (again, new): (Vec<_>, Vec<_>) =
            seen.groups.iter().cloned().partition(|group| group.sequence <= resume.last);
        assert!(again.len() <= 1, "{resume:?}");
        let known = usize::try_from(resume.last).unwrap();
        let expected: Vec<_> = changes.get(known..).unwrap().to_vec();
        assert_eq!(new.iter().map(|group| group.changes.clone()).collect::<Vec<_>>(), expected, "{resume:?}");
        assert_eq!(seen.damage, []);
        assert_whole(&log, &seen.groups, 3000);
        assert_eq!(log.resume().last, 23);
    }
}

#[test]
fn what_is_no_place_of_the_log_changes_nothing() {
    let place = directory();
    let (places, _) = history(place.path(), &STEPS);
    let (first, last) = (*places.get(2).unwrap(), *places.last().unwrap());
    let elsewhere = |offset| Position { offset, ..first.from };
    for wrong in [
        Resume { salt: first.salt ^ 1, ..first },
        Resume { from: elsewhere(first.from.offset + 8), ..first },
        Resume { from: elsewhere(first.from.offset - 8), ..first },
        Resume { from: elsewhere(1 << 40), ..first },
        Resume { from: Position { segment: SegmentNumber(99), offset: 8192 }, ..first },
        Resume { before: first.before + 1, last: first.last + 1, ..first },
        Resume { before: 0, last: 0, ..first },
        Resume { last: last.last + 1, ..last },
        Resume { last: last.last + 1, ..first },
    ] {
        let there = copy(place.path());
        let files = || {
            let list = std::fs::read_dir(there.path()).unwrap();
            let mut files: Vec<_> = list
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.path(), entry.metadata().unwrap().len()))
                .collect();
            files.sort();
            files
        };
        let before = files();
        let segments = FileSegments::open(there.path(), SMALL).unwrap();
        assert!(matches!(replay_from(segments, Some(wrong)), Err(OpenError::Resume)), "{wrong:?}");
        assert_eq!(files(), before);
        assert_eq!(open(there.path()).1.groups.len(), 23);
    }
}

#[test]
fn damage_is_found_behind_the_place_and_right_there_it_is_no_place() {
    let place = directory();
    let (mut log, _) = open(place.path());
    let mut places = vec![log.resume()];
    for number in 0..5_u8 {
        log.append(group(&[number], &[u128::from(number)], 500), Reserve::Keep).unwrap();
        places.push(log.resume());
    }
    drop(log);
    // The last of these lies before the fifth group: the commit of the fourth ends there.
    let end = usize::try_from(places.last().unwrap().from.offset).unwrap();
    let mut bytes = std::fs::read(file(place.path(), 1)).unwrap();
    bytes.get_mut(end - 8..end).unwrap().fill(0xaa);
    std::fs::write(file(place.path(), 1), &bytes).unwrap();
    let from = |resume: &Resume| {
        let there = copy(place.path());
        replay_from(FileSegments::open(there.path(), SMALL).unwrap(), Some(*resume)).map(|(_, seen)| seen)
    };
    let seen = from(places.get(2).unwrap()).unwrap();
    assert_eq!(seen.damage.len(), 1);
    assert_eq!(seen.changes(), [[1], [2], [4]]);
    // Its last group is the lost one.
    assert!(matches!(from(places.get(4).unwrap()), Err(OpenError::Resume)));
}
