//! `mailbox`: copies, moves, and messages that nobody parses any more.

use std::time::Duration;

use ipc::mail::{Uid, UidRange};
use ipc::service::mailbox::Refusal;

use super::*;

const ARCHIVE: MailboxId = MailboxId(2);

fn range(first: Uid, last: Uid) -> UidRange {
    UidRange { first, last }
}

fn copy(uids: &[UidRange], remove: bool) -> MailboxRequest {
    MailboxRequest::Copy { uids: uids.to_vec(), to: ARCHIVE, remove }
}

async fn select_archive(client: &mut MailboxClient) {
    let request = MailboxRequest::Select { mailbox: ARCHIVE, write: false };
    assert!(matches!(client.call(&request).await.unwrap(), MailboxReply::Selected { .. }));
}

/// Every frame of the answer.
async fn copied(client: &mut MailboxClient, request: &MailboxRequest) -> Vec<(Vec<UidRange>, Vec<UidRange>)> {
    let mut frames = Vec::new();
    let mut reply = client.call(request).await.unwrap();
    loop {
        let MailboxReply::Copied { source, copies, more, .. } = reply else { panic!("{reply:?}") };
        frames.push((source, copies));
        if !more {
            return frames;
        }
        reply = client.reply().await.unwrap();
    }
}

#[test]
fn copies_share_a_body_that_the_next_process_finds() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        assert_eq!(send(&served.deliver(), 7, b"the body", &[1]).await, Some(Delivered::Stored));
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        assert_eq!(
            copied(&mut client, &copy(&[range(1, 9)], true)).await,
            [(vec![range(1, 1)], vec![range(1, 1)])]
        );
        assert!(rows(&mut client).await.is_empty());
        drop(client);
        let mut served = served;
        for _ in 0..2 {
            let mut client = served.mailbox(1).await;
            assert_eq!(select(&mut client).await.messages, 0);
            select_archive(&mut client).await;
            assert_eq!(body(&mut client, 1).await, b"the body");
            match client.call(&MailboxRequest::Structure { uid: 1 }).await.unwrap() {
                MailboxReply::Structure(structure) => assert_eq!(structure, b"structure"),
                other => panic!("{other:?}"),
            }
            drop(client);
            served = served.restart().await;
        }
    });
}

#[test]
fn the_answer_comes_in_pages_whose_uids_belong_together() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        for transaction in 1..=10 {
            append(&mut client, transaction, b"x").await;
        }
        let holes = [range(1, 2), range(4, 4), range(6, 7), range(9, 50)];
        let expected = [
            (vec![range(1, 2), range(4, 4), range(6, 7)], vec![range(1, 5)]),
            (vec![range(9, 10)], vec![range(6, 7)]),
        ];
        assert_eq!(copied(&mut client, &copy(&holes, false)).await, expected);
        assert_eq!(copied(&mut client, &copy(&[range(70, 80)], false)).await, [(vec![], vec![])]);
        select_archive(&mut client).await;
        let ids: Vec<u128> = rows(&mut client).await.iter().map(|row| row.id.0).collect();
        assert_eq!(ids, [1, 2, 4, 6, 7, 9, 10]);
    });
}

#[test]
fn who_only_reads_may_copy_and_not_move() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        append(&mut client, 1, b"x").await;
        let refused = |reply: &MailboxReply, why| matches!(reply, MailboxReply::Refused(was) if *was == why);
        let missing = MailboxRequest::Copy { uids: vec![range(1, 1)], to: MailboxId(99), remove: false };
        assert!(refused(&client.call(&missing).await.unwrap(), Refusal::NoMailbox));
        let request = MailboxRequest::Select { mailbox: INBOX, write: false };
        assert!(matches!(client.call(&request).await.unwrap(), MailboxReply::Selected { .. }));
        assert!(refused(&client.call(&copy(&[range(1, 1)], true)).await.unwrap(), Refusal::NotSelected));
        assert_eq!(copied(&mut client, &copy(&[range(1, 1)], false)).await.len(), 1);
        assert!(matches!(client.call(&MailboxRequest::Unselect).await.unwrap(), MailboxReply::Done));
        assert!(refused(&client.call(&copy(&[range(1, 1)], false)).await.unwrap(), Refusal::NotSelected));
        let distrust = MailboxRequest::Distrust { uid: 1 };
        assert!(refused(&client.call(&distrust).await.unwrap(), Refusal::NotSelected));
    });
}

#[test]
fn both_mailboxes_of_a_move_hear_of_it() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        append(&mut client, 1, b"moved").await;
        let (mut source, mut target) = (served.mailbox(1).await, served.mailbox(1).await);
        let since = select(&mut source).await.highest_modseq;
        select_archive(&mut target).await;
        copied(&mut client, &copy(&[range(1, 1)], true)).await;
        for told in [&mut source, &mut target] {
            tokio::time::timeout(Duration::from_secs(5), told.changed()).await.unwrap().unwrap();
        }
        assert_eq!(body(&mut source, 1).await, b"moved", "it was not told yet");
        let reply = source.call(&MailboxRequest::Changes { since }).await.unwrap();
        let MailboxReply::Changes { rows: left, expunged, .. } = reply else { panic!("{reply:?}") };
        assert_eq!((left.len(), expunged), (0, vec![range(1, 1)]));
        assert_eq!(body(&mut target, 1).await, b"moved");
    });
}

#[test]
fn what_a_parser_panicked_on_is_opaque_to_everybody_from_then_on() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        append(&mut client, 1, b"x").await;
        let mut other = served.mailbox(1).await;
        let since = select(&mut other).await.highest_modseq;
        for _ in 0..2 {
            let reply = client.call(&MailboxRequest::Distrust { uid: 1 }).await.unwrap();
            assert!(matches!(reply, MailboxReply::Done), "{reply:?}");
        }
        let reply = client.call(&MailboxRequest::Distrust { uid: 2 }).await.unwrap();
        assert!(matches!(reply, MailboxReply::Refused(Refusal::NoMessage)), "{reply:?}");
        tokio::time::timeout(Duration::from_secs(5), other.changed()).await.unwrap().unwrap();
        let reply = other.call(&MailboxRequest::Changes { since }).await.unwrap();
        assert!(matches!(&reply, MailboxReply::Changes { rows, .. } if rows[0].opaque), "{reply:?}");
        copied(&mut client, &copy(&[range(1, 1)], false)).await;
        drop((client, other));
        let served = served.restart().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        assert!(rows(&mut client).await[0].opaque);
        select_archive(&mut client).await;
        assert!(rows(&mut client).await[0].opaque);
    });
}
