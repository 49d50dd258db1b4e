//! What kind of session a login brings follows from whose channel it came by.

use ipc::Role;
use ipc::mail::{AccountId, Senders};
use ipc::peers::Service;
use ipc::rpc::Client;
use ipc::service::admin::{AuthReply, AuthRequest};
use ipc::service::login::LoginReply;

use super::harness::*;

#[test]
fn a_submission_worker_gets_sessions_that_send_and_the_others_none() {
    local(async {
        let directory = tempfile::tempdir().unwrap();
        let running = Running::start(&directory).await;
        let store = running.store().await;
        let admin = running.admin().await;
        add_bob(&running).await;
        let alias = AuthRequest::SetAlias {
            alias: "sales@example.org".into(),
            targets: vec!["bob@example.org".into()],
        };
        assert_eq!(ask(&admin, alias).await, AuthReply::Done);
        let senders = Senders {
            addresses: ["bob@example.org", "sales@example.org"]
                .map(|address| crate::address::parse(address).unwrap())
                .to_vec(),
            except: Vec::new(),
        };
        for (role, expected) in [(Role::Submission, Some(senders)), (Role::Imap, None), (Role::Pop3, None)] {
            let worker = Client::start(running.wire(Service::Login, role, 0, true).await).unwrap();
            let welcome =
                LoginReply::Welcome { account: AccountId(1), senders: expected.clone().unwrap_or_default() };
            assert_eq!(login(&worker, "bob", "secret").await, welcome, "{role}");
            assert_eq!(store.sending.borrow().iter().cloned().next_back(), expected, "{role}");
            store.sending.borrow_mut().clear();
        }
        assert_eq!(*store.opened.borrow(), [AccountId(1); 3]);
    });
}
