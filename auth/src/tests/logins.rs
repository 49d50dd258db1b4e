use std::time::Duration;

use ipc::Role;
use ipc::channel;
use ipc::mail::{AccountId, Target};
use ipc::peers::Service;
use ipc::rpc::{Answer, Call};
use ipc::service::admin::{AuthReply, AuthRequest};
use ipc::service::directory::DirectoryReply;
use ipc::service::login::{LOGIN_MAX, Login, LoginReply, PASSWORD_MAX};
use tokio::task::spawn_local;

use super::harness::*;

#[test]
fn a_login_brings_a_session_of_that_account() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        assert_eq!(login(&imap, "bob@example.org", "secret").await, welcome(1));
        assert_eq!(login(&imap, "BOB", "secret").await, welcome(1));
        assert_eq!(*store.opened.borrow(), [AccountId(1), AccountId(1)]);
        for (name, text) in [
            ("bob", "Secret"),
            ("eve", "secret"),
            ("bob@b.org", "secret"),
            ("", ""),
            ("a\n\u{1b}b", "x"),
            ("bob+x", "secret"),
        ] {
            assert_eq!(login(&imap, name, text).await, LoginReply::Denied, "{name:?}");
        }
        assert_eq!(store.opened.borrow().len(), 2);
    });
}

/// What an unknown user costs is what a wrong password costs, name of any form, first time and again.
#[test]
fn an_unknown_user_is_as_much_work_as_a_wrong_password() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        let pool = running.auth.credentials.pool();
        for name in ["bob", "eve", "eve@elsewhere.org", "no address", "", &"x".repeat(LOGIN_MAX)] {
            for _ in 0..2 {
                let before = pool.hashes();
                assert_eq!(login(&imap, name, "wrong").await, LoginReply::Denied);
                assert_eq!(pool.hashes() - before, 1, "{name:?}");
            }
        }
    });
}

#[test]
fn five_thousand_equal_logins_are_hashed_once() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        add_bob(&running).await;
        let workers = [running.imap(0).await, running.imap(1).await];
        let before = running.auth.credentials.pool().hashes();
        let logins: Vec<_> = (0..5000)
            .map(|number: usize| {
                let imap = workers[number % 2].clone();
                spawn_local(async move { login(&imap, "bob", "secret").await })
            })
            .collect();
        for one in logins {
            assert_eq!(one.await.unwrap(), welcome(1));
        }
        assert_eq!(running.auth.credentials.pool().hashes() - before, 1);
        assert_eq!(store.opened.borrow().len(), 5000);
    });
}

#[test]
fn a_changed_password_counts_at_once_and_the_old_one_no_longer() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        let (imap, admin) = (running.imap(0).await, running.admin().await);
        add_bob(&running).await;
        assert_eq!(login(&imap, "bob", "secret").await, welcome(1));
        let change =
            AuthRequest::SetPassword { address: "bob@example.org".into(), credential: password("new") };
        assert_eq!(ask(&admin, change).await, AuthReply::Done);
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Denied);
        assert_eq!(login(&imap, "bob", "new").await, welcome(1));
    });
}

/// The password is changed while the old one is being hashed.
#[test]
fn a_login_that_was_overtaken_by_a_change_is_denied() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        let asked = spawn_local(async move { login(&imap, "bob", "secret").await });
        while running.auth.gauge.open() == 0 {
            tokio::task::yield_now().await;
        }
        running.auth.database.set_hash("bob@example.org", "another").unwrap();
        assert_eq!(asked.await.unwrap(), LoginReply::Denied);
        assert!(store.opened.borrow().is_empty());
    });
}

/// The password is changed while the session waits for a store, which then hears of the session last.
#[test]
fn a_session_that_was_overtaken_by_a_change_is_not_handed_out() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let first = running.store().await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        assert_eq!(login(&imap, "bob", "secret").await, welcome(1));
        first.kill();
        let waiting = spawn_local(async move { login(&imap, "bob", "secret").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        running.auth.database.set_hash("bob@example.org", "another").unwrap();
        let second = running.store().await;
        assert_eq!(waiting.await.unwrap(), LoginReply::Denied);
        assert_eq!(second.opened.borrow().len(), 1, "it was opened, and closed");
    });
}

