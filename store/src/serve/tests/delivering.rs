//! `deliver`: all targets or none, once and only once.

use std::time::Duration;

use super::*;

#[test]
fn one_message_reaches_every_account_and_repeats_count_once() {
    local(async {
        let served = Served::start().await;
        served.create(&[1, 2, 3]).await;
        let link = served.deliver();
        assert_eq!(send(&link, 7, b"Subject: a\r\n\r\nb\r\n", &[1, 2, 1]).await, Some(Delivered::Stored));
        for (account, messages) in [(1, 1), (2, 1), (3, 0)] {
            let mut client = served.mailbox(account).await;
            assert_eq!(select(&mut client).await.messages, messages);
        }
        let mut client = served.mailbox(2).await;
        select(&mut client).await;
        assert_eq!(body(&mut client, 1).await, b"Subject: a\r\n\r\nb\r\n");
        match client.call(&MailboxRequest::Structure { uid: 1 }).await.unwrap() {
            MailboxReply::Structure(structure) => assert_eq!(structure, b"structure"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn one_unknown_account_and_nobody_gets_it() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let link = served.deliver();
        assert_eq!(send(&link, 7, b"x", &[1, 99]).await, Some(Delivered::NoAccount));
        assert_eq!(select(&mut served.mailbox(1).await).await.messages, 0);
    });
}

#[test]
fn a_transaction_is_done_once_also_by_the_next_process() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let link = served.deliver();
        for _ in 0..2 {
            assert_eq!(send(&link, 7, b"x", &[1]).await, Some(Delivered::Stored));
        }
        drop(link);
        let served = served.restart().await;
        let link = served.deliver();
        assert_eq!(send(&link, 7, b"x", &[1]).await, Some(Delivered::Stored));
        let mut client = served.mailbox(1).await;
        assert_eq!(select(&mut client).await.messages, 1);
        assert_eq!(body(&mut client, 1).await, b"x");
    });
}

#[test]
fn the_next_process_knows_the_outcome() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        assert_eq!(send(&served.deliver(), 7, b"x", &[1]).await, Some(Delivered::Stored));
        let served = served.restart().await;
        for (transaction, expected) in [(7, Delivered::Stored), (8, Delivered::NotStored)] {
            // The client's store died between the commit and its answer: it asks the one that is there now.
            let (ours, theirs) = pair().unwrap();
            let dying = DeliverClient::start(theirs).unwrap();
            let delivery = dying.begin(TransactionId(transaction)).await.unwrap();
            drop(ours);
            let targets = vec![Target::Account(AccountId(1))];
            let outcome = delivery.commit(&served.deliver(), targets, Folder::Inbox, vec![]).await;
            assert_eq!(outcome, Some(expected));
        }
    });
}

#[test]
fn the_outcome_of_what_is_under_way_is_waited_for() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let client = DeliverClient::start(served.deliver_socket()).unwrap();
        let mut delivery = client.begin(TransactionId(7)).await.unwrap();
        delivery.chunk(&noise(1 << 20)).await.unwrap();
        // While the index is read, nothing becomes durable and known.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (held, holding) = std::sync::mpsc::channel();
        let engine = served.store.engine.clone();
        let holder = std::thread::spawn(move || {
            let _guard = engine.index();
            held.send(()).unwrap();
            let _ = released.recv();
        });
        holding.recv().unwrap();
        let unlinked = Link::default();
        let targets = vec![Target::Account(AccountId(1))];
        let committing = delivery.commit(&unlinked, targets, Folder::Inbox, vec![]);
        assert!(tokio::time::timeout(Duration::from_millis(50), committing).await.is_err());
        // Its channel is given up; another one asks.
        drop(client);
        let (ours, theirs) = pair().unwrap();
        let dying = DeliverClient::start(theirs).unwrap();
        let again = dying.begin(TransactionId(7)).await.unwrap();
        drop(ours);
        let next = served.deliver();
        let asking = again.commit(&next, vec![], Folder::Inbox, vec![]);
        let mut asking = std::pin::pin!(asking);
        assert!(
            tokio::time::timeout(Duration::from_millis(100), &mut asking).await.is_err(),
            "answered too early"
        );
        drop(release);
        holder.join().unwrap();
        assert_eq!(asking.await, Some(Delivered::Stored));
    });
}

