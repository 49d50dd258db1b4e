use std::time::Duration;

use ipc::frame::Frame;
use ipc::mail::AccountId;
use ipc::service::admin::{AuthReply, AuthRequest};
use ipc::service::control::{ToMaster, ToRole};
use ipc::service::directory::DirectoryReply;
use ipc::service::login::LoginReply;
use tokio::task::spawn_local;

use super::harness::*;

fn remove_bob() -> AuthRequest {
    AuthRequest::RemoveAccount { address: "bob@example.org".into() }
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_removed_account_is_gone_everywhere_and_its_id_for_good() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        let (imap, admin, mx) = (running.imap(0).await, running.admin().await, running.mx().await);
        add_bob(&running).await;
        assert_eq!(login(&imap, "bob", "secret").await, welcome(1));
        assert_eq!(ask(&admin, remove_bob()).await, AuthReply::Done);
        assert_eq!(*store.removed.borrow(), [AccountId(1)]);
        assert_eq!(running.auth.database.removals().unwrap(), []);
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Denied);
        assert_eq!(recipient(&mx, "bob", "example.org").await, DirectoryReply::Unknown);
        add_bob(&running).await;
        assert_eq!(login(&imap, "bob", "secret").await, welcome(2));
    });
}

/// Cut off between the mark and the store's answer: the next start finishes it.
#[test]
fn a_removal_that_was_cut_off_is_finished_at_the_next_start() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        store.away.set(true);
        add_bob(&running).await;
        let admin = running.admin().await;
        assert_eq!(ask(&admin, remove_bob()).await, AuthReply::Done);
        assert!(store.removed.borrow().is_empty());
        running.kill().await;

        let running = Running::start(&directory).await;
        let imap = running.imap(0).await;
        assert_eq!(running.auth.database.removals().unwrap(), [AccountId(1)]);
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Denied);
        let store = running.store().await;
        until(|| running.auth.database.removals().unwrap().is_empty()).await;
        assert_eq!(*store.removed.borrow(), [AccountId(1)]);
    });
}

#[test]
fn a_removal_is_finished_when_a_new_store_comes() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let first = running.store().await;
        first.away.set(true);
        add_bob(&running).await;
        assert_eq!(ask(&running.admin().await, remove_bob()).await, AuthReply::Done);
        assert_eq!(running.auth.database.removals().unwrap(), [AccountId(1)]);
        let second = running.store().await;
        until(|| running.auth.database.removals().unwrap().is_empty()).await;
        assert!(second.removed.borrow().contains(&AccountId(1)));
    });
}

#[test]
fn the_store_is_told_of_every_account() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let first = running.store().await;
        let admin = running.admin().await;
        let id = |address| running.auth.database.account(address).unwrap().unwrap().id;
        let bob = AuthRequest::AddAccounts(vec![account("bob@example.org", "x")]);
        assert_eq!(ask(&admin, bob).await, AuthReply::Done);
        assert!(first.created.borrow().contains(&id("bob@example.org")), "before it is said to be done");
        first.away.set(true);
        let eve = AuthRequest::AddAccounts(vec![account("eve@example.org", "x")]);
        assert_eq!(ask(&admin, eve).await, AuthReply::Done);
        let (bob, eve) = (id("bob@example.org"), id("eve@example.org"));
        assert!(!first.created.borrow().contains(&eve));
        // it has removed one of which this role knows nothing, and must be told of the others all the same
        let second = running.store_that_removed(&[bob]).await;
        until(|| second.created.borrow().contains(&eve)).await;
        running.kill().await;
        let running = Running::start(&directory).await;
        let third = running.store().await;
        until(|| third.created.borrow().len() == 2).await;
    });
}

#[test]
fn many_accounts_are_told_in_pages() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let rows: Vec<_> = (0..2500)
            .map(|number| crate::database::NewRow {
                address: crate::address::parse(&format!("user{number}@example.org")).unwrap(),
                hash: String::new(),
            })
            .collect();
        running.auth.database.add_accounts(&rows, 0).unwrap();
        let store = running.store().await;
        until(|| store.created.borrow().len() == 2500).await;
    });
}

#[test]
fn draining_answers_what_was_asked_first() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let mut running = Running::start(&directory).await;
        let _store = running.store().await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        let asked = spawn_local(async move { login(&imap, "bob", "secret").await });
        until(|| running.auth.gauge.open() > 0).await;
        running.to.send(&ToRole::Drain { within: 30_000 }, &[]).await.unwrap();
        running.to.send(&ToRole::Ping, &[]).await.unwrap();
        let mut said = Vec::new();
        while let Ok(Frame::Message(message, _)) = running.from.receive().await {
            said.push(message);
            if message == ToMaster::Drained {
                break;
            }
        }
        assert!(matches!(said.as_slice(), [ToMaster::Alive { .. }, ToMaster::Drained]), "{said:?}");
        assert!(asked.is_finished());
        assert_eq!(asked.await.unwrap(), welcome(1));
        running.role.await.unwrap().unwrap();
    });
}

#[test]
fn draining_ends_at_its_deadline() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let mut running = Running::start(&directory).await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        // without a store this waits for one
        let asked = spawn_local(async move { login(&imap, "bob", "secret").await });
        until(|| running.auth.gauge.open() > 0).await;
        running.to.send(&ToRole::Drain { within: 200 }, &[]).await.unwrap();
        let said = running.from.receive().await.unwrap();
        assert!(matches!(said, Frame::Message(ToMaster::Drained, _)));
        assert!(!asked.is_finished());
        running.role.await.unwrap().unwrap();
    });
}

#[test]
fn a_new_channel_to_a_peer_replaces_the_old_one() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let (old, other) = (running.imap(0).await, running.imap(1).await);
        let new = running.imap(0).await;
        assert_eq!(login(&new, "bob", "x").await, LoginReply::Denied);
        until(|| old.is_gone()).await;
        assert_eq!(login(&other, "bob", "x").await, LoginReply::Denied);
    });
}

#[test]
fn a_master_that_is_gone_ends_the_role() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        drop((running.to, running.from));
        assert_eq!(running.role.await.unwrap().unwrap_err().exit, ipc::exit::Exit::Unavailable);
    });
}

#[test]
fn a_database_of_no_use_ends_the_start_with_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(database(&directory), vec![b'x'; 8192]).unwrap();
    let pool = crate::hashing::Pool::start().unwrap();
    let failure = crate::auth::Auth::open(&database(&directory), config(), pool.clone(), Default::default())
        .err()
        .unwrap();
    assert_eq!(failure.exit, ipc::exit::Exit::DataError);
    assert!(failure.message.contains("backup"), "{failure}");
    let nowhere = directory.path().join("no/accounts.db");
    let failure = crate::auth::Auth::open(&nowhere, config(), pool, Default::default()).err().unwrap();
    assert_eq!(failure.exit, ipc::exit::Exit::CannotCreate);
}
