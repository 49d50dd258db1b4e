//! Whether a server's certificate is trusted, where that is not for the system's authorities to say.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Which certificates are trusted. In any case, that the server has the key is checked.
#[derive(Debug)]
pub(super) enum Verifier {
    /// One of those, or one for which an authority among them vouches.
    OwnOrAuthority {
        /// Those.
        certificates: Vec<CertificateDer<'static>>,
        /// None if no certificate can be an authority's.
        authorities: Option<Arc<WebPkiServerVerifier>>,
    },
    /// Any.
    Anybody,
}

impl Verifier {
    /// One of those, or one for which an authority among them vouches.
    pub(super) fn of(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let provider = Arc::new(ring::default_provider());
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok();
        Verifier::OwnOrAuthority { certificates, authorities }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self {
            Verifier::Anybody => Ok(ServerCertVerified::assertion()),
            // that very certificate, whatever name and date are in it: who has its key is who was meant
            Verifier::OwnOrAuthority { certificates, .. } if certificates.contains(end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            Verifier::OwnOrAuthority { authorities: Some(authorities), .. } => {
                authorities.verify_server_cert(end_entity, intermediates, name, ocsp, now)
            }
            Verifier::OwnOrAuthority { authorities: None, .. } => {
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}
