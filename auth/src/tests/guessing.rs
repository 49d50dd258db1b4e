//! Guessing over real channels: who is not heard, who comes late, and who gets through all the same.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use ipc::rpc::Client;
use ipc::service::login::{Login, LoginReply, LoginRequest};
use tokio::task::spawn_local;

use super::harness::*;

fn from(remote: impl Into<IpAddr>, login: &str, password: &str) -> LoginRequest {
    LoginRequest { remote: remote.into(), ..request(login, password) }
}

async fn asked(worker: &Client<Login>, request: LoginRequest) -> LoginReply {
    worker.call(request).await.unwrap().0
}

#[test]
fn all_workers_count_together_and_the_right_password_is_not_heard_either() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        add_bob(&running).await;
        let workers = [running.imap(0).await, running.imap(1).await, running.imap(2).await];
        let eve = [192, 0, 2, 7];
        for (number, worker) in workers.iter().enumerate() {
            assert_eq!(asked(worker, from(eve, "bob", &number.to_string())).await, LoginReply::Denied);
        }
        let before = running.auth.credentials.pool().hashes();
        for worker in &workers {
            let reply = asked(worker, from(eve, "bob", "secret")).await;
            assert!(matches!(reply, LoginReply::Blocked { seconds: 58..=60 }), "{reply:?}");
        }
        assert_eq!(running.auth.credentials.pool().hashes(), before);
        assert_eq!(asked(&workers[0], from([192, 0, 2, 8], "bob", "secret")).await, welcome(1));
        assert_eq!(asked(&workers[0], from([127, 0, 0, 1], "bob", "secret")).await, welcome(1));
    });
}

/// None of them is blocked yet when it is asked.
#[test]
fn guesses_at_the_same_moment_are_no_more_than_one_after_the_other() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        add_bob(&running).await;
        let imap = running.imap(0).await;
        let guesses: Vec<_> = (0..30_u8)
            // neither among the first nor among the last, whichever of them has its turn first
            .map(|number| if number == 15 { "secret".to_owned() } else { number.to_string() })
            .map(|password| {
                let imap = imap.clone();
                spawn_local(async move { asked(&imap, from([192, 0, 2, 7], "bob", &password)).await })
            })
            .collect();
        let mut denied = 0;
        for guess in guesses {
            match guess.await.unwrap() {
                LoginReply::Denied => denied += 1,
                reply => assert!(matches!(reply, LoginReply::Blocked { .. }), "{reply:?}"),
            }
        }
        assert_eq!(denied, 3);
    });
}

#[test]
fn wrong_answers_come_later_and_the_owner_gets_in() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        add_bob(&running).await;
        let imap = running.imap(0).await;
        // The name is guessed at from everywhere.
        for number in 0..12_u8 {
            asked(&imap, from([10, number, 0, 1], "bob", "wrong")).await;
        }
        let began = Instant::now();
        assert_eq!(asked(&imap, from([10, 99, 0, 1], "bob", "wrong")).await, LoginReply::Denied);
        assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
        assert_eq!(asked(&imap, from([10, 98, 0, 1], "bob", "secret")).await, welcome(1), "from a new place");
    });
}

/// One network guesses as fast as it can; others log in for the first time meanwhile, and somebody who did before.
#[test]
fn who_guesses_waits_behind_who_does_not() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        add_bob(&running).await;
        let (imap, hostile) = (running.imap(0).await, running.imap(1).await);
        let home = Ipv4Addr::new(198, 51, 100, 7);
        assert_eq!(asked(&imap, from(home, "bob", "secret")).await, welcome(1));
        running.auth.credentials.forget(ipc::mail::AccountId(1));
        let guesses: Vec<_> = (0..3000_u32)
            .map(|number| {
                let hostile = hostile.clone();
                // Addresses of 16 networks: none is blocked before it has its turn.
                let [_, _, c, d] = number.to_le_bytes();
                let remote = [203, 0, u8::try_from(number % 16).unwrap(), c ^ d ^ number.to_le_bytes()[0]];
                spawn_local(async move { asked(&hostile, from(remote, "bob", &number.to_string())).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        assert_eq!(asked(&imap, from(home, "bob", "secret")).await, welcome(1));
        let known = began.elapsed();
        running.auth.credentials.forget(ipc::mail::AccountId(1));
        let honest: Vec<_> = (0..20_u8)
            .map(|number| {
                let imap = imap.clone();
                spawn_local(async move { asked(&imap, from([100, 64, number, 1], "bob", "secret")).await })
            })
            .collect();
        for one in honest {
            assert_eq!(one.await.unwrap(), welcome(1));
        }
        let strangers = began.elapsed() - known;
        // Three thousand guesses take half a minute of a core.
        assert!(
            known < Duration::from_secs(5) && strangers < Duration::from_secs(10),
            "{known:?} {strangers:?}"
        );
        guesses.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

/// More than can wait: they are told so at once, and nothing is kept of them.
#[test]
fn what_is_too_much_is_put_off_at_once() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let imap = running.imap(0).await;
        let room = 512 * running.auth.credentials.pool().threads();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let asking: Vec<_> = (0..room + 500)
            .map(|number| {
                let (imap, tell) = (imap.clone(), tell.clone());
                spawn_local(async move {
                    let reply = asked(&imap, from([127, 0, 0, 1], "bob", &number.to_string())).await;
                    let _ = tell.send(reply);
                })
            })
            .collect();
        loop {
            match told.recv().await.unwrap() {
                LoginReply::Unavailable => break,
                reply => assert_eq!(reply, LoginReply::Denied),
            }
        }
        asking.iter().for_each(tokio::task::JoinHandle::abort);
    });
}
