//! What fits into a commit, and what the store looks at.

use super::*;
use crate::channel::{self, Receiver, Sender};
use crate::frame::Frame;
use crate::mail::{AccountId, TransactionId};
use crate::service::upload::STRUCTURE_MAX;

fn address(local: usize, domain: usize) -> Address {
    Address { local: "l".repeat(local), domain: "d".repeat(domain) }
}

fn largest() -> Remote {
    Remote { address: address(64, 255), notify: Some(Notify(7)), orcpt: Some("x".repeat(ORCPT_MAX)) }
}

fn small() -> Remote {
    Remote { address: address(1, 1), notify: None, orcpt: None }
}

fn full(mut end: SubmitEnd, of: &Remote) -> SubmitEnd {
    while end.has_room(0, Some(of)) {
        end.remote.push(of.clone());
    }
    while end.has_room(1, None) {
        end.targets.push(Target::Account(AccountId(u64::MAX)));
    }
    end
}

fn most() -> SubmitEnd {
    SubmitEnd {
        reverse_path: Some(address(ADDRESS_PART_MAX, ADDRESS_PART_MAX)),
        ret: Some(Return::Headers),
        envid: Some("e".repeat(ENVID_MAX)),
        structure: vec![0; STRUCTURE_MAX],
        ..SubmitEnd::default()
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

/// Commits, and gives what came to the store.
async fn sent(end: SubmitEnd) -> SubmitEnd {
    let (ours, theirs) = crate::socket::pair().unwrap();
    let client = SubmitClient::start(ours).unwrap();
    let (sender, mut receiver): (Sender<SubmitReply>, Receiver<SubmitRequest>) =
        channel::open(theirs).unwrap();
    let submission = client.begin(TransactionId(1)).await.unwrap();
    let store = async {
        loop {
            if let Frame::Message(UploadRequest::Commit { stream, end }, _) =
                receiver.receive().await.unwrap()
            {
                let outcome = Delivered::NotAllowed;
                sender.send(&UploadReply::Finished { stream, outcome }, &[]).await.unwrap();
                return end;
            }
        }
    };
    let (outcome, end) = tokio::join!(submission.commit(end), store);
    assert_eq!(outcome, Some(Delivered::NotAllowed));
    end
}

#[test]
fn whatever_is_in_form_can_be_said() {
    run(async {
        for of in [largest(), small(), Remote { orcpt: Some("y".into()), ..small() }] {
            let end = full(most(), &of);
            assert!(end.is_in_form());
            let (remote, targets) = (end.remote.len(), end.targets.len());
            let came = sent(end).await;
            assert_eq!((came.remote.len(), came.targets.len()), (remote, targets));
            assert!(came.structure.is_empty() || came.structure.len() == STRUCTURE_MAX);
        }
        assert_eq!(sent(SubmitEnd { remote: vec![small()], ..most() }).await.structure.len(), STRUCTURE_MAX);
    });
}

#[test]
fn a_hundred_of_the_largest_recipients_have_room() {
    assert!(full(most(), &largest()).remote.len() >= 100);
    assert_eq!(full(most(), &small()).remote.len(), REMOTE_MAX);
}

#[test]
fn what_is_out_of_form() {
    let good = || SubmitEnd { remote: vec![small()], ..SubmitEnd::default() };
    assert!(good().is_in_form());
    let remote = |remote: Remote| SubmitEnd { remote: vec![remote], ..SubmitEnd::default() };
    let of = |local: &str, domain: &str| Address { local: local.into(), domain: domain.into() };
    for (what, end) in [
        ("nowhere", SubmitEnd::default()),
        ("too many", SubmitEnd { remote: vec![small(); REMOTE_MAX + 1], ..good() }),
        ("too many targets", SubmitEnd { targets: vec![Target::Account(AccountId(1)); 4097], ..good() }),
        ("too heavy", SubmitEnd { remote: vec![largest(); 200], ..good() }),
        ("a long local part", remote(Remote { address: address(256, 1), ..small() })),
        ("a long domain", remote(Remote { address: address(1, 256), ..small() })),
        ("no domain", remote(Remote { address: of("a", ""), ..small() })),
        ("a line end", remote(Remote { address: of("a\r\nRCPT", "b"), ..small() })),
        ("a space in a domain", remote(Remote { address: of("a", "b NOTIFY=NEVER"), ..small() })),
        ("unknown bits", remote(Remote { notify: Some(Notify(8)), ..small() })),
        ("a long orcpt", remote(Remote { orcpt: Some("x".repeat(501)), ..small() })),
        ("a space in an orcpt", remote(Remote { orcpt: Some("a b".into()), ..small() })),
        ("a long envid", SubmitEnd { envid: Some("x".repeat(101)), ..good() }),
        ("a reverse path with a line end", SubmitEnd { reverse_path: Some(of("a\n", "b")), ..good() }),
        ("a structure", SubmitEnd { structure: vec![0; STRUCTURE_MAX + 1], ..good() }),
    ] {
        assert!(!end.is_in_form(), "{what}");
    }
}

#[test]
fn a_store_that_goes_has_said_nothing() {
    run(async {
        let (ours, theirs) = crate::socket::pair().unwrap();
        let client = SubmitClient::start(ours).unwrap();
        let submission = client.begin(TransactionId(1)).await.unwrap();
        drop(theirs);
        assert_eq!(
            submission.commit(SubmitEnd { remote: vec![small()], ..SubmitEnd::default() }).await,
            None
        );
    });
}
