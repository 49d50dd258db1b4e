//! Groups: what goes into one, and what is answered when it fails.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use ipc::mail::TransactionId;
use ipc::service::deliver::Folder;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::log::tests::faulty::{Fault, Faulty};
use crate::log::{BodyId, Compressor, FileSegments, Geometry, PreparedBody};
use crate::plan::NewMessage;

type Answers = Vec<oneshot::Receiver<Outcome>>;

/// A committer whose log fails at a call, the index it changes, and how many calls opening took.
fn committer(
    place: &Path,
    fault: Fault,
    at: usize,
) -> (Committer<Faulty<FileSegments>>, Arc<RwLock<Index>>, usize) {
    let segments = Faulty::new(FileSegments::open(place, Geometry::default()).unwrap(), fault, at);
    let calls = segments.calls();
    let (log, _) = Log::open(segments, Geometry::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    let index = Arc::new(RwLock::new(Index::default()));
    let (notices, _) = tokio::sync::mpsc::unbounded_channel();
    let (tables, most) = (Tables::in_memory().unwrap(), usize::MAX);
    let made = Committer { log, index: Arc::clone(&index), tables, most, notices };
    (made, index, calls.load(Ordering::Relaxed))
}

fn jobs(operations: Vec<Operation>) -> (Receiver<Job>, Answers) {
    let (jobs, waiting) = channel();
    let submit = |operation| {
        let (answer, answered) = oneshot::channel();
        jobs.send(Job { operation, answer }).unwrap();
        answered
    };
    let answers = operations.into_iter().map(submit).collect();
    (waiting, answers)
}

fn create(accounts: u64) -> Operation {
    Operation::Create { accounts: (0..accounts).map(AccountId).collect() }
}

fn deliver(transaction: u128, accounts: u64) -> Operation {
    let mut compressor = Compressor::new().unwrap();
    let body = PreparedBody::new(BodyId(transaction), b"mail", &mut compressor).unwrap();
    let message = NewMessage { transaction: TransactionId(transaction), body, structure: None };
    Operation::Deliver { message, accounts: (0..accounts).map(AccountId).collect(), folder: Folder::Inbox }
}

fn calls_of_opening() -> usize {
    let place = tempfile::tempdir().unwrap();
    committer(place.path(), Fault::Refused, usize::MAX).2
}

#[test]
fn a_group_whose_fate_is_unknown_is_not_answered_and_not_seen() {
    let opening = calls_of_opening();
    let mut failed = 0;
    for fault in [Fault::Refused, Fault::Short, Fault::SyncKept, Fault::SyncLost] {
        for call in 0..4 {
            let place = tempfile::tempdir().unwrap();
            let (committer, index, _) = committer(place.path(), fault, opening + call);
            let (waiting, mut answers) = jobs(vec![create(2)]);
            match committer.run(&waiting) {
                Ok(()) => assert_eq!(answers[0].try_recv(), Ok(Outcome::Done)),
                Err(error) => {
                    assert!(error.is_fatal());
                    assert_eq!(answers[0].try_recv(), Err(TryRecvError::Closed), "{fault:?}");
                    assert!(index.read().unwrap().account(AccountId(0)).is_none());
                    failed += 1;
                }
            }
        }
    }
    assert!(failed >= 4, "only {failed} faults were met");
}

#[test]
fn a_full_disk_refuses_mail_and_what_waits_behind_it_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (committer, index, _) = committer(place.path(), Fault::NoSpace, calls_of_opening());
    let account = AccountId(0);
    let (waiting, mut answers) = jobs(vec![create(1), Operation::Remove { account }]);
    committer.run(&waiting).unwrap();
    assert_eq!(answers[0].try_recv(), Ok(Outcome::Refused(Refusal::Full)));
    assert_eq!(answers[1].try_recv(), Ok(Outcome::Done));
    assert!(index.read().unwrap().was_removed(account));
}

#[test]
fn many_recipients_make_more_groups_not_larger_ones() {
    const TARGETS: u64 = 4096;
    let place = tempfile::tempdir().unwrap();
    let (committer, index, _) = committer(place.path(), Fault::Refused, usize::MAX);
    let operations = std::iter::once(create(TARGETS)).chain((0..40).map(|n| deliver(n, TARGETS))).collect();
    let (waiting, mut answers) = jobs(operations);
    committer.run(&waiting).unwrap();
    assert!(answers.iter_mut().all(|answer| answer.try_recv() == Ok(Outcome::Done)));
    let delivered = index.read().unwrap().mailbox(AccountId(7), MailboxId(1)).unwrap().status().messages;
    assert_eq!(delivered, 40);
    let mut largest = 0;
    let segments = FileSegments::open(place.path(), Geometry::default()).unwrap();
    Log::open(segments, Geometry::default(), &mut |replayed| {
        if let crate::log::Replayed::Group(group) = replayed {
            let changes: Vec<Change> = ipc::codec::decode_record(group.changes).unwrap();
            largest = largest.max(changes.len());
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(largest < GROUP_CHANGES + 5000, "{largest} changes in one group");
}
