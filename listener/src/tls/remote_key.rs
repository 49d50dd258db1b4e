//! Certificates whose keys are in `keys`: rustls asks for a signature, and this asks `keys`.

use std::sync::Arc;

use ipc::service::handshake::{HandshakeClient, HandshakeReply, HandshakeRequest, Identity};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::CertificateDer;

/// What `keys` sent is no identity.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnfitIdentity {
    #[error("no certificate at all")]
    None,
    #[error("a certificate without a chain, or without a scheme that is known here")]
    Empty,
}

/// A certificate with its key elsewhere; `number` is its own on the channel of `client`.
pub(super) fn certified(
    number: u16,
    identity: Identity,
    client: &Arc<HandshakeClient>,
) -> Result<CertifiedKey, UnfitIdentity> {
    let schemes: Vec<_> = identity.schemes.into_iter().map(SignatureScheme::from).collect();
    let algorithm = schemes.first().copied().and_then(algorithm).ok_or(UnfitIdentity::Empty)?;
    let chain: Vec<_> = identity.chain.into_iter().map(CertificateDer::from).collect();
    if chain.is_empty() {
        return Err(UnfitIdentity::Empty);
    }
    let key = RemoteKey { number, schemes, algorithm, client: Arc::clone(client) };
    Ok(CertifiedKey::new(chain, Arc::new(key)))
}

fn algorithm(scheme: SignatureScheme) -> Option<SignatureAlgorithm> {
    use SignatureScheme as S;
    match scheme {
        S::ECDSA_NISTP256_SHA256 | S::ECDSA_NISTP384_SHA384 => Some(SignatureAlgorithm::ECDSA),
        S::ED25519 => Some(SignatureAlgorithm::ED25519),
        S::RSA_PSS_SHA256
        | S::RSA_PSS_SHA384
        | S::RSA_PSS_SHA512
        | S::RSA_PKCS1_SHA256
        | S::RSA_PKCS1_SHA384
        | S::RSA_PKCS1_SHA512 => Some(SignatureAlgorithm::RSA),
        _ => None,
    }
}

/// A key that is elsewhere.
#[derive(Debug)]
struct RemoteKey {
    number: u16,
    schemes: Vec<SignatureScheme>,
    algorithm: SignatureAlgorithm,
    client: Arc<HandshakeClient>,
}

impl SigningKey for RemoteKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.schemes.iter().copied().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(RemoteSigner { identity: self.number, scheme, client: Arc::clone(&self.client) }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

/// One signature, not yet made.
#[derive(Debug)]
struct RemoteSigner {
    identity: u16,
    scheme: SignatureScheme,
    client: Arc<HandshakeClient>,
}

impl Signer for RemoteSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let request = HandshakeRequest::Sign {
            identity: self.identity,
            scheme: u16::from(self.scheme),
            input: message.to_vec(),
        };
        match self.client.call(request) {
            Ok(HandshakeReply::Signature(signature)) => Ok(signature),
            Ok(_) => Err(Error::General("keys refused to sign".into())),
            Err(error) => Err(Error::General(format!("keys: {error}"))),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
