//! Frames that no correct client sends: they end their channel, and nothing else.

use std::time::Duration;

use ipc::channel;
use ipc::frame::Frame;
use ipc::mail::{SystemFlags, UidRange};
use ipc::service::deliver::{DeliverEnd, DeliverReply, DeliverRequest};
use ipc::service::mailbox::{FlagChange, RANGES_MAX};
use ipc::service::upload::STRUCTURE_MAX;

use super::*;

async fn is_cut<M: ipc::frame::Message>(receiver: &mut channel::Receiver<M>) -> bool {
    let ending = async {
        loop {
            match receiver.receive().await {
                Ok(Frame::Message(..) | Frame::Chunk { .. }) => {}
                Err(_) => return,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), ending).await.is_ok()
}

fn begin(stream: u32) -> DeliverRequest {
    DeliverRequest::Begin { stream, transaction: TransactionId(stream.into()) }
}

fn commit(targets: Vec<Target>, structure: usize) -> DeliverRequest {
    let end = DeliverEnd { targets, folder: Folder::Inbox, structure: vec![0; structure] };
    DeliverRequest::Commit { stream: 1, end }
}

#[test]
fn out_of_phase_on_deliver() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let bystander = served.deliver();
        let target = vec![Target::Account(AccountId(1))];
        let cases: Vec<Vec<DeliverRequest>> = vec![
            vec![begin(1), begin(1)],
            vec![commit(target.clone(), 0)],
            vec![begin(1), commit(vec![], 0)],
            vec![begin(1), commit(target.clone(), STRUCTURE_MAX + 1)],
            vec![begin(1), commit(vec![Target::Account(AccountId(1)); 4097], 0)],
            vec![begin(1), DeliverRequest::Outcome { stream: 1, transaction: TransactionId(1) }],
            (0..=1024).map(begin).collect(),
        ];
        for case in cases {
            let shown = format!("{:?}", case.first());
            let (sender, mut receiver) = channel::open::<_, DeliverReply>(served.deliver_socket()).unwrap();
            for request in &case {
                let _ = sender.send(request, &[]).await;
            }
            assert!(is_cut(&mut receiver).await, "{shown}");
        }
        let (sender, mut receiver) =
            channel::open::<DeliverRequest, DeliverReply>(served.deliver_socket()).unwrap();
        sender.chunk(5, b"of nothing").await.unwrap();
        assert!(is_cut(&mut receiver).await);
        assert_eq!(send(&bystander, 77, b"x", &[1]).await, Some(Delivered::Stored));
        assert_eq!(served.store.uploads.left_kib(), 64 << 10);
    });
}

#[test]
fn out_of_phase_on_a_mailbox() {
    local(async {
        let served = Served::start().await;
        let mut bystander = served.mailbox(1).await;
        select(&mut bystander).await;
        let one = UidRange { first: 1, last: 1 };
        let flag = |uids, flags, keyword: &str| MailboxRequest::Flags {
            uids,
            change: FlagChange::Add,
            flags: SystemFlags(flags),
            keywords: vec![keyword.into()],
        };
        let cases = [
            MailboxRequest::Credit { chunks: 1 },
            MailboxRequest::Expunge { uids: Some(vec![one; RANGES_MAX + 1]) },
            MailboxRequest::Copy { uids: vec![one; RANGES_MAX + 1], to: INBOX, remove: false },
            flag(vec![one], 32, "a"),
            flag(vec![one], 1, ""),
            flag(vec![one], 1, "a b"),
            flag(vec![one], 1, "a\r\n* BYE"),
            flag(vec![one], 1, &"k".repeat(256)),
            MailboxRequest::Commit {
                mailbox: INBOX,
                flags: SystemFlags(0),
                keywords: vec![],
                internal_date: None,
                structure: vec![],
            },
        ];
        for case in cases {
            let (sender, mut receiver) =
                channel::open::<_, MailboxReply>(served.mailbox_socket(1).await).unwrap();
            sender.send(&MailboxRequest::Select { mailbox: INBOX, write: true }, &[]).await.unwrap();
            sender.send(&case, &[]).await.unwrap();
            assert!(is_cut(&mut receiver).await, "{case:?}");
        }
        assert!(rows(&mut bystander).await.is_empty());
    });
}

#[test]
fn bytes_that_are_no_frame() {
    local(async {
        use std::os::fd::AsFd;
        let served = Served::start().await;
        for bytes in
            [&b"\x01"[..], b"\x02\x00", b"\x01\x07xyz", b"\x01\x00\xff\xff\xff\xff", b"\x01\x01\0\0\0\0"]
        {
            for socket in [served.deliver_socket(), served.mailbox_socket(1).await] {
                ipc::socket::send(socket.as_fd(), bytes, b"", &[]).unwrap();
                let (_sender, mut receiver) = channel::open::<MailboxRequest, MailboxReply>(socket).unwrap();
                assert!(is_cut(&mut receiver).await, "{bytes:?}");
            }
        }
        select(&mut served.mailbox(1).await).await;
    });
}

#[test]
fn everything_named_eight_thousand_times_is_everything_once() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        for transaction in 0..300 {
            append(&mut client, transaction, b"x").await;
        }
        let uids = vec![UidRange { first: 1, last: u32::MAX }; RANGES_MAX];
        let flags = SystemFlags::SEEN;
        let request = MailboxRequest::Flags { uids, change: FlagChange::Add, flags, keywords: vec![] };
        let uids = flagged(&mut client, &request).await.concat();
        assert!(uids.into_iter().eq(1..=300));
    });
}
