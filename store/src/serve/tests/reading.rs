//! `mailbox`: views, notifications, appends.

use std::time::Duration;

use ipc::mail::{SystemFlags, UidRange};
use ipc::service::mailbox::{FlagChange, ROWS_MAX, Refusal};

use super::*;

async fn changes(client: &mut MailboxClient, since: u64) -> (Vec<MessageRow>, Vec<UidRange>, u64, bool) {
    match client.call(&MailboxRequest::Changes { since }).await.unwrap() {
        MailboxReply::Changes { rows, expunged, until, more, .. } => (rows, expunged, until, more),
        other => panic!("{other:?}"),
    }
}

async fn told(client: &mut MailboxClient) -> bool {
    tokio::time::timeout(Duration::from_millis(100), client.changed()).await.is_ok()
}

fn flags(uid: u32, flags: SystemFlags) -> MailboxRequest {
    let uids = vec![UidRange { first: uid, last: uid }];
    MailboxRequest::Flags { uids, change: FlagChange::Add, flags, keywords: vec![] }
}

#[test]
fn one_bit_says_that_there_is_news() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let status = select(&mut client).await;
        let link = served.deliver();
        assert!(!told(&mut client).await);
        for transaction in 0..5 {
            assert_eq!(send(&link, transaction, b"x", &[1]).await, Some(Delivered::Stored));
        }
        assert!(told(&mut client).await);
        assert!(client.take_dirty());
        assert!(!told(&mut client).await, "told twice");
        let (rows, _, until, more) = changes(&mut client, status.highest_modseq).await;
        assert_eq!((rows.len(), more), (5, false));
        // Notices of what it has just been given are no news.
        assert!(!told(&mut client).await, "told of what it knows");
        assert_eq!(send(&link, 10, b"x", &[1]).await, Some(Delivered::Stored));
        assert!(told(&mut client).await);
        assert_eq!(changes(&mut client, until).await.0.len(), 1);
    });
}

#[test]
fn no_change_is_lost_between_pages() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let mut since = select(&mut client).await.highest_modseq;
        let link = served.deliver();
        let count = u128::try_from(ROWS_MAX).unwrap() * 2 + 3;
        for transaction in 0..count {
            assert_eq!(send(&link, transaction, b"x", &[1]).await, Some(Delivered::Stored));
        }
        let mut uids = Vec::new();
        loop {
            let (rows, _, until, more) = changes(&mut client, since).await;
            uids.extend(rows.iter().map(|row| row.uid));
            since = until;
            if !more {
                break;
            }
        }
        assert!(uids.iter().copied().eq(1..=u32::try_from(count).unwrap()));
    });
}

#[test]
fn many_messages_are_changed_a_few_at_a_time() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let since = select(&mut client).await.highest_modseq;
        for transaction in 1..=8 {
            append(&mut client, transaction, b"x").await;
        }
        let all = |change| {
            let uids = vec![UidRange { first: 1, last: 4 }, UidRange { first: 6, last: u32::MAX }];
            MailboxRequest::Flags { uids, change, flags: SystemFlags::DELETED, keywords: vec!["k".into()] }
        };
        for change in [FlagChange::Add, FlagChange::Add, FlagChange::Remove, FlagChange::Replace] {
            assert_eq!(flagged(&mut client, &all(change)).await, [vec![1, 2, 3], vec![4, 6, 7], vec![8]]);
        }
        let reply = client.call(&MailboxRequest::Expunge { uids: None }).await.unwrap();
        assert!(matches!(reply, MailboxReply::Done), "{reply:?}");
        let (left, gone, ..) = changes(&mut client, since).await;
        assert_eq!(left.iter().map(|row| row.uid).collect::<Vec<_>>(), [5]);
        assert_eq!(gone, [UidRange { first: 1, last: 4 }, UidRange { first: 6, last: 8 }]);
    });
}

#[test]
fn an_expunged_message_is_read_by_those_who_were_not_told() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        assert_eq!(send(&served.deliver(), 1, b"x", &[1]).await, Some(Delivered::Stored));
        let (mut one, mut other) = (served.mailbox(1).await, served.mailbox(1).await);
        let since = select(&mut one).await.highest_modseq;
        select(&mut other).await;
        let reply = other.call(&flags(1, SystemFlags::DELETED)).await.unwrap();
        assert!(matches!(&reply, MailboxReply::Flagged { rows, .. } if rows.len() == 1), "{reply:?}");
        let reply = other.call(&MailboxRequest::Expunge { uids: None }).await.unwrap();
        assert!(matches!(reply, MailboxReply::Done), "{reply:?}");
        assert!(rows(&mut one).await.is_empty());
        assert_eq!(body(&mut one, 1).await, b"x");
        let (_, expunged, until, _) = changes(&mut one, since).await;
        assert_eq!(expunged, [UidRange { first: 1, last: 1 }]);
        // Asking from there on says that its user knows; the other session has not asked yet.
        changes(&mut one, until).await;
        drop(other);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let gone = one.call(&MailboxRequest::Body { uid: 1, offset: 0, length: 1 }).await.unwrap();
        assert!(matches!(gone, MailboxReply::Refused(Refusal::NoMessage)), "{gone:?}");
    });
}

#[test]
fn an_append_is_answered_once_however_it_ends() {
    local(async {
        let served = Served::with_upload_memory(MIB).await;
        let mut client = served.mailbox(1).await;
        let status = select(&mut client).await;
        for _ in 0..2 {
            let reply = append(&mut client, 5, &noise(700_000)).await;
            let MailboxReply::Appended { uid_validity, uid: 1 } = reply else { panic!("{reply:?}") };
            assert_eq!(uid_validity, status.uid_validity);
        }
        let reply = append(&mut client, 6, &noise(1_200_000)).await;
        assert!(matches!(reply, MailboxReply::Refused(Refusal::Full)), "{reply:?}");
        // An abort that crosses the refusal is answered by it, not twice.
        client.append(TransactionId(7)).await.unwrap();
        client.append_chunk(&noise((1 << 20) + 1)).await.unwrap();
        let reply = client.finish_append(&MailboxRequest::Abort).await.unwrap();
        assert!(matches!(reply, MailboxReply::Refused(Refusal::Full)), "{reply:?}");
        let reply = append(&mut client, 8, b"small").await;
        assert!(matches!(reply, MailboxReply::Appended { uid: 2, .. }), "{reply:?}");
        let row = rows(&mut client).await[1];
        assert_eq!((row.size, row.internal_date, row.keywords), (5, 1000, 1));
        assert_eq!(served.store.uploads.left_kib(), 1 << 10);
    });
}

#[test]
fn a_part_of_a_body_is_clipped_to_what_there_is() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        append(&mut client, 5, b"0123456789").await;
        for (offset, length, expected) in
            [(2, 3, "234"), (8, 100, "89"), (10, 1, ""), (u32::MAX, u32::MAX, "")]
        {
            let request = MailboxRequest::Body { uid: 1, offset, length };
            let reply = client.call(&request).await.unwrap();
            assert!(matches!(reply, MailboxReply::Body { .. }));
            assert_eq!(client.body_chunk().await.unwrap(), expected.as_bytes());
        }
    });
}
