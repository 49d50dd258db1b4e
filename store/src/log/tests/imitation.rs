//! Mail that looks like the log.

use super::*;

/// A log that holds a whole record of its own past in a mail, `before` bytes from its start; the segment's bytes, the record,
/// and where the first three groups end.
fn with_a_record_in_a_mail(path: &Path, before: usize) -> (Vec<u8>, Vec<u8>, [u64; 3]) {
    let (mut log, _) = open(path);
    let first = log.append(Group { bodies: Vec::new(), changes: text(1, 6000) }, Reserve::Keep).unwrap();
    let record = std::fs::read(file(path, 1)).unwrap()[8192..first.end.offset as usize].to_vec();
    let mail = GroupBody::New(prepared(2, &[text(3, before), record.clone()].concat()));
    let second =
        log.append(Group { bodies: vec![mail], changes: b"second".to_vec() }, Reserve::Keep).unwrap();
    let third = log.append(Group { bodies: Vec::new(), changes: b"third".to_vec() }, Reserve::Keep).unwrap();
    log.append(Group { bodies: Vec::new(), changes: b"fourth".to_vec() }, Reserve::Keep).unwrap();
    let bytes = std::fs::read(file(path, 1)).unwrap();
    (bytes, record, [first.end.offset, second.end.offset, third.end.offset])
}

#[test]
fn a_record_of_the_same_segment_inside_a_mail_is_no_record() {
    // records begin at multiples of eight: one of these does, too
    (0..8).for_each(assert_it_is_no_record);
}

fn assert_it_is_no_record(before: usize) {
    let place = directory();
    let (mut bytes, record, ends) = with_a_record_in_a_mail(place.path(), before);
    let copies = bytes.windows(record.len()).filter(|window| *window == record).count();
    assert_eq!(copies, 2, "the record is in the file twice, once inside a mail");
    // the header of the mail's own record is lost, so its bytes are searched for the next record
    bytes[ends[0] as usize] ^= 1;
    std::fs::write(file(place.path(), 1), &bytes).unwrap();
    let (log, seen) = open(place.path());
    assert_eq!(seen.changes(), [text(1, 6000), b"second".to_vec(), b"third".to_vec(), b"fourth".to_vec()]);
    assert_eq!(seen.damage.len(), 1);
    assert!(matches!(read(&log, &seen.groups[1].bodies[0]), Err(BodyError::Damaged(_))));
}

#[test]
fn records_behind_the_end_are_no_part_of_the_log() {
    let place = directory();
    let (bytes, record, _) = with_a_record_in_a_mail(place.path(), 0);
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    let end = end.next_multiple_of(8) as usize;
    // the same record once more, at another place
    let mut again = bytes.clone();
    again.resize(end + record.len(), 0);
    again[end..end + record.len()].copy_from_slice(&record);
    std::fs::write(file(place.path(), 1), &again).unwrap();
    let (_, seen) = open(place.path());
    assert_eq!((seen.groups.len(), seen.damage.len()), (4, 0));
    assert!(seen.recovered.cut_bytes >= record.len() as u64 - 8);
}

#[test]
fn a_record_of_another_log_at_its_own_place_is_no_record() {
    let (one, two) = (directory(), directory());
    let (ours, _, ends) = with_a_record_in_a_mail(one.path(), 0);
    let (theirs, _, _) = with_a_record_in_a_mail(two.path(), 0);
    let mut mixed = ours.clone();
    let third = ends[1] as usize..ends[2] as usize;
    mixed[third.clone()].copy_from_slice(&theirs[third]);
    std::fs::write(file(one.path(), 1), &mixed).unwrap();
    let (_, seen) = open(one.path());
    assert_eq!(seen.changes(), [text(1, 6000), b"second".to_vec(), b"fourth".to_vec()]);
    let len = ends[2] - ends[1];
    assert_eq!(seen.damage, [Damage::Bytes { segment: SegmentNumber(1), offset: ends[1], len }]);
}

#[test]
fn a_tail_that_was_cut_never_comes_back() {
    let place = directory();
    let (mut log, _) = open(place.path());
    for n in 0..3_u128 {
        log.append(group(b"c", &[n], 100), Reserve::Keep).unwrap();
    }
    drop(log);
    let before = std::fs::read(file(place.path(), 1)).unwrap();
    let (log, first) = open(place.path());
    drop(log);
    // as if the space behind the cut had never been given back
    std::fs::write(file(place.path(), 1), &before).unwrap();
    let (_, again) = open(place.path());
    assert_eq!((again.groups, again.damage), (first.groups, vec![]));
}
