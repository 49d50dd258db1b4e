use std::rc::Rc;

use bulkhead_listener::helpers::Helpers;
use bulkhead_listener::session::TlsInfo;
use bulkhead_listener::tls::{HANDSHAKE_PATIENCE, KEYS_PATIENCE, Tls, TlsError};
use ipc::role::Role;
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::harness::{Client, KeyKind, Keys, local};

/// One connection: a byte goes each way, so that tickets arrive.
async fn handshake(tls: &Tls, client: &Client) -> (HandshakeKind, TlsInfo) {
    let (ours, theirs) = duplex(16 * 1024);
    let (served, kind) = tokio::join!(
        async {
            let (mut stream, info) = tls.accept(ours).await.unwrap();
            stream.write_all(b"!").await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'?');
            info
        },
        async {
            let mut stream = client.connect(theirs).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'!');
            stream.write_all(b"?").await.unwrap();
            stream.flush().await.unwrap();
            stream.get_ref().1.handshake_kind().unwrap()
        }
    );
    (kind, served)
}

#[test]
fn both_versions_with_both_kinds_of_key() {
    local(async {
        for (kind, name) in [(KeyKind::Ecdsa, "ECDSA"), (KeyKind::Rsa, "RSA")] {
            let keys = Keys::start(kind);
            let tls = keys.worker(Role::Mx, 0).await;
            let (_, info) = handshake(&tls, &keys.client(&TLS13)).await;
            assert_eq!((info.version, info.cipher.as_str()), ("TLS1.3", "TLS_AES_256_GCM_SHA384"));
            let (_, info) = handshake(&tls, &keys.client(&TLS12)).await;
            assert_eq!(info.version, "TLS1.2");
            assert_eq!(info.cipher, format!("TLS_ECDHE_{name}_WITH_AES_256_GCM_SHA384"));
        }
    });
}

#[test]
fn tls_1_3_resumes_at_another_worker_of_the_role_and_at_no_other_role() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let (first, second) = (keys.worker(Role::Mx, 0).await, keys.worker(Role::Mx, 1).await);
        let imap = keys.worker(Role::Imap, 0).await;
        let client = keys.client(&TLS13);
        assert_eq!(handshake(&first, &client).await.0, HandshakeKind::Full);
        assert_eq!(handshake(&second, &client).await.0, HandshakeKind::Resumed);
        assert_eq!(handshake(&imap, &client).await.0, HandshakeKind::Full);
    });
}

#[test]
fn tls_1_2_never_resumes() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let tls = keys.worker(Role::Mx, 0).await;
        let client = keys.client(&TLS12);
        for _ in 0..3 {
            assert_eq!(handshake(&tls, &client).await.0, HandshakeKind::Full);
        }
    });
}

#[test]
fn a_new_keys_takes_over_and_one_that_is_away_is_waited_for() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let tls = keys.worker(Role::Mx, 0).await;
        let client = keys.client(&TLS13);
        handshake(&tls, &client).await;
        drop(keys);
        // The thread ends, and with it the other end of the channel.
        while tls_is_there(&tls).await {}
        let next = Keys::start(KeyKind::Ecdsa);
        let client = next.client(&TLS13);
        let later = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            tls.set_channel(next.channel(Role::Mx, 0));
        };
        let ((kind, _), ()) = tokio::join!(handshake(&tls, &client), later);
        assert_eq!(kind, HandshakeKind::Full);
    });
}

#[test]
fn without_keys_there_is_no_tls() {
    local(async {
        let tls: Rc<Tls> = Tls::new(Helpers::start().unwrap());
        let (ours, _theirs) = duplex(64);
        let started = freeze();
        assert!(matches!(tls.accept(ours).await, Err(TlsError::KeysAway)));
        assert_eq!(started.elapsed().as_secs(), KEYS_PATIENCE.as_secs());
    });
}

#[test]
fn a_handshake_has_a_deadline() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let tls = keys.worker(Role::Mx, 0).await;
        let (ours, mut theirs) = duplex(64);
        let started = freeze();
        let dripping = async {
            // The beginning of a ClientHello that never ends.
            for octet in [22u8, 3, 1, 2, 0, 1, 0, 1, 252].into_iter().chain(std::iter::repeat(3)) {
                if theirs.write_u8(octet).await.is_err() {
                    break;
                }
                tokio::time::sleep(HANDSHAKE_PATIENCE / 20).await;
            }
        };
        let (accepted, ()) = tokio::join!(tls.accept(ours), dripping);
        assert!(matches!(accepted, Err(TlsError::Late)));
        assert!(started.elapsed() < HANDSHAKE_PATIENCE * 11 / 10, "{:?}", started.elapsed());
    });
}

#[test]
fn what_is_no_client_hello_is_refused() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let tls = keys.worker(Role::Mx, 0).await;
        let (ours, mut theirs) = duplex(1024);
        theirs.write_all(b"EHLO example.org\r\n").await.unwrap();
        assert!(matches!(tls.accept(ours).await, Err(TlsError::Handshake(_))));
    });
}

/// From now on the clock stands still while there is something to do.
fn freeze() -> tokio::time::Instant {
    tokio::time::pause();
    tokio::time::Instant::now()
}

async fn tls_is_there(tls: &Tls) -> bool {
    tokio::time::timeout(std::time::Duration::from_millis(20), tls.available()).await.is_ok()
}
