//! A `keys` on a thread of its own (a worker blocks while it waits for a signature), clients, and a toy protocol.

use std::os::fd::OwnedFd;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_keys::identity::KeyPair;
use bulkhead_keys::service::Keyring;
use bulkhead_listener::helpers::Helpers;
use bulkhead_listener::session::{Backend, Farewell, Input, Session, Step, TlsInfo};
use bulkhead_listener::tls::Tls;
use ipc::role::{Instance, Role};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const HOST: &str = "mail.example.org";

/// A `keys` that runs until it is dropped.
pub(crate) struct Keys {
    readers: mpsc::UnboundedSender<(Instance, OwnedFd)>,
    pub(crate) certificate: CertificateDer<'static>,
}

pub(crate) enum KeyKind {
    Ecdsa,
    Rsa,
}

impl Keys {
    pub(crate) fn start(kind: KeyKind) -> Keys {
        let key = match kind {
            KeyKind::Ecdsa => rcgen::KeyPair::generate().unwrap(),
            KeyKind::Rsa => {
                let made = Command::new("openssl").args(["genpkey", "-algorithm", "rsa"]).output().unwrap();
                rcgen::KeyPair::from_pem(&String::from_utf8(made.stdout).unwrap()).unwrap()
            }
        };
        let params = rcgen::CertificateParams::new([HOST.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Keys::with(&certificate.pem(), &key.serialize_pem(), certificate.der().clone())
    }

    pub(crate) fn with(chain: &str, key: &str, certificate: CertificateDer<'static>) -> Keys {
        let (readers, mut wired) = mpsc::unbounded_channel();
        let pair = KeyPair::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                let keyring = Rc::new(Keyring::new(vec![pair]));
                while let Some((reader, socket)) = wired.recv().await {
                    let keyring = Rc::clone(&keyring);
                    tokio::task::spawn_local(async move { keyring.serve(reader, socket).await });
                }
            });
        });
        Keys { readers, certificate }
    }

    /// The reader's end of a channel.
    pub(crate) fn channel(&self, role: Role, worker: u16) -> OwnedFd {
        let (ours, theirs) = ipc::socket::pair().unwrap();
        self.readers.send((Instance { role, worker }, ours)).unwrap();
        theirs
    }

    pub(crate) async fn worker(&self, role: Role, worker: u16) -> Rc<Tls> {
        let tls = Tls::new(Helpers::start().unwrap());
        tls.set_channel(self.channel(role, worker));
        tls.obtained().await;
        tls
    }

    pub(crate) fn client(&self, version: &'static SupportedProtocolVersion) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client(TlsConnector::from(Arc::new(config)))
    }
}

/// A client that keeps its tickets.
#[derive(Clone)]
pub(crate) struct Client(TlsConnector);

impl Client {
    pub(crate) async fn connect<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        io: IO,
    ) -> std::io::Result<TlsStream<IO>> {
        self.0.connect(ServerName::try_from(HOST).unwrap(), io).await
    }
}

/// Runs in a local set, as a role does.
pub(crate) fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(120), test).await.expect("a test that waits for ever");
    });
}

pub(crate) async fn hear(io: &mut (impl AsyncRead + Unpin), expected: &str) {
    let mut heard = vec![0; expected.len()];
    io.read_exact(&mut heard).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), expected);
}

pub(crate) async fn hear_the_end(io: &mut (impl AsyncRead + Unpin), expected: &str) {
    let mut heard = String::new();
    io.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, expected);
}

/// Echoes lines, secures when told.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) greeting: String,
}

impl Session for Echo {
    type Ask = ();
    type Answer = ();

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<()> {
        output.extend(std::mem::take(&mut self.greeting).into_bytes());
        let Ok(line) = input.take_line(1000) else { return Step::Read };
        match line.as_slice() {
            b"starttls\n" => {
                output.extend(b"go\n");
                Step::StartTls
            }
            b"quit\n" => Step::Close,
            b"panic\n" => panic!("as asked"),
            line => {
                output.extend(line);
                Step::Flush
            }
        }
    }

    fn answered(&mut self, (): (), _: &mut Vec<u8>) {}

    fn secured(&mut self) {}

    fn secured_with(&mut self, tls: &TlsInfo) {
        self.greeting = format!("{} {}\n", tls.version, tls.cipher);
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        output.extend(format!("{why:?}\n").into_bytes());
    }
}

pub(crate) struct Nothing;

impl Backend for Nothing {
    type Ask = ();
    type Answer = ();

    async fn perform(&mut self, (): ()) {}
}
