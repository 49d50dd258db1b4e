use super::*;

#[test]
fn groups_and_bodies_come_back_in_order() {
    let place = directory();
    let (mut log, before) = open(place.path());
    assert_eq!((before.groups.len(), before.recovered), (0, Recovered::default()));
    let mut appended = Vec::new();
    for n in 0..30_u128 {
        let group = group(format!("change {n}").as_bytes(), &[2 * n, 2 * n + 1], 1000);
        appended.push(log.append(group, Reserve::Keep).unwrap());
    }
    assert!(log.list().len() > 1, "the groups fill more than one segment");
    for bodies in appended.iter().map(|group| &group.bodies) {
        assert_eq!(read(&log, &bodies[1]).unwrap(), text(bodies[1].id.0, 1000));
    }
    drop(log);
    let (log, after) = open(place.path());
    assert_eq!(after.damage, []);
    assert_eq!(after.changes(), (0..30).map(|n| format!("change {n}").into_bytes()).collect::<Vec<_>>());
    assert_eq!(
        after.groups.iter().map(|group| group.sequence).collect::<Vec<_>>(),
        (1..=30).collect::<Vec<_>>()
    );
    assert_eq!(after.groups[3].bodies, appended[3].bodies, "what is durable is not moved");
    assert_whole(&log, &after.groups, 1000);
}

#[test]
fn only_the_last_group_is_rewritten_and_a_second_start_rewrites_nothing() {
    let place = directory();
    let (mut log, _) = open(place.path());
    for n in 0..3_u128 {
        log.append(group(b"x", &[n], 500), Reserve::Keep).unwrap();
    }
    drop(log);
    let (log, first) = open(place.path());
    assert_eq!(first.recovered, Recovered { groups: 3, rewritten: 1, ..Recovered::default() });
    assert_eq!(first.groups[2].bodies[0].position.segment, SegmentNumber(2));
    assert_whole(&log, &first.groups, 500);
    drop(log);
    for _ in 0..3 {
        let (log, again) = open(place.path());
        assert_eq!(again.groups, first.groups);
        assert_eq!(again.recovered.rewritten, 0);
        assert_eq!(log.list(), [SegmentNumber(1), SegmentNumber(2)]);
    }
    // and it goes on behind them
    let (mut log, _) = open(place.path());
    assert_eq!(log.append(group(b"y", &[9], 500), Reserve::Keep).unwrap().sequence, 4);
    drop(log);
    let (log, last) = open(place.path());
    assert_eq!((last.groups.len(), last.damage.len()), (4, 0));
    assert_whole(&log, &last.groups, 500);
}

#[test]
fn a_body_written_ahead_is_found_again_even_across_segments() {
    let place = directory();
    let (mut log, _) = open(place.path());
    let early = log.append_body(&prepared(1, &text(1, 6000)), Reserve::Keep).unwrap();
    let never = log.append_body(&prepared(2, &text(2, 6000)), Reserve::Keep).unwrap();
    for n in 10..20_u128 {
        log.append(group(b"other", &[n], 6000), Reserve::Keep).unwrap();
    }
    assert_ne!(*log.list().last().unwrap(), early.position.segment);
    let late = log.append_body(&prepared(3, &text(3, 6000)), Reserve::Keep).unwrap();
    let both = Group {
        bodies: vec![GroupBody::Written(early), GroupBody::Written(late)],
        changes: b"both".to_vec(),
    };
    assert_eq!(log.append(both, Reserve::Keep).unwrap().bodies, [early, late]);
    drop(log);
    let (log, seen) = open(place.path());
    assert_eq!((seen.groups.len(), seen.damage.len()), (11, 0));
    assert_whole(&log, &seen.groups, 6000);
    let both = &seen.groups[10];
    assert_eq!(both.bodies[0], early, "it was durable");
    assert_ne!(both.bodies[1].position, late.position, "it was not known to be");
    assert_eq!(read(&log, &never).unwrap(), text(2, 6000), "garbage, but not damaged");
}

