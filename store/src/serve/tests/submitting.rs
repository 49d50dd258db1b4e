//! `submit`: held to the account's senders, to limits and rates; mailboxes and the queue at once, once and only once.

use std::time::Duration;

use ipc::mail::{Address, QueueId, Senders};
use ipc::service::admin::{QueueRow, StoreAdmin, StoreReply, StoreRequest};
use ipc::service::outcome::{self, OutcomeReply, Outcomes};
use ipc::service::submit::{ADDRESS_PART_MAX, REMOTE_MAX, Remote, SubmitClient, SubmitEnd, SubmitRequest};

use super::*;

fn address(text: &str) -> Address {
    let (local, domain) = text.split_once('@').unwrap();
    Address { local: local.into(), domain: domain.into() }
}

fn remote(number: usize) -> Remote {
    Remote { address: address(&format!("r{number}@far.example")), notify: None, orcpt: None }
}

/// To those accounts, and to that many elsewhere.
fn to(accounts: &[u64], elsewhere: usize) -> SubmitEnd {
    SubmitEnd {
        reverse_path: Some(address("ann@here.example")),
        targets: accounts.iter().map(|account| Target::Account(AccountId(*account))).collect(),
        remote: (0..elsewhere).map(remote).collect(),
        structure: b"structure".to_vec(),
        ..SubmitEnd::default()
    }
}

async fn submit(client: &SubmitClient, transaction: u128, end: SubmitEnd) -> Option<Delivered> {
    let mut submission = client.begin(TransactionId(transaction)).await.unwrap();
    if let Err(why) = submission.chunk(b"Subject: a\r\n\r\nb\r\n").await {
        return Some(why);
    }
    submission.commit(end).await
}

impl Served {
    async fn submit_socket(&self, account: u64) -> std::os::fd::OwnedFd {
        let senders = Senders { addresses: vec![address("ann@here.example")], ..Senders::default() };
        let request = SessionsRequest::OpenSubmit { account: AccountId(account), senders };
        let (reply, mut descriptors) = self.sessions.call(request).await.unwrap();
        assert_eq!(reply, SessionsReply::Opened);
        descriptors.pop().unwrap()
    }

    /// A session of that account, as ann@here.example.
    async fn submit(&self, account: u64) -> SubmitClient {
        SubmitClient::start(self.submit_socket(account).await).unwrap()
    }

    async fn outcome(&self, transaction: u128) -> Option<OutcomeReply> {
        let (ours, theirs) = pair().unwrap();
        let store = Rc::clone(&self.store);
        let serving = tokio::task::spawn_local(crate::serve::outcome::serve(store, ours));
        self.serving.borrow_mut().push(serving.abort_handle());
        let link = Link::<Client<Outcomes>>::default();
        link.replace(Client::start(theirs).unwrap());
        outcome::ask(&link, TransactionId(transaction)).await
    }

    /// The whole queue, page by page.
    async fn queue(&self) -> Vec<QueueRow> {
        let (ours, theirs) = pair().unwrap();
        let serving = tokio::task::spawn_local(crate::serve::admin::serve(Rc::clone(&self.store), ours));
        self.serving.borrow_mut().push(serving.abort_handle());
        let client = Client::<StoreAdmin>::start(theirs).unwrap();
        let mut all: Vec<QueueRow> = Vec::new();
        loop {
            let after = all.last().map(|row| row.id);
            let (StoreReply::Queue { rows, more }, _) =
                client.call(StoreRequest::ListQueue { after }).await.unwrap();
            assert!(!rows.is_empty() || !more);
            all.extend(rows);
            if !more {
                return all;
            }
        }
    }
}

