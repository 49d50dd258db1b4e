//! A certificate chain with its private key, and the one place where the key is used.

use std::fmt;
use std::sync::Arc;

use ipc::budget;
use ipc::service::control::CertificateFault;
use ipc::service::handshake::Identity;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::SigningKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use zeroize::Zeroize;

use crate::input::{self, Form};

/// The most octets of a chain in DER: it travels to the readers in one message.
pub const CHAIN_MAX: usize = 96 * 1024;
/// The most certificates of a chain.
pub const CERTIFICATES_MAX: usize = 16;

/// Every scheme a key here could have, the preferred first.
const SCHEMES: [SignatureScheme; 9] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Why a certificate and a key are of no use.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No certificate in the file.
    #[error("there is no certificate in it (a PEM file with BEGIN CERTIFICATE is wanted)")]
    NoCertificate,
    /// One that does not parse; counted from 1.
    #[error("certificate {0} in it is damaged")]
    Certificate(usize),
    /// More than any client would take.
    #[error("the chain is longer than {CERTIFICATES_MAX} certificates or {CHAIN_MAX} bytes")]
    ChainTooLong,
    /// No key in the file.
    #[error("there is no private key in it (a PEM file with BEGIN PRIVATE KEY is wanted)")]
    NoKey,
    /// Protected by a passphrase.
    #[error(
        "the key is encrypted, and nobody is there to type its passphrase; remove it with `openssl pkey`"
    )]
    Encrypted,
    /// Damaged, too short, or of a kind no client can use.
    #[error("the key is damaged, or neither RSA (2048 bits or more), ECDSA (P-256, P-384) nor Ed25519")]
    Key,
    /// They belong not together.
    #[error("the key is not that of the first certificate of the chain")]
    Mismatch,
}

impl IdentityError {
    /// The same, as it is said to the master.
    #[must_use]
    pub const fn fault(&self) -> CertificateFault {
        match self {
            Self::NoCertificate | Self::Certificate(_) | Self::ChainTooLong => CertificateFault::Chain,
            Self::NoKey | Self::Key => CertificateFault::Key,
            Self::Encrypted => CertificateFault::Encrypted,
            Self::Mismatch => CertificateFault::Mismatch,
        }
    }
}

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such identity.
    #[error("no such identity")]
    UnknownIdentity,
    /// It has not the form of a handshake.
    #[error("not a handshake")]
    Form,
    /// The key has no such scheme, or not in that version of TLS.
    #[error("not a scheme of this key")]
    Scheme,
    /// The signing itself failed.
    #[error("the signature failed")]
    Failed,
}

/// A chain and its key.
pub struct KeyPair {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
    names: Vec<String>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("certificates", &self.chain.len())
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// From the text of two PEM files: the chain, leaf first, and the key.
    ///
    /// # Errors
    /// When either is unreadable, or they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = read_chain(chain)?;
        let key = read_key(key)?;
        let leaf = chain.first().ok_or(IdentityError::NoCertificate)?;
        let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| IdentityError::Certificate(1))?;
        if key.public_key().as_deref() != Some(parsed.tbs_certificate.subject_pki.raw) {
            return Err(IdentityError::Mismatch);
        }
        let names = host_names(&parsed);
        let schemes = SCHEMES.into_iter().filter(|scheme| key.choose_scheme(&[*scheme]).is_some()).collect();
        Ok(KeyPair { chain, key, schemes, names })
    }

    /// What readers are told of it.
    #[must_use]
    pub fn public(&self) -> Identity {
        Identity {
            names: self.names.clone(),
            chain: self.chain.iter().map(|certificate| certificate.to_vec()).collect(),
            schemes: self.schemes.iter().map(|scheme| u16::from(*scheme)).collect(),
        }
    }

    /// The leaf certificate, in DER.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        self.chain.first().map(AsRef::as_ref).unwrap_or_default()
    }

    /// Signs a TLS handshake.
    ///
    /// # Errors
    /// When the input is none, or the scheme not one of this key in that version of TLS.
    pub fn sign(&self, scheme: u16, input: &[u8]) -> Result<Vec<u8>, Refusal> {
        let form = input::form(input).ok_or(Refusal::Form)?;
        let scheme = SignatureScheme::from(scheme);
        if !self.schemes.contains(&scheme) || (form == Form::Tls13 && is_pkcs1(scheme)) {
            return Err(Refusal::Scheme);
        }
        let signer = self.key.choose_scheme(&[scheme]).ok_or(Refusal::Scheme)?;
        signer.sign(input).map_err(|_| Refusal::Failed)
    }
}

/// The host names it is for, in lower case: `*.` in front stands for one label (RFC 6125 section 6.4.3). Only those
/// that a client can ask for (RFC 6066 section 3), and [`budget::CERTIFICATE_NAMES`] at most.
fn host_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) if is_host(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(host).take(budget::CERTIFICATE_NAMES).collect()
}

fn is_host(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let of_a_label = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    name.len() <= 253 && labels.split('.').all(|label| !label.is_empty() && label.bytes().all(of_a_label))
}

/// RFC 8446 section 4.2.3: these are for certificates only, not for TLS 1.3 handshakes.
fn is_pkcs1(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    matches!(scheme, S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512)
}

fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let mut chain = Vec::new();
    let mut size = 0usize;
    for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        let certificate = certificate.map_err(|_| IdentityError::Certificate(number))?;
        let (rest, _) =
            X509Certificate::from_der(&certificate).map_err(|_| IdentityError::Certificate(number))?;
        if !rest.is_empty() {
            return Err(IdentityError::Certificate(number));
        }
        size = size.saturating_add(certificate.len());
        if number > CERTIFICATES_MAX || size > CHAIN_MAX {
            return Err(IdentityError::ChainTooLong);
        }
        chain.push(certificate);
    }
    if chain.is_empty() { Err(IdentityError::NoCertificate) } else { Ok(chain) }
}

fn read_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, IdentityError> {
    // PKCS #8 says so in its label, the traditional form in a header (RFC 1421 section 4.6.1.1).
    if pem.windows(9).any(|text| text == b"ENCRYPTED") {
        return Err(IdentityError::Encrypted);
    }
    let mut der = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => IdentityError::NoKey,
        _ => IdentityError::Key,
    })?;
    let key = any_supported_type(&der).map_err(|_| IdentityError::Key);
    der.zeroize();
    key
}

#[cfg(test)]
mod tests;
