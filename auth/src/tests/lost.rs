//! An account database that was lost while the store has its accounts.

use std::time::Duration;

use ipc::mail::{AccountId, Target};
use ipc::service::admin::{AuthReply, AuthRequest};
use ipc::service::directory::DirectoryReply;

use super::harness::*;
use crate::store::Knowledge;

async fn learned(running: &Running, expected: Knowledge) {
    while running.auth.store.knowledge() != expected {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn mail_for_accounts_that_were_lost_is_put_off_until_they_are_given_up() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let (mx, admin) = (running.mx().await, running.admin().await);
        // Nobody has said yet what there is.
        assert_eq!(recipient(&mx, "lost", "example.org").await, DirectoryReply::Unavailable);
        let store = running.store().await;
        store.created.borrow_mut().extend((1000..3500).map(AccountId));
        learned(&running, Knowledge::Lacking).await;
        add_bob(&running).await;
        for (local, domain) in [("lost", "example.org"), ("lost", "lost.example")] {
            assert_eq!(recipient(&mx, local, domain).await, DirectoryReply::Unavailable);
        }
        let bob = DirectoryReply::Deliver(vec![Target::Account(AccountId(1))]);
        assert_eq!(recipient(&mx, "bob", "example.org").await, bob);

        assert_eq!(ask(&admin, AuthRequest::GiveUpLost).await, AuthReply::Done);
        assert_eq!(recipient(&mx, "lost", "example.org").await, DirectoryReply::Unknown);
        assert_eq!(recipient(&mx, "lost", "lost.example").await, DirectoryReply::NotLocal);
        running.kill().await;

        // It is remembered, but others are lost anew.
        let running = Running::start(&directory).await;
        let next = running.store().await;
        next.created.borrow_mut().extend((1000..3500).map(AccountId));
        learned(&running, Knowledge::Whole).await;
        store.created.borrow_mut().clear();
        let other = running.store().await;
        other.created.borrow_mut().insert(AccountId(9999));
        learned(&running, Knowledge::Lacking).await;
    });
}

#[test]
fn a_store_that_is_away_cannot_say_what_was_lost() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        store.away.set(true);
        let admin = running.admin().await;
        let refused = ask(&admin, AuthRequest::GiveUpLost).await;
        assert!(matches!(refused, AuthReply::Refused { .. }), "{refused:?}");
    });
}

#[test]
fn accounts_that_are_known_or_on_their_way_out_are_not_lost() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        add_bob(&running).await;
        let admin = running.admin().await;
        let remove = AuthRequest::RemoveAccount { address: "bob@example.org".into() };
        let removing = tokio::task::spawn_local(async move { ask(&admin, remove).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let store = running.store().await;
        store.created.borrow_mut().insert(AccountId(1));
        learned(&running, Knowledge::Whole).await;
        assert_eq!(removing.await.unwrap(), AuthReply::Done);
    });
}
