//! `sessions`: revoking and removing reach every session, also one that is just being opened.

use std::time::Duration;

use super::*;

async fn ended(client: &mut MailboxClient) -> bool {
    tokio::time::timeout(Duration::from_secs(1), client.changed()).await.is_ok_and(|changed| changed.is_err())
}

#[test]
fn a_removed_account_ends_its_sessions_and_never_comes_back() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        let account = AccountId(1);
        for _ in 0..2 {
            assert_eq!(served.ask(SessionsRequest::Remove { account }).await, SessionsReply::Done);
        }
        assert!(ended(&mut client).await);
        let served = served.restart().await;
        assert_eq!(served.ask(SessionsRequest::OpenMailbox { account }).await, SessionsReply::Removed);
        assert_eq!(
            served.ask(SessionsRequest::Create { accounts: vec![account] }).await,
            SessionsReply::Removed
        );
        // Among others it is passed over, and they are made.
        served.create(&[1, 2]).await;
        let link = served.deliver();
        assert_eq!(send(&link, 1, b"x", &[2]).await, Some(Delivered::Stored));
        assert_eq!(send(&link, 2, b"x", &[1]).await, Some(Delivered::NoAccount));
    });
}

#[test]
fn a_session_that_is_being_opened_is_revoked_too() {
    local(async {
        let served = Served::start().await;
        served.create(&[1]).await;
        for account in [AccountId(1), AccountId(50)] {
            // One is there, the other has to be made first: in both cases the revocation follows at once.
            let (opened, revoked) = tokio::join!(
                served.sessions.call(SessionsRequest::OpenMailbox { account }),
                served.sessions.call(SessionsRequest::Revoke { account }),
            );
            assert_eq!(revoked.unwrap().0, SessionsReply::Done);
            let mut client = MailboxClient::start(opened.unwrap().1.pop().unwrap()).unwrap();
            assert!(ended(&mut client).await, "{account:?}");
        }
        assert_eq!(served.store.gauge.open(), 0);
    });
}

#[test]
fn a_session_ends_in_the_middle_of_a_body() {
    local(async {
        let served = Served::start().await;
        let mut client = served.mailbox(1).await;
        select(&mut client).await;
        append(&mut client, 1, &noise(4 << 20)).await;
        let request = MailboxRequest::Body { uid: 1, offset: 0, length: u32::MAX };
        assert!(matches!(client.call(&request).await.unwrap(), MailboxReply::Body { .. }));
        served.ask(SessionsRequest::Revoke { account: AccountId(1) }).await;
        let mut chunks = 0;
        while client.body_chunk().await.is_ok_and(|chunk| !chunk.is_empty()) {
            chunks += 1;
        }
        assert!(chunks <= 4, "{chunks} chunks after the end");
        assert_eq!(
            u64::try_from(served.store.downloads.left_kib()).unwrap(),
            crate::serve::DOWNLOAD_MEMORY >> 10
        );
    });
}