#[test]
fn what_can_never_fit_is_refused_and_the_log_goes_on() {
    let place = directory();
    let (mut log, _) = open(place.path());
    let large = group(b"", &[1], 40_000);
    assert!(matches!(log.append(large, Reserve::Keep), Err(AppendError::TooLarge)));
    let one = log.append_body(&prepared(1, b"x"), Reserve::Keep).unwrap();
    let many = (0..=MAX_BODIES).map(|_| GroupBody::Written(one)).collect();
    let many = Group { bodies: many, changes: Vec::new() };
    assert!(matches!(log.append(many, Reserve::Keep), Err(AppendError::TooLarge)));
    log.append(group(b"small", &[2], 10), Reserve::Keep).unwrap();
}

#[test]
fn a_body_is_read_by_many_threads_while_the_log_grows() {
    let place = directory();
    let (mut log, _) = open(place.path());
    let first = log.append(group(b"", &[1, 2, 3, 4], 900), Reserve::Keep).unwrap().bodies;
    std::thread::scope(|scope| {
        for body in &first {
            let reader = log.reader();
            scope.spawn(move || {
                let mut with = Decompressor::new(1000).unwrap();
                for _ in 0..300 {
                    assert_eq!(reader.read(body, &mut with).unwrap(), text(body.id.0, 900));
                }
            });
        }
        for n in 10..60_u128 {
            log.append(group(b"", &[n], 900), Reserve::Keep).unwrap();
        }
    });
}

#[test]
fn what_was_just_written_is_read_without_waiting() {
    // a disk: a file system in memory does not say what is there
    let place = tempfile::tempdir_in("/var/tmp").unwrap();
    let (mut log, _) = open(place.path());
    let body = log.append(group(b"", &[1], 900), Reserve::Keep).unwrap().bodies[0];
    let mut with = Decompressor::new(900).unwrap();
    let cached = |most, with: &mut Decompressor| log.reader().read_cached(&body, most, with);
    assert_eq!(cached(body.length, &mut with), Some(text(1, 900)));
    assert_eq!(cached(body.length - 1, &mut with), None);
    assert_eq!(cached(body.length, &mut Decompressor::new(899).unwrap()), None);
    let wrong = BodyRef { position: Position { offset: u64::MAX - 7, ..body.position }, ..body };
    assert_eq!(log.reader().read_cached(&wrong, body.length, &mut with), None);
}

#[test]
fn a_wrong_reference_serves_nothing() {
    let place = directory();
    let (mut log, _) = open(place.path());
    let bodies = log.append(group(b"", &[1, 2], 100), Reserve::Keep).unwrap().bodies;
    let (one, two) = (bodies[0], bodies[1]);
    for wrong in [
        BodyRef { position: two.position, ..one },
        BodyRef { id: two.id, ..one },
        BodyRef { length: u32::MAX, ..one },
        BodyRef { length: one.length - 1, ..one },
        BodyRef { crc: !one.crc, ..one },
        BodyRef { position: Position { offset: u64::MAX - 7, ..one.position }, ..one },
    ] {
        assert!(matches!(read(&log, &wrong), Err(BodyError::Damaged(_))), "{wrong:?}");
    }
    let gone = BodyRef { position: Position { segment: SegmentNumber(9), offset: 8192 }, ..one };
    assert!(matches!(read(&log, &gone), Err(BodyError::Segment(SegmentError::Unknown(_)))));
    let mut small = Decompressor::new(99).unwrap();
    assert!(matches!(log.reader().read(&one, &mut small), Err(BodyError::TooLarge { .. })));
}

#[test]
fn a_replay_can_be_stopped() {
    let place = directory();
    let (mut log, _) = open(place.path());
    log.append(group(b"x", &[], 0), Reserve::Keep).unwrap();
    drop(log);
    let segments = FileSegments::open(place.path(), SMALL).unwrap();
    let stopped = Log::open(segments, SMALL, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(OpenError::Stopped)));
    assert_eq!(open(place.path()).1.groups.len(), 1);
}
