use bulkhead_listener::drive::{Ended, Transport, drive};
use bulkhead_listener::gate::Guest;
use bulkhead_listener::tls::TlsError;
use ipc::role::Role;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

use crate::harness::{Client, Echo, KeyKind, Keys, Nothing, hear, hear_the_end, local};

async fn dialog(client: impl AsyncFnOnce(DuplexStream, Client)) -> Ended {
    let keys = Keys::start(KeyKind::Ecdsa);
    let tls = keys.worker(Role::Mx, 0).await;
    let (ours, theirs) = duplex(16 * 1024);
    let (_drain, flag) = watch::channel(false);
    let guest = Guest::alone([192, 0, 2, 1].into()).unwrap();
    let driven = drive(Transport::Plain(ours), &tls, Echo::default(), Nothing, (&guest, flag));
    tokio::join!(driven, client(theirs, keys.client(&TLS13))).0
}

#[test]
fn what_was_pipelined_before_it_is_thrown_away() {
    local(async {
        let ended = dialog(async |mut plain, client| {
            plain.write_all(b"one\nstarttls\ninjected\nmore").await.unwrap();
            hear(&mut plain, "one\ngo\n").await;
            let mut tls = client.connect(plain).await.unwrap();
            tls.write_all(b"genuine\nquit\n").await.unwrap();
            // A clean end: it fails where the close_notify is missing.
            hear_the_end(&mut tls, "TLS1.3 TLS_AES_256_GCM_SHA384\ngenuine\n").await;
        });
        assert!(matches!(ended.await, Ended::Closed));
    });
}

#[test]
fn what_arrives_in_plain_after_it_ends_the_connection() {
    local(async {
        let ended = dialog(async |mut plain, _| {
            plain.write_all(b"starttls\n").await.unwrap();
            hear(&mut plain, "go\n").await;
            plain.write_all(b"injected\n").await.unwrap();
            let mut alert = Vec::new();
            plain.read_to_end(&mut alert).await.unwrap();
            assert!(!String::from_utf8_lossy(&alert).contains("injected"));
        });
        assert!(matches!(ended.await, Ended::Tls(TlsError::Handshake(_))));
    });
}

#[test]
fn starttls_within_tls_ends_the_connection() {
    local(async {
        let ended = dialog(async |mut plain, client| {
            plain.write_all(b"starttls\n").await.unwrap();
            hear(&mut plain, "go\n").await;
            let mut tls = client.connect(plain).await.unwrap();
            tls.write_all(b"starttls\n").await.unwrap();
            let _ = tls.read_to_end(&mut Vec::new()).await;
        });
        assert!(matches!(ended.await, Ended::Broken(_)));
    });
}

#[test]
fn a_peer_that_just_goes_is_no_error() {
    local(async {
        let ended = dialog(async |mut plain, client| {
            plain.write_all(b"starttls\n").await.unwrap();
            hear(&mut plain, "go\n").await;
            let mut tls = client.connect(plain).await.unwrap();
            hear(&mut tls, "TLS1.3 ").await;
            drop(tls);
        });
        assert!(matches!(ended.await, Ended::PeerLeft));
    });
}

#[test]
fn tls_carries_more_than_its_buffers() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let tls = keys.worker(Role::Mx, 0).await;
        for version in [&TLS12, &TLS13] {
            let (ours, mut plain) = duplex(16 * 1024);
            let (_drain, flag) = watch::channel(false);
            let guest = Guest::alone([192, 0, 2, 1].into()).unwrap();
            let driven = drive(Transport::Plain(ours), &tls, Echo::default(), Nothing, (&guest, flag));
            let (ended, ()) = tokio::join!(driven, async {
                plain.write_all(b"starttls\n").await.unwrap();
                hear(&mut plain, "go\n").await;
                let stream = keys.client(version).connect(plain).await.unwrap();
                let (mut from, mut to) = tokio::io::split(stream);
                let line = [&[b'x'; 900][..], b"\n"].concat();
                let (_, heard) = tokio::join!(
                    async {
                        for _ in 0..1000 {
                            to.write_all(&line).await.unwrap();
                        }
                        to.write_all(b"quit\n").await.unwrap();
                        to.flush().await.unwrap();
                    },
                    async {
                        let mut heard = Vec::new();
                        from.read_to_end(&mut heard).await.unwrap();
                        heard
                    }
                );
                assert!(heard.ends_with(&line) && heard.len() > 900_000, "{}", heard.len());
            });
            assert!(matches!(ended, Ended::Closed));
        }
    });
}
