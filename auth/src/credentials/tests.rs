use std::future::Future;

use super::*;

fn local<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

fn anywhere() -> Place {
    Place::Stranger("192.0.2.0/24".parse().unwrap())
}

fn password(text: &str) -> Password {
    Password(text.as_bytes().to_vec())
}

async fn account(credentials: &Credentials, id: u64, text: &str) -> Account {
    let hash = credentials.pool().make(password(text)).unwrap().await.unwrap().unwrap();
    Account { id: AccountId(id), hash }
}

/// The hashes computed while `future` ran.
async fn counted<T>(credentials: &Credentials, future: impl Future<Output = T>) -> (T, u64) {
    let before = credentials.pool().hashes();
    let value = future.await;
    (value, credentials.pool().hashes() - before)
}

#[test]
fn a_right_password_is_hashed_once_and_then_remembered() {
    local(async {
        let credentials = Rc::new(Credentials::new(Pool::start().unwrap()).unwrap());
        let bob = account(&credentials, 1, "secret").await;
        let ask = |text: &'static str| {
            let (credentials, bob) = (Rc::clone(&credentials), bob.clone());
            async move { credentials.check(Subject::Account(&bob), &password(text), anywhere()).await }
        };
        assert_eq!(counted(&credentials, ask("secret")).await, (Verdict::Right, 1));
        assert_eq!(counted(&credentials, ask("secret")).await, (Verdict::Right, 0));
        assert_eq!(counted(&credentials, ask("Secret")).await, (Verdict::Wrong, 1));
        assert_eq!(
            counted(&credentials, ask("Secret")).await,
            (Verdict::Wrong, 1),
            "a wrong one is not remembered"
        );
        credentials.forget(AccountId(2));
        assert_eq!(counted(&credentials, ask("secret")).await, (Verdict::Right, 0));
        credentials.forget(AccountId(1));
        assert_eq!(counted(&credentials, ask("secret")).await, (Verdict::Right, 1));
    });
}

#[test]
fn what_was_verified_counts_for_that_account_and_hash_only() {
    local(async {
        let credentials = Rc::new(Credentials::new(Pool::start().unwrap()).unwrap());
        let bob = account(&credentials, 1, "secret").await;
        let eve = account(&credentials, 2, "other").await;
        assert_eq!(
            credentials.check(Subject::Account(&bob), &password("secret"), anywhere()).await,
            Verdict::Right
        );
        assert_eq!(
            credentials.check(Subject::Account(&eve), &password("secret"), anywhere()).await,
            Verdict::Wrong
        );
        let changed = Account { id: bob.id, hash: eve.hash.clone() };
        assert_eq!(
            credentials.check(Subject::Account(&changed), &password("secret"), anywhere()).await,
            Verdict::Wrong
        );
        let nobody = Subject::Nobody("bob@example.org");
        assert_eq!(credentials.check(nobody, &password("secret"), anywhere()).await, Verdict::Wrong);
    });
}

/// A thousand equal questions at once: one hash, whoever they are about, and whoever gives up.
#[test]
fn equal_questions_are_asked_once_for_nobody_as_for_somebody() {
    local(async {
        let credentials = Rc::new(Credentials::new(Pool::start().unwrap()).unwrap());
        let bob = Rc::new(account(&credentials, 1, "secret").await);
        for (known, text) in [(true, "secret"), (true, "wrong"), (false, "secret"), (false, "wrong")] {
            let asked: Vec<_> = (0..1000)
                .map(|_| {
                    let (credentials, bob) = (Rc::clone(&credentials), Rc::clone(&bob));
                    tokio::task::spawn_local(async move {
                        let subject =
                            if known { Subject::Account(&bob) } else { Subject::Nobody("eve@example.org") };
                        credentials.check(subject, &password(text), anywhere()).await
                    })
                })
                .collect();
            let all = async {
                tokio::task::yield_now().await;
                asked[0].abort();
                let mut verdicts = Vec::new();
                for one in asked.into_iter().skip(1) {
                    verdicts.push(one.await.unwrap());
                }
                verdicts
            };
            let (verdicts, hashes) = counted(&credentials, all).await;
            let expected = if known && text == "secret" { Verdict::Right } else { Verdict::Wrong };
            assert!(verdicts.iter().all(|verdict| *verdict == expected), "{known} {text}");
            assert_eq!(hashes, 1, "{known} {text}");
        }
        assert!(credentials.waiting.borrow().is_empty());
    });
}

#[test]
fn a_stored_hash_that_is_none_lets_nobody_in() {
    local(async {
        let credentials = Rc::new(Credentials::new(Pool::start().unwrap()).unwrap());
        for hash in [
            "",
            "*",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let account = Account { id: AccountId(1), hash: hash.into() };
            assert_eq!(
                credentials.check(Subject::Account(&account), &password(""), anywhere()).await,
                Verdict::Busy
            );
        }
        assert_eq!(credentials.pool().hashes(), 0);
    });
}