#[test]
fn an_oversized_login_ends_the_channel_and_only_that() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let honest = running.imap(0).await;
        for (name, text) in
            [("x".repeat(LOGIN_MAX + 1), String::new()), ("bob".into(), "x".repeat(PASSWORD_MAX + 1))]
        {
            let imap = running.imap(1).await;
            let request = ipc::service::login::LoginRequest {
                login: name,
                password: ipc::mail::Password(text.into_bytes()),
                remote: [127, 0, 0, 1].into(),
            };
            assert!(imap.call(request).await.is_err());
        }
        assert_eq!(login(&honest, "bob", "x").await, LoginReply::Denied);
    });
}

#[test]
fn a_store_that_is_away_puts_logins_off_and_its_successor_is_asked() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let first = running.store().await;
        let imap = running.imap(0).await;
        add_bob(&running).await;
        first.away.set(true);
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Unavailable);
        first.kill();
        let waiting = spawn_local({
            let imap = imap.clone();
            async move { login(&imap, "bob", "secret").await }
        });
        tokio::task::yield_now().await;
        let second = running.store().await;
        assert_eq!(waiting.await.unwrap(), welcome(1), "it waited for the new store");
        assert_eq!(second.opened.borrow().len(), 1);
        second.removed.borrow_mut().push(AccountId(1));
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Denied);
    });
}

#[test]
fn a_locked_database_puts_everything_off_until_it_is_free() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        let (imap, mx, admin) = (running.imap(0).await, running.mx().await, running.admin().await);
        add_bob(&running).await;
        let other = rusqlite::Connection::open(database(&directory)).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(login(&imap, "bob", "secret").await, LoginReply::Unavailable);
        assert_eq!(recipient(&mx, "bob", "example.org").await, DirectoryReply::Unavailable);
        let refused = ask(&admin, AuthRequest::AddDomain { domain: "b.org".into() }).await;
        assert!(matches!(refused, AuthReply::Refused { .. }), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(login(&imap, "bob", "secret").await, welcome(1));
        assert_eq!(
            recipient(&mx, "bob", "example.org").await,
            DirectoryReply::Deliver(vec![Target::Account(AccountId(1))])
        );
    });
}

#[test]
fn the_directory_answers() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.known_store().await;
        let mx = running.mx().await;
        assert_eq!(recipient(&mx, "postmaster", "").await, DirectoryReply::Unknown);
        add_bob(&running).await;
        let bob = DirectoryReply::Deliver(vec![Target::Account(AccountId(1))]);
        assert_eq!(recipient(&mx, "Bob+x", "example.org").await, bob);
        assert_eq!(recipient(&mx, "postmaster", "").await, bob);
        assert_eq!(recipient(&mx, "eve", "example.org").await, DirectoryReply::Unknown);
        assert_eq!(recipient(&mx, "eve", "elsewhere.org").await, DirectoryReply::NotLocal);
        assert_eq!(recipient(&mx, &"x".repeat(60_000), "example.org").await, DirectoryReply::Unknown);
    });
}

#[test]
fn a_channel_that_the_table_has_not_ends_the_role() {
    use ipc::Role::{Imap, Mx, Store};
    for (service, role, serves) in [
        (Service::Login, Mx, true),
        (Service::Login, Imap, false),
        (Service::Directory, Imap, true),
        (Service::Sessions, Store, true),
        (Service::Deliver, Store, false),
        (Service::Handshake, Role::Keys, false),
    ] {
        local(async {
            let directory = tempfile::tempdir().unwrap();
            let running = Running::start(&directory).await;
            let _socket = running.wire(service, role, 0, serves).await;
            assert_eq!(running.role.await.unwrap().unwrap_err().exit, ipc::exit::Exit::Software);
        });
    }
}

/// Each session on its way is a descriptor of ours: a worker that asks and does not read must not use them up.
#[test]
fn a_worker_that_reads_no_reply_is_opened_few_sessions() {
    const ASKED: u32 = 2000;
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        add_bob(&running).await;
        let honest = running.imap(0).await;
        assert_eq!(login(&honest, "bob", "secret").await, welcome(1));
        let socket = running.wire(Service::Login, Role::Imap, 1, true).await;
        let (sender, _unread) = channel::open::<Call<Login>, Answer<Login>>(socket).unwrap();
        for id in 0..ASKED {
            sender.send(&Call::new(id, request("bob", "secret")), &[]).await.unwrap();
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        // what the socket takes in has left us
        let opened = store.opened.borrow().len();
        assert!(opened < 1000, "{opened} sessions were opened for nobody");
        assert_eq!(login(&honest, "bob", "secret").await, welcome(1));
    });
}