#[test]
fn a_large_message_comes_and_goes_whole() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let large = noise(20 << 20);
        assert_eq!(send(&served.deliver(), 7, &large, &[1]).await, Some(Delivered::Stored));
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        for _ in 0..2 {
            // Twice: the credits that were left over from the first time do no harm.
            assert!(body(&mut client, 1).await == large);
        }
        assert_eq!(served.store.uploads.left_kib(), 64 << 10);
        assert_eq!(
            u64::try_from(served.store.downloads.left_kib()).unwrap(),
            crate::serve::DOWNLOAD_MEMORY >> 10
        );
    });
}

#[test]
fn too_large_and_aborted_leave_nothing_behind() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let link = served.deliver();
        assert_eq!(send(&link, 7, &vec![0; 33 << 20], &[1]).await, Some(Delivered::TooLarge));
        let client = link.get(Duration::from_secs(1), |_| true).await.unwrap();
        let mut delivery = client.begin(TransactionId(8)).await.unwrap();
        delivery.chunk(&[1; 1000]).await.unwrap();
        drop(delivery);
        assert_eq!(send(&link, 9, b"after", &[1]).await, Some(Delivered::Stored));
        let mut client = served.mailbox(1).await;
        assert_eq!(select(&mut client).await.messages, 1);
        assert_eq!(served.store.uploads.left_kib(), 64 << 10);
    });
}

#[test]
fn when_the_memory_is_used_up_messages_are_refused_until_it_is_free() {
    local(async {
        let served = Served::with_upload_memory(2 * MIB).await;
        served.create(&[1]).await;
        let link = served.deliver();
        let client = link.get(Duration::from_secs(1), |_| true).await.unwrap();
        let mut first = client.begin(TransactionId(7)).await.unwrap();
        first.chunk(&vec![0; 1 << 20]).await.unwrap();
        let mut refused = Vec::new();
        for transaction in 100..500 {
            // More streams than the channel has credits for, all of them given up: the channel lives.
            let mut delivery = client.begin(TransactionId(transaction)).await.unwrap();
            let outcome = delivery.chunk(&vec![0; 3 << 20]).await;
            refused.push(outcome);
        }
        assert!(refused.iter().all(|outcome| *outcome == Err(Delivered::Full)));
        let targets = vec![Target::Account(AccountId(1))];
        assert_eq!(first.commit(&link, targets, Folder::Inbox, vec![]).await, Some(Delivered::Stored));
        assert_eq!(send(&link, 8, &vec![0; 1 << 20], &[1]).await, Some(Delivered::Stored));
        assert_eq!(served.store.uploads.left_kib(), 2 << 10);
    });
}

#[test]
fn one_worker_does_not_take_the_memory_of_all() {
    local(async {
        let served = Served::with_upload_memory(80 * MIB).await;
        served.create(&[1]).await;
        let greedy = DeliverClient::start(served.deliver_socket()).unwrap();
        let mut held = Vec::new();
        for transaction in 0..8 {
            let mut delivery = greedy.begin(TransactionId(transaction)).await.unwrap();
            let outcome = delivery.chunk(&vec![0; 15 << 20]).await;
            held.push((outcome.is_ok(), delivery));
        }
        assert_eq!(held.iter().filter(|(whole, _)| *whole).count(), 2, "of 40 MiB, half of all there is");
        assert_eq!(send(&served.deliver(), 9, &vec![0; 30 << 20], &[1]).await, Some(Delivered::Stored));
        // All users together have one message of the largest size.
        let (mut one, mut other) = (served.mailbox(1).await, served.mailbox(1).await);
        one.append(TransactionId(50)).await.unwrap();
        one.append_chunk(&vec![0; 30 << 20]).await.unwrap();
        let reply = append(&mut other, 51, &vec![0; 5 << 20]).await;
        assert!(matches!(reply, MailboxReply::Refused(ipc::service::mailbox::Refusal::Full)), "{reply:?}");
        drop((one, held));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(served.store.uploads.left_kib(), 80 << 10);
    });
}
