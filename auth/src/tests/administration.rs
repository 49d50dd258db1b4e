use ipc::mail::{AccountId, Target};
use ipc::service::admin::{AuthReply, AuthRequest, Credential, NewAccount, ROWS_MAX};
use ipc::service::directory::DirectoryReply;
use ipc::service::login::LoginReply;
use tokio::task::spawn_local;

use super::harness::*;

fn refusal(reply: AuthReply) -> String {
    match reply {
        AuthReply::Refused { why, .. } => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn alias(alias: &str, targets: &[&str]) -> AuthRequest {
    AuthRequest::SetAlias {
        alias: alias.into(),
        targets: targets.iter().map(|target| (*target).into()).collect(),
    }
}

#[test]
fn a_hundred_accounts_in_one_call_do_not_stall_logins() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        let (imap, admin) = (running.imap(0).await, running.admin().await);
        add_bob(&running).await;
        let many = (0..100).map(|number| account(&format!("user{number:03}@example.org"), "x")).collect();
        let adding = spawn_local({
            let admin = admin.clone();
            async move { ask(&admin, AuthRequest::AddAccounts(many)).await }
        });
        let pool = running.auth.credentials.pool();
        let before = pool.hashes();
        while pool.hashes() == before {
            tokio::task::yield_now().await;
        }
        let before = pool.hashes();
        assert_eq!(login(&imap, "bob", "secret").await, welcome(1));
        // what was being hashed, and as many as may be taken from the other lane meanwhile
        let limit = 3 * u64::try_from(pool.threads()).unwrap() + 2;
        assert!(pool.hashes() - before <= limit, "{} hashes before the login's", pool.hashes() - before);
        assert!(!adding.is_finished());
        assert_eq!(adding.await.unwrap(), AuthReply::Done);
        let there = running.auth.database.account("user042@example.org").unwrap().unwrap().id;
        assert_eq!(login(&imap, "user042", "x").await, welcome(there.0));
        match ask(&admin, AuthRequest::ListAccounts { after: None }).await {
            AuthReply::Accounts { rows, more: false } => assert_eq!(rows.len(), 101),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn accounts_are_refused_as_a_whole_before_anything_is_hashed() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let admin = running.admin().await;
        add_bob(&running).await;
        let before = running.auth.credentials.pool().hashes();
        let hashed = |text: &str| NewAccount {
            address: "eve@example.org".into(),
            credential: Credential::Hash(text.into()),
        };
        for (second, expected) in [
            (account("bob@example.org", "x"), "already"),
            (account("new@example.org", "x"), "named twice"),
            (account("eve@b.org", "x"), "bulkhead domain add b.org"),
            (account("eve", "x"), "user@domain"),
            (account("eve@example.org", ""), "1 to 1024"),
            (account("eve@example.org", "a\nb"), "CR or LF"),
            (hashed("x"), "PHC"),
            (
                hashed(
                    "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                ),
                "too much",
            ),
        ] {
            let request = AuthRequest::AddAccounts(vec![account("new@example.org", "x"), second]);
            let sentence = refusal(ask(&admin, request).await);
            assert!(sentence.contains(expected), "{sentence}");
        }
        let many = (0..=ROWS_MAX).map(|number| account(&format!("u{number}@example.org"), "x")).collect();
        assert!(refusal(ask(&admin, AuthRequest::AddAccounts(many)).await).contains("128"));
        assert_eq!(running.auth.credentials.pool().hashes(), before);
        match ask(&admin, AuthRequest::ListAccounts { after: None }).await {
            AuthReply::Accounts { rows, .. } => assert_eq!(rows.len(), 1),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn an_imported_hash_is_a_password() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.store().await;
        let (imap, admin) = (running.imap(0).await, running.admin().await);
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let eve = NewAccount { address: "eve@example.org".into(), credential: Credential::Hash(hash.into()) };
        assert_eq!(ask(&admin, AuthRequest::AddAccounts(vec![eve])).await, AuthReply::Done);
        let there = running.auth.database.account("eve@example.org").unwrap().unwrap().id;
        assert_eq!(login(&imap, "eve", "password").await, welcome(there.0));
        assert_eq!(login(&imap, "eve", hash).await, LoginReply::Denied);
    });
}

#[test]
fn domains_and_aliases() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let _store = running.known_store().await;
        let (admin, mx) = (running.admin().await, running.mx().await);
        add_bob(&running).await;
        let bob = DirectoryReply::Deliver(vec![Target::Account(AccountId(1))]);

        assert!(
            refusal(ask(&admin, alias("x@b.org", &["bob@example.org"])).await).contains("domain add b.org")
        );
        assert_eq!(ask(&admin, AuthRequest::AddDomain { domain: "B.org".into() }).await, AuthReply::Done);
        assert_eq!(ask(&admin, AuthRequest::AddDomain { domain: "b.org".into() }).await, AuthReply::Done);
        let domains = AuthReply::Domains(vec!["b.org".into(), "example.org".into()]);
        assert_eq!(ask(&admin, AuthRequest::ListDomains).await, domains);
        assert!(
            refusal(ask(&admin, AuthRequest::AddDomain { domain: "b org".into() }).await).contains("domain")
        );

        assert_eq!(ask(&admin, alias("@b.org", &["Bob@example.org"])).await, AuthReply::Done);
        assert_eq!(recipient(&mx, "anyone", "b.org").await, bob);
        for (request, expected) in [
            (alias("x@b.org", &["eve@gmail.com"]), "cannot be forwarded"),
            (alias("x@b.org", &["eve@b.org"]), "no account or alias"),
            (alias("x@b.org", &[]), "lead to"),
            (alias("bob@example.org", &["bob@example.org"]), "is an account"),
            (alias("x", &["bob@example.org"]), "user@domain"),
            (AuthRequest::RemoveAlias { alias: "x@b.org".into() }, "no alias"),
            (AuthRequest::RemoveDomain { domain: "b.org".into() }, "still has"),
            (AuthRequest::RemoveDomain { domain: "example.org".into() }, "configuration"),
            (AuthRequest::RemoveDomain { domain: "c.org".into() }, "not one of"),
        ] {
            let sentence = refusal(ask(&admin, request).await);
            assert!(sentence.contains(expected), "{sentence}");
        }
        match ask(&admin, AuthRequest::ListAliases { after: None }).await {
            AuthReply::Aliases { rows, more: false } => {
                assert_eq!(
                    (rows[0].alias.as_str(), rows[0].targets[0].as_str()),
                    ("@b.org", "bob@example.org")
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(ask(&admin, AuthRequest::RemoveAlias { alias: "@B.org".into() }).await, AuthReply::Done);
        assert_eq!(recipient(&mx, "anyone", "b.org").await, DirectoryReply::Unknown);
        assert_eq!(ask(&admin, AuthRequest::RemoveDomain { domain: "b.org".into() }).await, AuthReply::Done);
        assert_eq!(recipient(&mx, "anyone", "b.org").await, DirectoryReply::NotLocal);
    });
}

/// Rows of any size: each page fits a message, and all pages together are all aliases.
#[test]
fn long_aliases_are_listed_in_pages_that_fit() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let admin = running.admin().await;
        let domain = vec!["a".repeat(60); 4].join(".");
        running.auth.database.add_domain(&domain).unwrap();
        let address = |name: String| crate::address::parse(&format!("{name}@{domain}")).unwrap();
        let rows: Vec<_> = (0..90)
            .map(|number| crate::database::NewRow {
                address: address(format!("user{number}")),
                hash: String::new(),
            })
            .collect();
        running.auth.database.add_accounts(&rows, 0).unwrap();
        let targets: Vec<_> = rows.iter().map(|row| row.address.to_string()).collect();
        for number in 0..20 {
            let alias = address(format!("alias{number:02}")).to_string();
            let request = AuthRequest::SetAlias { alias, targets: targets.clone() };
            assert_eq!(ask(&admin, request).await, AuthReply::Done);
        }
        let (mut after, mut listed, mut pages) = (None, Vec::new(), 0);
        loop {
            match ask(&admin, AuthRequest::ListAliases { after }).await {
                AuthReply::Aliases { rows, more } => {
                    assert!(rows.iter().all(|row| row.targets.len() == 90));
                    listed.extend(rows.into_iter().map(|row| row.alias));
                    pages += 1;
                    if !more {
                        break;
                    }
                    after = listed.last().cloned();
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(listed.len(), 20);
        assert!(listed.is_sorted() && pages > 3, "{pages} pages");
    });
}

#[test]
fn what_is_unknown_cannot_be_changed() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let admin = running.admin().await;
        add_bob(&running).await;
        let address = || String::from("eve@example.org");
        for request in [
            AuthRequest::SetPassword { address: address(), credential: password("x") },
            AuthRequest::RemoveAccount { address: address() },
        ] {
            assert!(refusal(ask(&admin, request).await).contains("no account"));
        }
        let bad = AuthRequest::SetPassword { address: "bob@example.org".into(), credential: password("") };
        assert!(refusal(ask(&admin, bad).await).contains("bytes"));
    });
}
