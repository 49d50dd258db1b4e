//! `mailbox`: the set of mailboxes, and what those see who have one selected that goes.

use std::time::Duration;

use ipc::mail::UidRange;
use ipc::service::mailbox::{FlagChange, MailboxRow, Refusal, SpecialUse};

use super::*;

async fn create(client: &mut MailboxClient, name: &str) -> MailboxId {
    let request = MailboxRequest::Create { name: name.into(), special_use: None };
    match client.call(&request).await.unwrap() {
        MailboxReply::Created { mailbox } => mailbox,
        other => panic!("{other:?}"),
    }
}

async fn done(client: &mut MailboxClient, request: MailboxRequest) {
    let reply = client.call(&request).await.unwrap();
    assert!(matches!(reply, MailboxReply::Done), "{request:?}: {reply:?}");
}

async fn refused(client: &mut MailboxClient, request: MailboxRequest) -> Refusal {
    match client.call(&request).await.unwrap() {
        MailboxReply::Refused(why) => why,
        other => panic!("{request:?}: {other:?}"),
    }
}

/// All pages.
async fn list(client: &mut MailboxClient) -> Vec<MailboxRow> {
    let mut all: Vec<MailboxRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.id);
        match client.call(&MailboxRequest::List { after }).await.unwrap() {
            MailboxReply::Mailboxes { rows, more } => {
                all.extend(rows);
                if !more {
                    return all;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// All pages.
async fn subscriptions(client: &mut MailboxClient) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let after = all.last().cloned();
        match client.call(&MailboxRequest::Subscriptions { after }).await.unwrap() {
            MailboxReply::Subscriptions { names, more } => {
                all.extend(names);
                if !more {
                    return all;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_new_account_is_subscribed_to_what_it_has() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let rows = list(&mut client).await;
        let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]);
        assert!(rows.iter().all(|row| row.subscribed));
        assert_eq!(subscriptions(&mut client).await, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    });
}

#[test]
fn mailboxes_and_names_are_those_of_the_next_process() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let (a, b) = (create(&mut client, "a").await, create(&mut client, "a/b").await);
        create(&mut client, "gone").await;
        let gone = list(&mut client).await.last().unwrap().id;
        done(&mut client, MailboxRequest::Delete { mailbox: gone }).await;
        done(&mut client, MailboxRequest::Rename { mailbox: a, name: "c".into() }).await;
        for (name, subscribed) in [("c/b", true), ("nowhere", true), ("Trash", false)] {
            done(&mut client, MailboxRequest::Subscribe { name: name.into(), subscribed }).await;
        }
        drop(client);
        let served = served.restart().await;
        let mut client = served.mailbox(1).await;
        let rows = list(&mut client).await;
        let own: Vec<_> =
            rows.iter().skip(6).map(|row| (row.id, row.name.as_str(), row.subscribed)).collect();
        assert_eq!(own, [(a, "c", false), (b, "c/b", true)]);
        assert!(!rows[5].subscribed);
        let expected = ["Archive", "Drafts", "INBOX", "Junk", "Sent", "c/b", "nowhere"];
        assert_eq!(subscriptions(&mut client).await, expected);
        let next = create(&mut client, "gone").await;
        assert!(next.0 > gone.0, "a number is given again");
    });
}

#[test]
fn every_refusal_says_which() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let make = |name: &str, special_use| MailboxRequest::Create { name: name.into(), special_use };
        assert_eq!(refused(&mut client, make("Sent", None)).await, Refusal::Exists);
        assert_eq!(refused(&mut client, make("Out", Some(SpecialUse::Sent))).await, Refusal::Exists);
        assert_eq!(refused(&mut client, make("a//b", None)).await, Refusal::Name);
        assert_eq!(refused(&mut client, make(&"x".repeat(100_000), None)).await, Refusal::Name);
        assert_eq!(refused(&mut client, MailboxRequest::Delete { mailbox: INBOX }).await, Refusal::Inbox);
        let mailbox = MailboxId(99);
        assert_eq!(refused(&mut client, MailboxRequest::Delete { mailbox }).await, Refusal::NoMailbox);
        let name = "y".to_owned();
        assert_eq!(refused(&mut client, MailboxRequest::Rename { mailbox, name }).await, Refusal::NoMailbox);
        let rename = MailboxRequest::Rename { mailbox: MailboxId(2), name: "Archive/old".into() };
        assert_eq!(refused(&mut client, rename).await, Refusal::Name);
        let subscribe = MailboxRequest::Subscribe { name: "/".into(), subscribed: true };
        assert_eq!(refused(&mut client, subscribe).await, Refusal::Name);
    });
}

