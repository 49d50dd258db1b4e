//! What a reader gets of the service, and what one gets that has been taken over.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::rc::Rc;
use std::time::Duration;

use bulkhead_keys::identity::KeyPair;
use bulkhead_keys::service::{Ended, Keyring, REFUSALS_MAX};
use ipc::channel::{self, ChannelError, Receiver, Sender};
use ipc::frame::Frame;
use ipc::role::{Instance, Role};
use ipc::rpc::{Answer, Call};
use ipc::service::handshake::{Handshake, HandshakeReply, HandshakeRequest, IN_FLIGHT, INPUT_MAX};
use tokio::task::JoinHandle;

const READER: Instance = Instance { role: Role::Mx, worker: 0 };
const ECDSA_P256: u16 = 0x0403;

/// A reader that says what it likes.
struct Reader {
    sender: Sender<Call<Handshake>>,
    receiver: Receiver<Answer<Handshake>>,
    served: JoinHandle<Ended>,
}

impl Reader {
    fn wire(keyring: &Rc<Keyring>) -> Reader {
        let (ours, theirs) = ipc::socket::pair().unwrap();
        let (sender, receiver) = channel::open(ours).unwrap();
        let keyring = Rc::clone(keyring);
        let served = tokio::task::spawn_local(async move { keyring.serve(READER, theirs).await });
        Reader { sender, receiver, served }
    }

    async fn ask(&mut self, request: HandshakeRequest) -> Result<HandshakeReply, ChannelError> {
        self.sender.send(&Call::new(7, request), &[]).await?;
        match self.receiver.receive().await? {
            Frame::Message(answer, _) => Ok(answer.into_reply()),
            chunk @ Frame::Chunk { .. } => panic!("{chunk:?}"),
        }
    }
}

fn keyring() -> Rc<Keyring> {
    let made = rcgen::generate_simple_self_signed(["mail.example.org".to_owned()]).unwrap();
    let key = made.signing_key.serialize_pem();
    Rc::new(Keyring::new(vec![KeyPair::from_pem(made.cert.pem().as_bytes(), key.as_bytes()).unwrap()]))
}

fn sign(identity: u16, scheme: u16, input: Vec<u8>) -> HandshakeRequest {
    HandshakeRequest::Sign { identity, scheme, input }
}

fn handshake() -> Vec<u8> {
    [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[7; 48]].concat()
}

fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(30), test).await.expect("a test that waits for ever");
    });
}

#[test]
fn a_reader_gets_certificates_signatures_and_ticket_keys() {
    local(async {
        let mut reader = Reader::wire(&keyring());
        let HandshakeReply::Identity(Some(identity)) =
            reader.ask(HandshakeRequest::Identity(0)).await.unwrap()
        else {
            panic!("no identity")
        };
        assert_eq!(
            (identity.schemes, identity.names),
            (vec![ECDSA_P256], vec!["mail.example.org".to_owned()])
        );
        let second = reader.ask(HandshakeRequest::Identity(1)).await.unwrap();
        assert!(matches!(second, HandshakeReply::Identity(None)));
        let reply = reader.ask(sign(0, ECDSA_P256, handshake())).await.unwrap();
        assert!(matches!(reply, HandshakeReply::Signature(_)));
        let reply = reader.ask(HandshakeRequest::TicketKeys).await.unwrap();
        assert!(matches!(reply, HandshakeReply::TicketKeys { previous: None, .. }));
        drop((reader.sender, reader.receiver));
        assert!(matches!(reader.served.await.unwrap(), Ended::Channel(ChannelError::Gone)));
    });
}

#[test]
fn hostile_requests_are_refused_one_by_one() {
    local(async {
        let keyring = keyring();
        let mut reader = Reader::wire(&keyring);
        let too_long = [handshake(), vec![0; INPUT_MAX]].concat();
        for (what, request) in [
            ("no such identity", sign(1, ECDSA_P256, handshake())),
            ("the last identity", sign(u16::MAX, ECDSA_P256, handshake())),
            ("another key's scheme", sign(0, 0x0804, handshake())),
            ("no scheme", sign(0, 0, handshake())),
            ("nothing", sign(0, ECDSA_P256, vec![])),
            ("a message of its own", sign(0, ECDSA_P256, b"transfer everything".to_vec())),
            ("too long", sign(0, ECDSA_P256, too_long)),
        ] {
            assert!(matches!(reader.ask(request).await.unwrap(), HandshakeReply::Refused), "{what}");
        }
        let reply = reader.ask(sign(0, ECDSA_P256, handshake())).await.unwrap();
        assert!(matches!(reply, HandshakeReply::Signature(_)), "it is still served");
    });
}

#[test]
fn too_many_refusals_cost_the_channel_and_nobody_elses() {
    local(async {
        let keyring = keyring();
        let (mut hostile, mut honest) = (Reader::wire(&keyring), Reader::wire(&keyring));
        for _ in 0..REFUSALS_MAX {
            let _ = hostile.ask(sign(0, ECDSA_P256, vec![1])).await;
        }
        assert!(matches!((&mut hostile.served).await.unwrap(), Ended::Refused));
        assert!(hostile.ask(HandshakeRequest::Identity(0)).await.is_err());
        assert!(honest.ask(HandshakeRequest::Identity(0)).await.is_ok());
    });
}

#[test]
fn asking_without_waiting_costs_the_channel() {
    local(async {
        let mut hasty = Reader::wire(&keyring());
        for id in 0.. {
            let call = Call::new(id, sign(0, ECDSA_P256, handshake()));
            if hasty.sender.send(&call, &[]).await.is_err() {
                assert!(usize::try_from(id).unwrap() >= IN_FLIGHT);
                break;
            }
        }
        assert!(matches!((&mut hasty.served).await.unwrap(), Ended::Channel(ChannelError::Unread)));
    });
}

#[test]
fn what_is_out_of_form_costs_the_channel() {
    local(async {
        use std::os::fd::AsFd;
        let keyring = keyring();
        for bytes in [&[9u8, 0, 0][..], &[1, 0, 255, 255, 255, 255], &[1, 1, 0, 0, 0, 0, 1], &[1]] {
            let (ours, theirs) = ipc::socket::pair().unwrap();
            ipc::socket::send(ours.as_fd(), bytes, &[], &[]).unwrap();
            assert!(matches!(keyring.serve(READER, theirs).await, Ended::Channel(_)), "{bytes:?}");
        }
        let (ours, theirs) = ipc::socket::pair().unwrap();
        let call = ipc::frame::message(&Call::<Handshake>::new(0, HandshakeRequest::Identity(0))).unwrap();
        ipc::socket::send(ours.as_fd(), &call, &[], &[std::io::stderr().as_fd()]).unwrap();
        assert!(matches!(keyring.serve(READER, theirs).await, Ended::Channel(ChannelError::Frame(_))));
    });
}
