//! Copies: what they carry, what they share, and what they wait for.

use ipc::mail::SystemFlags;
use ipc::service::mailbox::{FlagChange, KEYWORDS_MAX, MessageRow};

use super::super::Operation;
use super::super::tests::{ACCOUNT, Planned, place};
use super::*;

const INBOX: MailboxId = MailboxId(1);
const ARCHIVE: MailboxId = MailboxId(2);

fn range(first: Uid, last: Uid) -> UidRange {
    UidRange { first, last }
}

fn copy_to(to: MailboxId, uids: &[UidRange], originals: Originals) -> Operation {
    Operation::Copy { account: ACCOUNT, from: INBOX, uids: Uids::of(uids.to_vec()), to, originals }
}

fn flag(uid: Uid) -> Operation {
    Operation::Flags {
        account: ACCOUNT,
        mailbox: INBOX,
        uids: Uids::of(vec![range(uid, uid)]),
        change: FlagChange::Add,
        flags: SystemFlags::DELETED,
        keywords: vec![],
    }
}

impl Planned {
    fn copied(&mut self, operation: &Operation) -> (Vec<UidRange>, Vec<UidRange>) {
        match self.does(operation) {
            Outcome::Copied(Copied { source, copies, uid_validity }) => {
                let Operation::Copy { to, .. } = operation else { panic!("{operation:?}") };
                assert_eq!(uid_validity, self.index.mailbox(ACCOUNT, *to).unwrap().uid_validity);
                (source, copies)
            }
            other => panic!("{other:?}"),
        }
    }

    fn rows(&self, mailbox: MailboxId) -> Vec<MessageRow> {
        self.index.mailbox(ACCOUNT, mailbox).unwrap().rows(0).collect()
    }

    fn uids(&self, mailbox: MailboxId) -> Vec<Uid> {
        self.rows(mailbox).iter().map(|row| row.uid).collect()
    }
}

#[test]
fn a_copy_is_the_message_with_a_uid_of_its_own() {
    let mut planned = Planned::new();
    planned.append(ARCHIVE, 1, &["work", "done"]);
    planned.append(INBOX, 2, &["a", "Done"]);
    planned.append(INBOX, 3, &["b"]);
    let copied = planned.copied(&copy_to(ARCHIVE, &[range(1, 1), range(9, 99)], Originals::Stay));
    assert_eq!(copied, (vec![range(1, 1)], vec![range(2, 2)]));
    let archive = planned.index.mailbox(ACCOUNT, ARCHIVE).unwrap();
    // Keywords are those of the same name, and only of what was copied.
    assert_eq!(archive.keywords, ["work", "done", "a"]);
    let (copy, original) = (archive.message(2).unwrap(), planned.rows(INBOX)[0]);
    let expected = MessageRow { uid: 2, modseq: 3, keywords: 0b110, ..original };
    assert_eq!((copy.row, copy.row.flags), (expected, SystemFlags::FLAGGED));
    assert_eq!((copy.body, copy.structure.unwrap().position.offset), (place(2), 2064));
    assert_eq!(planned.uids(INBOX), [1, 2]);
}

#[test]
fn a_move_is_a_copy_and_its_end_in_one_group() {
    let mut planned = Planned::new();
    for transaction in 1..=4 {
        planned.append(INBOX, transaction, &[]);
    }
    let moving = copy_to(ARCHIVE, &[range(3, 4), range(1, 1)], Originals::Go);
    let ends =
        planned.changes(&moving).iter().filter(|change| matches!(change, Change::Expunged { .. })).count();
    assert_eq!(ends, 3);
    let before = planned.index.mailbox(ACCOUNT, INBOX).unwrap().modseq;
    assert_eq!(planned.copied(&moving), (vec![range(1, 1), range(3, 4)], vec![range(1, 3)]));
    assert_eq!((planned.uids(INBOX), planned.uids(ARCHIVE)), (vec![2], vec![1, 2, 3]));
    assert_eq!(planned.index.mailbox(ACCOUNT, INBOX).unwrap().modseq, before + 3);
    assert_eq!(planned.copied(&moving), (vec![], vec![]), "nothing is there any more");
}

#[test]
fn into_the_mailbox_they_are_in() {
    let mut planned = Planned::new();
    planned.append(INBOX, 1, &["a"]);
    planned.copied(&copy_to(INBOX, &[range(1, 9)], Originals::Stay));
    assert_eq!(planned.uids(INBOX), [1, 2]);
    planned.copied(&copy_to(INBOX, &[range(1, 9)], Originals::Go));
    assert_eq!(planned.uids(INBOX), [3, 4]);
    let modseqs: Vec<_> = planned.rows(INBOX).iter().map(|row| (row.modseq, row.keywords)).collect();
    assert_eq!(modseqs, [(4, 1), (5, 1)]);
    assert_eq!(planned.index.mailbox(ACCOUNT, INBOX).unwrap().modseq, 7);
}