#[test]
fn a_removed_mailbox_is_seen_until_its_session_is_told() {
    local(async {
        let served = Served::start().await;
        let (mut reader, mut other) = (served.mailbox(1).await, served.mailbox(1).await);
        select(&mut other).await;
        append(&mut other, 1, b"one").await;
        let doomed = create(&mut other, "doomed").await;
        let uids = vec![UidRange { first: 1, last: 1 }];
        let copy = MailboxRequest::Copy { uids: uids.clone(), to: doomed, remove: true };
        assert!(matches!(other.call(&copy).await.unwrap(), MailboxReply::Copied { .. }));
        let select = MailboxRequest::Select { mailbox: doomed, write: true };
        let MailboxReply::Selected { status, .. } = reader.call(&select).await.unwrap() else {
            panic!("not selected");
        };
        done(&mut other, MailboxRequest::Delete { mailbox: doomed }).await;
        assert_eq!(refused(&mut other, select.clone()).await, Refusal::NoMailbox);
        // The reader is told that there is news, and goes on with what it has until it asks.
        tokio::time::timeout(Duration::from_secs(5), reader.changed()).await.unwrap().unwrap();
        assert_eq!(rows(&mut reader).await.len(), 1);
        assert_eq!(body(&mut reader, 1).await, b"one");
        let flags = MailboxRequest::Flags {
            uids: uids.clone(),
            change: FlagChange::Add,
            flags: ipc::mail::SystemFlags::SEEN,
            keywords: vec![],
        };
        assert_eq!(refused(&mut reader, flags).await, Refusal::NoMailbox);
        assert_eq!(refused(&mut reader, MailboxRequest::Expunge { uids: None }).await, Refusal::NoMailbox);
        let copy = MailboxRequest::Copy { uids, to: INBOX, remove: false };
        assert_eq!(refused(&mut reader, copy).await, Refusal::NotSelected);
        let changes = MailboxRequest::Changes { since: status.highest_modseq };
        let reply = reader.call(&changes).await.unwrap();
        assert!(matches!(reply, MailboxReply::Gone), "{reply:?}");
        assert!(!reader.take_dirty());
        assert_eq!(refused(&mut reader, changes).await, Refusal::NotSelected);
        assert!(served.store.engine.index().shown(AccountId(1), doomed).is_none(), "kept for nobody");
        // Another of that name is another mailbox.
        let MailboxReply::Created { mailbox } =
            other.call(&MailboxRequest::Create { name: "doomed".into(), special_use: None }).await.unwrap()
        else {
            panic!("not created");
        };
        let MailboxReply::Status(after) = other.call(&MailboxRequest::Status { mailbox }).await.unwrap()
        else {
            panic!("no status");
        };
        assert!(after.uid_validity > status.uid_validity);
    });
}

#[test]
fn who_selects_something_else_hears_nothing_of_what_was_removed() {
    local(async {
        let served = Served::start().await;
        let (mut reader, mut other) = (served.mailbox(1).await, served.mailbox(1).await);
        let doomed = create(&mut other, "doomed").await;
        let request = MailboxRequest::Select { mailbox: doomed, write: true };
        assert!(matches!(reader.call(&request).await.unwrap(), MailboxReply::Selected { .. }));
        done(&mut other, MailboxRequest::Delete { mailbox: doomed }).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        select(&mut reader).await;
        assert!(!reader.take_dirty(), "news of a mailbox that is not selected");
        assert!(served.store.engine.index().shown(AccountId(1), doomed).is_none());
    });
}

#[test]
fn junk_goes_to_the_inbox_where_there_is_no_mailbox_for_it() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        let junk = list(&mut client).await.iter().find(|row| row.name == "Junk").unwrap().id;
        done(&mut client, MailboxRequest::Rename { mailbox: junk, name: "Unwanted".into() }).await;
        let link = served.deliver();
        assert_eq!(junk_to(&link, 1).await, Some(Delivered::Stored));
        let request = MailboxRequest::Status { mailbox: junk };
        let status = client.call(&request).await.unwrap();
        assert!(matches!(status, MailboxReply::Status(status) if status.messages == 1), "{status:?}");
        done(&mut client, MailboxRequest::Delete { mailbox: junk }).await;
        assert_eq!(junk_to(&link, 2).await, Some(Delivered::Stored));
        assert_eq!(select(&mut client).await.messages, 1);
    });
}

async fn junk_to(link: &Link<DeliverClient>, transaction: u128) -> Option<Delivered> {
    let client = link.get(Duration::from_secs(1), |client| !client.is_gone()).await.unwrap();
    let mut delivery = client.begin(TransactionId(transaction)).await.unwrap();
    delivery.chunk(b"spam").await.unwrap();
    delivery.commit(link, vec![Target::Account(AccountId(1))], Folder::Junk, Vec::new()).await
}