#[test]
fn mailboxes_and_the_queue_have_it_at_once_and_the_next_process_too() {
    local(async {
        let served = Served::start().await;
        served.create(&[1, 2]).await;
        let client = served.submit(1).await;
        assert_eq!(submit(&client, 7, to(&[1, 2, 1], 3)).await, Some(Delivered::Stored));
        assert_eq!(submit(&client, 7, to(&[2], 1)).await, Some(Delivered::Stored), "it is done already");
        assert_eq!(submit(&client, 8, to(&[2], 0)).await, Some(Delivered::Stored), "nothing is left to send");
        drop(client);
        let mut served = served;
        for restarts in 0..2 {
            for (account, messages) in [(1, 1), (2, 2)] {
                let mut client = served.mailbox(account).await;
                assert_eq!(select(&mut client).await.messages, messages);
                assert_eq!(body(&mut client, 1).await, b"Subject: a\r\n\r\nb\r\n");
            }
            let queue = served.queue().await;
            assert_eq!(queue.len(), 1, "after {restarts} restarts");
            let row = &queue[0];
            assert_eq!((row.id, row.transaction, row.account), (QueueId(1), TransactionId(7), AccountId(1)));
            assert_eq!(row.reverse_path, Some(address("ann@here.example")));
            assert_eq!(row.recipients, [0, 1, 2].map(|number| remote(number).address));
            assert_eq!(row.size, 17);
            served = served.restart().await;
        }
    });
}

#[test]
fn nobody_sends_as_another() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let client = served.submit(1).await;
        for foreign in ["bob@here.example", "ann@far.example", "annn@here.example", "+ann@here.example"] {
            let end = SubmitEnd { reverse_path: Some(address(foreign)), ..to(&[1], 1) };
            assert_eq!(submit(&client, 7, end).await, Some(Delivered::NotAllowed), "{foreign}");
        }
        assert_eq!(select(&mut served.mailbox(1).await).await.messages, 0);
        assert!(served.queue().await.is_empty());
        let own = [Some("Ann@Here.Example"), Some("ann+lists@here.example"), None];
        for (transaction, own) in (10..).zip(own) {
            let end = SubmitEnd { reverse_path: own.map(address), ..to(&[1], 1) };
            assert_eq!(submit(&client, transaction, end).await, Some(Delivered::Stored), "{own:?}");
        }
        assert_eq!(served.queue().await.len(), 3);
    });
}

#[test]
fn all_or_nothing() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let client = served.submit(1).await;
        assert_eq!(submit(&client, 7, to(&[1, 99], 2)).await, Some(Delivered::NoAccount));
        let forward = Target::Forward(ipc::mail::ForwardId(1));
        let end = SubmitEnd { targets: vec![forward], ..to(&[], 2) };
        assert_eq!(submit(&client, 8, end).await, Some(Delivered::NoAccount));
        assert_eq!(select(&mut served.mailbox(1).await).await.messages, 0);
        assert!(served.queue().await.is_empty());
        // What was not sent does not count.
        assert_eq!(submit(&client, 9, to(&[], 100)).await, Some(Delivered::Stored));
    });
}

#[test]
fn an_account_sends_to_so_many_whatever_its_sessions() {
    local(async {
        let served = Served::start().await;
        served.create(&[1, 2]).await;
        let (one, other) = (served.submit(1).await, served.submit(1).await);
        assert_eq!(submit(&one, 7, to(&[], 60)).await, Some(Delivered::Stored));
        assert_eq!(submit(&other, 8, to(&[2], 60)).await, Some(Delivered::TooMany));
        assert_eq!(submit(&other, 9, to(&[2], 0)).await, Some(Delivered::Stored), "here is not elsewhere");
        assert_eq!(submit(&other, 10, to(&[2], 40)).await, Some(Delivered::Stored));
        assert_eq!(submit(&served.submit(2).await, 11, to(&[], 100)).await, Some(Delivered::Stored));
    });
}