#[test]
fn a_table_that_would_be_too_long_refuses_all() {
    let mut planned = Planned::new();
    for number in 0..KEYWORDS_MAX {
        planned.append(ARCHIVE, 1 + number as u128, &[&format!("k{number}")]);
    }
    planned.append(INBOX, 1000, &["K0"]);
    planned.append(INBOX, 1001, &["new"]);
    let both = copy_to(ARCHIVE, &[range(1, 2)], Originals::Go);
    assert_eq!(planned.does(&both), Outcome::Refused(Refusal::Limit));
    assert_eq!((planned.uids(INBOX).len(), planned.uids(ARCHIVE).len()), (2, KEYWORDS_MAX));
    planned.copied(&copy_to(ARCHIVE, &[range(1, 1)], Originals::Go));
    assert_eq!(planned.rows(ARCHIVE).last().unwrap().keywords, 1);
}

#[test]
fn mailboxes_that_are_not_there() {
    let mut planned = Planned::new();
    planned.append(INBOX, 1, &[]);
    let nowhere = copy_to(MailboxId(99), &[range(1, 1)], Originals::Go);
    assert_eq!(planned.does(&nowhere), Outcome::Refused(Refusal::NoMailbox));
    let uids = Uids::all();
    let (from, to, originals) = (MailboxId(99), INBOX, Originals::Stay);
    let from_nowhere = Operation::Copy { account: ACCOUNT, from, uids, to, originals };
    assert_eq!(planned.does(&from_nowhere), Outcome::Refused(Refusal::NotSelected));
}

#[test]
fn what_the_group_decided_before_is_waited_for() {
    let moving = || copy_to(ARCHIVE, &[range(1, 2)], Originals::Go);
    let copying = || copy_to(ARCHIVE, &[range(1, 2)], Originals::Stay);
    let distrust = || Operation::Distrust { account: ACCOUNT, mailbox: INBOX, uid: 2 };
    let delete = || Operation::DeleteMailbox { account: ACCOUNT, mailbox: ARCHIVE };
    let cases = [
        (vec![flag(2), moving()], [true, false]),
        (vec![flag(2), copying()], [true, false]),
        (vec![flag(3), copying()], [true, false]),
        (vec![copy_to(INBOX, &[range(1, 1)], Originals::Stay), copying()], [true, false]),
        (vec![moving(), moving()], [true, false]),
        (vec![moving(), flag(1)], [true, false]),
        (vec![copying(), flag(1)], [true, true]),
        (vec![copying(), copying()], [true, false]),
        (vec![copying(), delete()], [true, false]),
        (vec![delete(), copying()], [true, false]),
        (vec![distrust(), copying()], [true, false]),
        (vec![distrust(), distrust()], [true, false]),
    ];
    for (operations, now) in cases {
        let mut planned = Planned::new();
        for transaction in 1..=3 {
            planned.append(INBOX, transaction, &["a"]);
        }
        planned.together(&operations, &now);
    }
}

#[test]
fn distrust_is_told_and_goes_along() {
    let mut planned = Planned::new();
    planned.append(INBOX, 1, &["a"]);
    let distrust = |uid| Operation::Distrust { account: ACCOUNT, mailbox: INBOX, uid };
    let before = planned.rows(INBOX)[0];
    assert_eq!(planned.does(&distrust(1)), Outcome::Done);
    let expected = MessageRow { opaque: true, modseq: before.modseq + 1, ..before };
    assert_eq!(planned.rows(INBOX), [expected]);
    let changed = planned.index.mailbox(ACCOUNT, INBOX).unwrap().changed(before.modseq, 10);
    assert_eq!(changed.rows, [expected]);
    assert!(planned.changes(&distrust(1)).is_empty());
    assert_eq!(planned.does(&distrust(2)), Outcome::Refused(Refusal::NoMessage));
    planned.does(&flag(1));
    planned.copied(&copy_to(ARCHIVE, &[range(1, 1)], Originals::Go));
    assert!(planned.rows(ARCHIVE)[0].opaque);
}

#[test]
fn more_than_one_commit_takes_is_refused_and_the_most_fit_a_record() {
    let mut planned = Planned::new();
    planned.append(INBOX, 1, &["a"]);
    // Each time twice as many, in place.
    while planned.rows(INBOX).len() <= COPY_MAX {
        planned.copied(&copy_to(INBOX, &[range(1, Uid::MAX)], Originals::Stay));
    }
    let all = copy_to(ARCHIVE, &[range(1, Uid::MAX)], Originals::Go);
    assert_eq!(planned.does(&all), Outcome::Refused(Refusal::Limit));
    let last = Uid::try_from(COPY_MAX).unwrap();
    let most = planned.changes(&copy_to(ARCHIVE, &[range(1, last)], Originals::Go));
    assert_eq!(most.len(), 2 * COPY_MAX + 1);
    let weight: usize = most.iter().map(Change::weight).sum();
    assert!(weight + crate::committer::GROUP_WEIGHT < ipc::codec::RECORD_MAX, "{weight}");
    let written = ipc::codec::encode_record(&most).unwrap();
    assert!(written.len() < weight / 2);
    assert!(ipc::codec::decode_record::<Vec<Change>>(&written).unwrap() == most);
}
