//! Every call on the segments fails in turn, in every way it can.

use std::sync::atomic::Ordering;

use super::faulty::{Fault, Faulty};
use super::*;

const LENGTH: usize = 3000;

/// What a run did.
#[derive(Default)]
struct Run {
    acknowledged: Vec<Vec<u8>>,
    attempted: Vec<Vec<u8>>,
    full: usize,
}

/// Two groups before the fault can happen, so that opening has something to replay and to rewrite.
fn prepare(path: &Path) -> Run {
    let mut run = Run::default();
    let (mut log, _) = open(path);
    (0..2).for_each(|n| append(&mut log, &mut run, n).unwrap());
    run
}

fn append<S: Segments>(log: &mut Log<S>, run: &mut Run, n: u128) -> Result<(), AppendError> {
    let changes = format!("c{n}").into_bytes();
    run.attempted.push(changes.clone());
    let ahead = log.append_body(&prepared(1000 + n, &text(1000 + n, LENGTH)), Reserve::Keep)?;
    let mut group = group(&changes, &[n], LENGTH);
    group.bodies.push(GroupBody::Written(ahead));
    log.append(group, Reserve::Keep)?;
    run.acknowledged.push(changes);
    Ok(())
}

/// Opens and appends until something fatal happens.
fn work(segments: Faulty<FileSegments>, run: &mut Run) {
    let Ok((mut log, _)) = replay(segments) else { return };
    for n in 2..14 {
        match append(&mut log, run, n) {
            Ok(()) => {}
            Err(AppendError::NoSpace) => run.full += 1,
            Err(error) => {
                assert!(error.is_fatal(), "{error}");
                let after = log.append(group(b"never", &[], 0), Reserve::MayUse);
                assert!(matches!(after, Err(AppendError::Failed)), "after {error} nothing is written");
                return;
            }
        }
    }
}

#[test]
fn no_acknowledged_group_is_lost_and_no_torn_one_is_seen() {
    for fault in [Fault::Refused, Fault::Short, Fault::SyncKept, Fault::SyncLost, Fault::NoSpace] {
        for at in 0.. {
            let place = directory();
            let mut run = prepare(place.path());
            let faulty = Faulty::new(FileSegments::open(place.path(), SMALL).unwrap(), fault, at);
            let calls = faulty.calls();
            work(faulty, &mut run);
            assert_recovered(place.path(), &run, &format!("{fault:?} at call {at}"));
            if calls.load(Ordering::Relaxed) <= at {
                assert!(at > 50, "the fault was never due: the run has only {at} calls");
                assert_eq!(run.acknowledged.len(), 14, "without a fault everything is written");
                break;
            }
        }
    }
}

fn assert_recovered(path: &Path, run: &Run, what: &str) {
    let (log, seen) = open(path);
    let changes = seen.changes();
    let mut attempted = run.attempted.iter();
    assert!(changes.iter().all(|one| attempted.any(|attempt| attempt == one)), "{what}: {seen:?}");
    let mut found = changes.iter();
    assert!(run.acknowledged.iter().all(|one| found.any(|change| change == one)), "{what}: {seen:?}");
    let surplus = changes.len() - run.acknowledged.len();
    assert!(surplus <= 1, "{what}: only the group that failed may be there or not");
    assert_eq!(seen.damage, [], "{what}");
    assert_whole(&log, &seen.groups, LENGTH);
}

#[test]
fn a_full_disk_is_passed_and_the_next_group_goes_through() {
    let mut passed = 0;
    for at in 0..60 {
        let place = directory();
        let mut run = prepare(place.path());
        work(Faulty::new(FileSegments::open(place.path(), SMALL).unwrap(), Fault::NoSpace, at), &mut run);
        if run.full == 1 && run.attempted.len() == 14 {
            assert_eq!(run.acknowledged.len(), 13);
            passed += 1;
        }
    }
    assert!(passed > 20, "{passed}");
}
