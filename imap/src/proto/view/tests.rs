use ipc::mail::TransactionId;

use super::*;
use crate::proto::parse::{Command, command};

fn row(uid: Uid) -> MessageRow {
    MessageRow {
        uid,
        modseq: 1,
        flags: SystemFlags::default(),
        keywords: 0,
        internal_date: 0,
        size: 1,
        id: TransactionId(0),
        opaque: false,
    }
}

fn view(uids: &[Uid]) -> View {
    let mut view = View::new(
        MailboxId(1),
        Access::ReadWrite,
        Keywords::default(),
        20,
        1,
        Shares::default().of(ipc::mail::AccountId(1)),
    );
    assert!(uids.iter().all(|uid| view.fill(row(*uid))));
    view
}

fn set(text: &str) -> SequenceSet {
    match command(format!("a FETCH {text} UID").as_bytes()).map(|tagged| tagged.command) {
        Ok(Command::Fetch { set, .. }) => set,
        other => panic!("{other:?}"),
    }
}

fn run(first: Uid, last: Uid) -> UidRange {
    UidRange { first, last }
}

fn told(tell: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    tell(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn uids_rise() {
    let mut view = view(&[2, 5]);
    assert!(!view.fill(row(5)) && !view.fill(row(4)));
    assert_eq!(view.exists(), 2);
}

#[test]
fn neighbours_are_one_run() {
    let view = view(&[2, 5, 9, 10, 30]);
    for (by, text, want) in [
        (By::Sequence, "1:5", vec![run(2, 30)]),
        (By::Sequence, "1,3:4", vec![run(2, 2), run(9, 10)]),
        (By::Uid, "3:9", vec![run(5, 9)]),
        (By::Uid, "3:4,40", vec![]),
        (By::Uid, "40:*", vec![run(30, 30)]),
    ] {
        let numbers = view.resolve(by, &set(text)).unwrap();
        assert_eq!(view.runs(by, &numbers, |_| true), want, "{by:?} {text}");
    }
    let numbers = view.resolve(By::Sequence, &set("1:*")).unwrap();
    assert_eq!(view.runs(By::Sequence, &numbers, |row| row.uid != 9), [run(2, 5), run(10, 30)]);
    assert_eq!(view.resolve(By::Sequence, &set("6")), Err(NoSuchMessage));
}

#[test]
fn what_comes_and_goes_between_two_pages_is_never_told() {
    let (mut view, mut gathered) = (view(&[2, 5]), Gathered::default());
    let pages = told(|out| {
        view.tell_page(vec![row(21), row(22)], &[], &mut gathered, out).unwrap();
        view.tell_page(vec![row(23)], &[run(21, 21), run(5, 5)], &mut gathered, out).unwrap();
    });
    assert_eq!(pages, "* 2 EXPUNGE\r\n");
    let arrived = told(|out| view.tell_arrived(gathered, out));
    assert_eq!(arrived, "* 3 EXISTS\r\n* 2 RECENT\r\n");
    assert_eq!(view.message(23).map(|message| message.sequence), Some(3));
    assert!(view.message(21).is_none() && view.message(5).is_none());
}

#[test]
fn what_the_view_does_not_have_is_not_told() {
    let (mut view, mut gathered) = (view(&[2, 5]), Gathered::default());
    let nothing = told(|out| view.tell_page(vec![row(3)], &[run(3, 4)], &mut gathered, out).unwrap());
    assert_eq!(nothing, "");
}

#[test]
fn a_name_that_is_no_keyword_is_not_told() {
    let mut keywords = Keywords::new(&["good".to_owned(), "bad name".to_owned(), "a\r\nb".to_owned()]);
    let all = MessageRow { keywords: u64::MAX, ..row(1) };
    assert_eq!(keywords.of(&all).iter().map(crate::proto::parse::Flag::name).collect::<Vec<_>>(), ["good"]);
    let same = told(|out| keywords.update(&["good".to_owned()], Access::ReadWrite, out));
    assert_eq!(same, "");
}
