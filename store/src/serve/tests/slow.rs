//! Clients that keep the store waiting, on a clock that jumps.

use std::time::Duration;

use ipc::channel;
use ipc::frame::Frame;

use super::*;

#[test]
fn a_body_nobody_takes_holds_no_memory_and_ends_its_session() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        let large = noise(20 << 20);
        append(&mut client, 1, &large).await;
        let (sender, mut receiver) =
            channel::open::<MailboxRequest, MailboxReply>(served.mailbox_socket(1).await).unwrap();
        sender.send(&MailboxRequest::Select { mailbox: INBOX, write: false }, &[]).await.unwrap();
        let body_request = MailboxRequest::Body { uid: 1, offset: 0, length: u32::MAX };
        sender.send(&body_request, &[]).await.unwrap();
        let mut chunks = 0;
        while chunks < 4 {
            if let Frame::Chunk { .. } = receiver.receive().await.unwrap() {
                chunks += 1;
            }
        }
        let whole = crate::serve::DOWNLOAD_MEMORY >> 10;
        assert!(u64::try_from(served.store.downloads.left_kib()).unwrap() < whole);
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(2)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            u64::try_from(served.store.downloads.left_kib()).unwrap(),
            whole,
            "held for a slow client"
        );
        tokio::time::resume();
        // It goes on where it was...
        sender.send(&MailboxRequest::Credit { chunks: 1 }, &[]).await.unwrap();
        let Frame::Chunk { bytes, .. } = receiver.receive().await.unwrap() else { panic!("no chunk") };
        assert_eq!(bytes, large[4 * ipc::socket::CHUNK_MAX..5 * ipc::socket::CHUNK_MAX]);
        // ... and others are served meanwhile,
        assert!(body(&mut client, 1).await == large);
        // ... but not for ever.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(2)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(Duration::from_secs(601)).await;
        assert!(receiver.receive().await.is_err());
    });
}

#[test]
fn what_was_asked_ahead_waits_for_a_slow_client_and_holds_no_memory() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        let message = noise(100 << 10);
        append(&mut client, 1, &message).await;
        let (sender, mut receiver) =
            channel::open::<MailboxRequest, MailboxReply>(served.mailbox_socket(1).await).unwrap();
        sender.send(&MailboxRequest::Select { mailbox: INBOX, write: false }, &[]).await.unwrap();
        for _ in 0..6 {
            let body_request = MailboxRequest::Body { uid: 1, offset: 0, length: u32::MAX };
            sender.send(&body_request, &[]).await.unwrap();
        }
        // it is read from the disk, and as much is sent as the socket takes
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::time::pause();
        for seconds in [2, 120] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        let whole = crate::serve::DOWNLOAD_MEMORY >> 10;
        assert_eq!(u64::try_from(served.store.downloads.left_kib()).unwrap(), whole);
        tokio::time::resume();
        let selected = receiver.receive().await.unwrap();
        assert!(matches!(selected, Frame::Message(MailboxReply::Selected { .. }, _)), "{selected:?}");
        for _ in 0..6 {
            let announced = receiver.receive().await.unwrap();
            assert!(matches!(announced, Frame::Message(MailboxReply::Body { .. }, _)), "{announced:?}");
            let Frame::Chunk { bytes, .. } = receiver.receive().await.unwrap() else { panic!("no chunk") };
            assert!(bytes == message);
        }
    });
}

#[test]
fn a_worker_that_reads_no_answers_is_cut_off_and_others_are_not() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        let (sender, mut receiver) =
            channel::open::<_, ipc::service::deliver::DeliverReply>(served.deliver_socket()).unwrap();
        let flood = async {
            for stream in 0.. {
                let outcome =
                    ipc::service::deliver::DeliverRequest::Outcome { stream, transaction: TransactionId(1) };
                if sender.send(&outcome, &[]).await.is_err() {
                    return;
                }
            }
        };
        let cut = tokio::time::timeout(Duration::from_secs(30), flood).await;
        assert!(cut.is_ok(), "never cut off");
        while receiver.receive().await.is_ok() {}
        assert_eq!(send(&served.deliver(), 5, b"x", &[1]).await, Some(Delivered::Stored));
    });
}
