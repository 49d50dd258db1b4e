//! The client against a store of a few lines, which counts streams as the real one does.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::rpc::Link;
use crate::service::deliver::{DeliverClient, DeliverReply, DeliverRequest, Delivery, Folder, STREAMS_MAX};

type Store = (Sender<DeliverReply>, Receiver<DeliverRequest>);

fn wired() -> (DeliverClient, Store) {
    let (ours, theirs) = crate::socket::pair().unwrap();
    (DeliverClient::start(ours).unwrap(), channel::open(theirs).unwrap())
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

async fn asked(store: &mut Store) -> DeliverRequest {
    match store.1.receive().await.unwrap() {
        Frame::Message(request, _) => request,
        Frame::Chunk { .. } => panic!("a chunk"),
    }
}

async fn commit(delivery: Delivery, link: &Link<DeliverClient>) -> Option<Delivered> {
    delivery.commit(link, vec![], Folder::Inbox, vec![]).await
}

#[test]
fn streams_that_come_and_go_are_never_too_many_for_the_store() {
    run(async {
        let (client, mut store) = wired();
        let counting = tokio::task::spawn_local(async move {
            let mut open = HashSet::new();
            loop {
                match tokio::time::timeout(Duration::from_millis(100), asked(&mut store)).await {
                    Ok(DeliverRequest::Begin { stream, .. }) => {
                        assert!(open.insert(stream) && open.len() <= STREAMS_MAX, "{} streams", open.len());
                    }
                    Ok(DeliverRequest::Abort { stream }) => drop(open.remove(&stream)),
                    other => return (open.len(), other.is_err()),
                }
            }
        });
        let mut held = Vec::new();
        while let Ok(delivery) = client.begin(TransactionId(1)).await {
            held.push(delivery);
        }
        assert_eq!(held.len(), STREAMS_MAX);
        for round in 0..STREAMS_MAX * 3 {
            drop(held.swap_remove(round % held.len()));
            // at once: the store is not told of the end yet
            while let Ok(delivery) = client.begin(TransactionId(1)).await {
                held.push(delivery);
            }
            tokio::task::yield_now().await;
        }
        drop(held);
        assert_eq!(counting.await.unwrap(), (0, true), "all were aborted");
    });
}

#[test]
fn a_stream_whose_commit_was_sent_counts_until_the_store_has_ended_it() {
    run(async {
        let (client, mut store) = wired();
        let link = Link::default();
        link.replace(client.clone());
        let delivery = client.begin(TransactionId(1)).await.unwrap();
        let given_up = tokio::time::timeout(Duration::from_millis(20), commit(delivery, &link)).await;
        assert!(given_up.is_err());
        assert!(client.inner.has(0));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Begin { .. }));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Commit { .. }));
        store.0.send(&DeliverReply::Finished { stream: 0, outcome: Delivered::Stored }, &[]).await.unwrap();
        while client.inner.has(0) {
            tokio::task::yield_now().await;
        }
    });
}

/// The store dies with the reply, the next one with the question; the third knows.
#[test]
fn the_outcome_is_asked_of_whichever_store_lives() {
    run(async {
        for known in [Delivered::Stored, Delivered::NotStored] {
            let link = Link::default();
            let (first, mut store) = wired();
            link.replace(first.clone());
            let delivery = first.begin(TransactionId(7)).await.unwrap();
            let stores = async {
                assert!(matches!(asked(&mut store).await, DeliverRequest::Begin { .. }));
                assert!(matches!(asked(&mut store).await, DeliverRequest::Commit { .. }));
                drop(store);
                tokio::time::sleep(Duration::from_millis(30)).await;
                let (second, mut store) = wired();
                link.replace(second);
                assert!(matches!(asked(&mut store).await, DeliverRequest::Outcome { .. }));
                drop(store);
                tokio::time::sleep(Duration::from_millis(30)).await;
                let (third, mut store) = wired();
                link.replace(third);
                let DeliverRequest::Outcome { stream, transaction } = asked(&mut store).await else {
                    panic!("not asked for the outcome")
                };
                assert_eq!(transaction, TransactionId(7));
                store.0.send(&DeliverReply::Finished { stream, outcome: known }, &[]).await.unwrap();
                store
            };
            let (outcome, _store) = tokio::join!(commit(delivery, &link), stores);
            assert_eq!(outcome, Some(known));
        }
    });
}

#[test]
fn a_store_that_dies_before_the_commit_is_asked_nothing() {
    run(async {
        let link = Link::default();
        let (first, store) = wired();
        link.replace(first.clone());
        let mut delivery = first.begin(TransactionId(7)).await.unwrap();
        assert_eq!(delivery.chunk(b"x").await, Ok(()));
        drop(store);
        while !first.is_gone() {
            tokio::task::yield_now().await;
        }
        assert_eq!(delivery.chunk(b"y").await, Err(Delivered::NotStored));
        let (second, _store) = wired();
        link.replace(second);
        assert_eq!(commit(delivery, &link).await, Some(Delivered::NotStored), "its end is missing");
    });
}

#[test]
fn a_message_that_was_given_up_is_not_committed_cut_short() {
    run(async {
        let (client, mut store) = wired();
        let link = Link::default();
        link.replace(client.clone());
        let mut delivery = client.begin(TransactionId(1)).await.unwrap();
        assert!(matches!(asked(&mut store).await, DeliverRequest::Begin { .. }));
        store.0.send(&DeliverReply::Finished { stream: 0, outcome: Delivered::Full }, &[]).await.unwrap();
        while client.inner.has(0) {
            tokio::task::yield_now().await;
        }
        assert_eq!(delivery.chunk(b"x").await, Err(Delivered::Full));
        assert_eq!(commit(delivery, &link).await, Some(Delivered::NotStored));
        let more = tokio::time::timeout(Duration::from_millis(20), store.1.receive()).await;
        assert!(more.is_err(), "nothing more is said of it: {more:?}");
    });
}

#[test]
fn a_commit_that_cannot_be_said_ends_its_message_and_not_the_channel() {
    run(async {
        let (client, mut store) = wired();
        let link = Link::default();
        link.replace(client.clone());
        let delivery = client.begin(TransactionId(1)).await.unwrap();
        let huge = vec![0; crate::codec::MESSAGE_MAX];
        assert_eq!(delivery.commit(&link, vec![], Folder::Inbox, huge).await, Some(Delivered::NotStored));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Begin { .. }));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Abort { .. }));
        assert!(!client.is_gone());
    });
}

#[test]
fn a_client_that_is_dropped_ends_its_channel() {
    run(async {
        let (client, mut store) = wired();
        let delivery = client.begin(TransactionId(1)).await.unwrap();
        drop((client, delivery));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Begin { .. }));
        assert!(matches!(asked(&mut store).await, DeliverRequest::Abort { .. }));
        let ended = tokio::time::timeout(Duration::from_secs(1), store.1.receive()).await;
        assert!(matches!(ended, Ok(Err(ChannelError::Gone))), "{ended:?}");
    });
}

/// As when a worker ends with connections open.
#[test]
fn an_end_with_messages_open_is_no_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let store = local.block_on(&runtime, async {
        let (client, store) = wired();
        let delivery = client.begin(TransactionId(1)).await.unwrap();
        tokio::task::spawn_local(async move {
            std::future::pending::<()>().await;
            drop(delivery);
        });
        tokio::task::yield_now().await;
        store
    });
    drop(local);
    drop(runtime);
    drop(store);
}
