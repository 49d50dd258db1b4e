//! A connection, in plain or by TLS, read by lines and by counts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::failure::{Failure, Result};

/// No reply takes longer, whoever is measured.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read at once.
const CHUNK: usize = 64 << 10;
/// The longest line of a reply that is taken for one.
const LINE_MAX: usize = 1 << 20;

/// Where a service listens on 127.0.0.1, and how one speaks there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The port.
    pub port: u16,
    /// TLS from the first byte.
    pub tls: Option<Tls>,
}

/// The client's side of TLS: takes any certificate, resumes no session, so that each connection costs a handshake.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// With the parameters of rustls: TLS 1.3 where it is offered.
    ///
    /// # Errors
    /// When rustls has no usable parameters.
    pub fn new() -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Tls(TlsConnector::from(Arc::new(config))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// A connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    input: Vec<u8>,
    /// What of `input` has been read.
    taken: usize,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens, or the handshake fails.
    pub async fn connect(place: &Place) -> Result<Self> {
        let connected = timeout(PATIENCE, TcpStream::connect(("127.0.0.1", place.port))).await;
        let tcp = connected.map_err(|_| Failure::Late("connecting"))??;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &place.tls {
            None => Box::new(tcp),
            Some(Tls(connector)) => {
                let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
                let shaken = timeout(PATIENCE, connector.connect(name, tcp)).await;
                Box::new(shaken.map_err(|_| Failure::Late("the handshake"))??)
            }
        };
        Ok(Wire { stream, input: Vec::new(), taken: 0 })
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        Ok(timeout(PATIENCE, sent).await.map_err(|_| Failure::Late("sending"))??)
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// When the connection is gone, or no line comes.
    pub async fn line(&mut self) -> Result<String> {
        let mut searched = 0;
        loop {
            let waiting = self.input.get(self.taken..).unwrap_or_default();
            if let Some(found) = waiting.iter().skip(searched).position(|byte| *byte == b'\n') {
                let end = searched + found;
                let line = waiting.get(..end).unwrap_or_default();
                let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
                self.taken += end + 1;
                return Ok(line);
            }
            searched = waiting.len();
            if searched > LINE_MAX {
                return Err(Failure::Reply { expected: "a line", said: "one without an end".into() });
            }
            self.more().await?;
        }
    }

    /// Reads that many bytes and throws them away.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn skip(&mut self, mut count: usize) -> Result<()> {
        while count > 0 {
            let here = (self.input.len() - self.taken).min(count);
            self.taken += here;
            count -= here;
            if count > 0 {
                self.more().await?;
            }
        }
        Ok(())
    }

    /// Reads lines up to one that is a dot, and throws them away; the number of bytes.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn skip_to_dot(&mut self) -> Result<usize> {
        const END: &[u8] = b"\r\n.\r\n";
        let mut count = 0;
        loop {
            let waiting = self.input.get(self.taken..).unwrap_or_default();
            // A message of ours has no line that begins with a dot, so that this is the end.
            if let Some(end) = waiting.windows(END.len()).position(|window| window == END) {
                self.taken += end + END.len();
                return Ok(count + end);
            }
            let sure = waiting.len().saturating_sub(END.len());
            self.taken += sure;
            count += sure;
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.reserve(CHUNK);
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await;
        match read.map_err(|_| Failure::Late("a reply"))?? {
            0 => {
                Err(Failure::Reply { expected: "a reply", said: "nothing: it closed the connection".into() })
            }
            _ => Ok(()),
        }
    }
}

/// The servers' certificate is signed by itself, and it is not what is measured.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