#[test]
fn what_is_out_of_form_ends_its_session_and_no_other() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let bystander = served.submit(1).await;
        let long = |length| Address { local: "x".repeat(length), domain: "far.example".into() };
        let far = |address| Remote { address, notify: None, orcpt: None };
        for end in [
            to(&[], 0),
            to(&[], REMOTE_MAX + 1),
            SubmitEnd { remote: vec![far(long(ADDRESS_PART_MAX + 1))], ..to(&[], 0) },
            SubmitEnd { remote: vec![far(address("a\r\nDATA@far.example"))], ..to(&[], 0) },
            SubmitEnd { envid: Some("x".repeat(101)), ..to(&[1], 0) },
            SubmitEnd { reverse_path: Some(long(ADDRESS_PART_MAX + 1)), ..to(&[1], 0) },
        ] {
            let shown = format!("{end:.100?}");
            let client = served.submit(1).await;
            assert_eq!(submit(&client, 7, end).await, None, "{shown}");
        }
        let (sender, mut receiver) = ipc::channel::open::<SubmitRequest, ipc::service::submit::SubmitReply>(
            served.submit_socket(1).await,
        )
        .unwrap();
        for stream in 0..=4 {
            let transaction = TransactionId(stream.into());
            let _ = sender.send(&SubmitRequest::Begin { stream, transaction }, &[]).await;
        }
        let ended = tokio::time::timeout(Duration::from_secs(2), receiver.receive()).await;
        assert!(ended.unwrap().is_err(), "a stream too many");
        assert_eq!(submit(&bystander, 8, to(&[1], 1)).await, Some(Delivered::Stored));
        assert_eq!(served.store.uploads.left_kib(), 64 << 10);
    });
}

#[test]
fn a_session_ends_with_its_password_and_its_account_but_what_it_sent_is_sent() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let account = AccountId(1);
        for (transaction, request) in
            [(7, SessionsRequest::Revoke { account }), (8, SessionsRequest::Remove { account })]
        {
            let client = served.submit(1).await;
            assert_eq!(submit(&client, transaction, to(&[1], 1)).await, Some(Delivered::Stored));
            assert_eq!(served.ask(request).await, SessionsReply::Done);
            while !client.is_gone() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(served.store.gauge.open(), 0);
        let senders = Senders::default();
        assert_eq!(
            served.ask(SessionsRequest::OpenSubmit { account, senders }).await,
            SessionsReply::Removed
        );
        let served = served.restart().await;
        assert_eq!(served.queue().await.len(), 2);
    });
}

#[test]
fn too_many_addresses_open_no_session() {
    local(async {
        let served = Served::start().await;
        let senders = Senders { addresses: vec![address("a@b"); Senders::MAX + 1], ..Senders::default() };
        let request = SessionsRequest::OpenSubmit { account: AccountId(1), senders };
        assert_eq!(served.ask(request).await, SessionsReply::Unavailable);
    });
}

#[test]
fn the_next_process_knows_the_outcome_of_a_session_that_is_gone() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let client = served.submit(1).await;
        assert_eq!(submit(&client, 7, to(&[1], 1)).await, Some(Delivered::Stored));
        let mut cut = client.begin(TransactionId(8)).await.unwrap();
        cut.chunk(b"half").await.unwrap();
        let served = served.restart().await;
        while !client.is_gone() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(cut.commit(to(&[1], 1)).await, None);
        assert_eq!(served.outcome(7).await, Some(OutcomeReply::Stored));
        assert_eq!(served.outcome(8).await, Some(OutcomeReply::NotStored));
        assert_eq!(served.queue().await.len(), 1);
    });
}

#[test]
fn a_long_queue_and_a_wide_entry_are_listed_in_pages() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        served.store.rates.set(1_000_000);
        let client = served.submit(1).await;
        let wide = Remote { orcpt: Some("x".repeat(60)), ..remote(1) };
        for transaction in 0..150 {
            let remote = if transaction % 50 == 3 { vec![wide.clone(); 900] } else { vec![remote(0)] };
            let end = SubmitEnd { remote, ..to(&[], 0) };
            assert_eq!(submit(&client, transaction, end).await, Some(Delivered::Stored), "{transaction}");
        }
        let queue = served.queue().await;
        assert!(queue.iter().map(|row| row.id.0).eq(1..=150));
        assert_eq!(queue.iter().map(|row| row.recipients.len()).sum::<usize>(), 147 + 3 * 900);
    });
}

#[test]
fn accounts_are_listed_in_pages() {
    local(async {
        let served = Served::start().await;
        let made: Vec<u64> = (1..=2500).map(|number| number * 7 % 2501).collect();
        for page in made.chunks(1000) {
            served.create(page).await;
        }
        let mut all = vec![AccountId(0)];
        while let SessionsReply::Accounts(page) =
            served.ask(SessionsRequest::Accounts { after: *all.last().unwrap() }).await
        {
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        assert!(all.into_iter().eq((0..=2500).map(AccountId)));
    });
}
