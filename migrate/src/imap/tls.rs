//! The way to a server: a connection, and TLS over it whose certificate is checked.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::client::Client;
use super::error::ImapError;
use super::trust::Verifier;

/// How long an address may take to answer at all.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a server may be silent: a large folder is listed for minutes.
pub(super) const SILENCE: Duration = Duration::from_secs(300);

/// How a connection becomes TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, without which nothing is said.
    Starttls,
}

/// Whose certificates are trusted.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Those of the authorities that the system trusts.
    ///
    /// # Errors
    /// When it has none.
    pub fn system() -> Result<Self, ImapError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why =
                found.errors.first().map_or_else(|| "the system has none".to_owned(), ToString::to_string);
            return Err(ImapError::Roots(why));
        }
        let config = builder()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Trust(Arc::new(config)))
    }

    /// Those in a file in PEM, and no others: of authorities, or the server's own.
    ///
    /// # Errors
    /// When it cannot be read, or there is none in it.
    pub fn file(path: &Path) -> Result<Self, ImapError> {
        let unreadable =
            |error: &dyn std::fmt::Display| ImapError::Roots(format!("{}: {error}", path.display()));
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable(&error))?;
        match certificates.is_empty() {
            true => Err(unreadable(&"there is no certificate in it")),
            false => Trust::by(Verifier::of(certificates)),
        }
    }

    /// Anybody's. Whoever is on the way can read the password, and answer.
    ///
    /// # Errors
    /// Never but for a mistake of ours.
    pub fn anybody() -> Result<Self, ImapError> {
        Trust::by(Verifier::Anybody)
    }

    fn by(verifier: Verifier) -> Result<Self, ImapError> {
        let verified = builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(Trust(Arc::new(verified.with_no_client_auth())))
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder() -> Result<Builder, ImapError> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ImapError::Tls(error.to_string()))
}

/// Connects to a server and speaks TLS with it, up to its greeting.
///
/// # Errors
/// When nobody is reached, the certificate is not trusted, or what answers is no IMAP server.
pub fn connect(host: &str, port: u16, security: Security, trust: &Trust) -> Result<Client, ImapError> {
    let socket = reach(host, port)?;
    if security == Security::Starttls {
        Client::starttls(Box::new(socket.try_clone()?))?;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|error| ImapError::Tls(error.to_string()))?;
    let tls = |error: rustls::Error| ImapError::Tls(error.to_string());
    let mut connection = ClientConnection::new(trust.0.clone(), name).map_err(tls)?;
    let mut socket = socket;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(|error| match error.downcast::<rustls::Error>() {
            Ok(error) => tls(error),
            Err(error) => ImapError::Io(error),
        })?;
    }
    let stream = Box::new(StreamOwned::new(connection, socket));
    match security {
        Security::Implicit => Client::greeted(stream),
        Security::Starttls => Ok(Client::secured(stream)),
    }
}

fn reach(host: &str, port: u16) -> Result<TcpStream, ImapError> {
    let failed = |source| ImapError::Connect { place: format!("{host}, port {port}"), source };
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(socket) => {
                socket.set_read_timeout(Some(SILENCE))?;
                socket.set_write_timeout(Some(SILENCE))?;
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}
