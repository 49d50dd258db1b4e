//! Which certificate a client is shown: by the name it asks for (RFC 6066 section 3), and by what it can check.

use std::collections::HashMap;
use std::sync::Arc;

use ipc::service::handshake::{HandshakeClient, Identity};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::remote_key::{UnfitIdentity, certified};

/// The certificates of this role's listeners.
#[derive(Debug)]
pub(super) struct Identities {
    certified: Vec<Arc<CertifiedKey>>,
    /// Which of them are for a name, the preferred first.
    by_name: HashMap<String, Vec<usize>>,
    /// Those for clients that ask for no name, or for none of these.
    by_default: Vec<usize>,
}

impl Identities {
    /// As `keys` said, in its order. The first is the default, together with those that share a name with it: an RSA
    /// certificate beside the ECDSA one.
    pub(super) fn new(
        identities: Vec<Identity>,
        client: &Arc<HandshakeClient>,
    ) -> Result<Self, UnfitIdentity> {
        let mut all = Identities { certified: Vec::new(), by_name: HashMap::new(), by_default: Vec::new() };
        let first_names = identities.first().ok_or(UnfitIdentity::None)?.names.clone();
        for (number, mut identity) in (0..=u16::MAX).zip(identities) {
            let names = std::mem::take(&mut identity.names);
            let place = all.certified.len();
            all.certified.push(Arc::new(certified(number, identity, client)?));
            if place == 0 || names.iter().any(|name| first_names.contains(name)) {
                all.by_default.push(place);
            }
            for name in names {
                all.by_name.entry(name).or_default().push(place);
            }
        }
        let certified = &all.certified;
        let order = |place: &usize| certified.get(*place).map_or(u8::MAX, |it| preference(it));
        for places in all.by_name.values_mut().chain([&mut all.by_default]) {
            // stable: of two alike, the one that is configured first
            places.sort_by_key(order);
        }
        Ok(all)
    }

    /// The certificate for a client that asks for that name and can check those signatures.
    fn choose(&self, name: Option<&str>, offered: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let named = name.map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        let exact = named.as_ref().and_then(|name| self.by_name.get(name));
        // one label, and no more (RFC 6125 section 6.4.3)
        let wild = named.as_ref().and_then(|name| name.split_once('.'));
        let wild = wild.and_then(|(_, rest)| self.by_name.get(&format!("*.{rest}")));
        // A certificate of another name is better than none: the client decides.
        [exact, wild, Some(&self.by_default)]
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|place| self.certified.get(*place))
            .find(|certified| certified.key.choose_scheme(offered).is_some())
            .cloned()
    }
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(client_hello.server_name(), client_hello.signature_schemes())
    }
}

/// ECDSA is a fifth of the work of RSA; Ed25519 is what the fewest clients can check.
fn preference(certified: &CertifiedKey) -> u8 {
    match certified.key.algorithm() {
        SignatureAlgorithm::ECDSA => 0,
        SignatureAlgorithm::ED25519 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECDSA: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    const RSA: SignatureScheme = SignatureScheme::RSA_PSS_SHA256;

    fn identity(mark: u8, names: &[&str], scheme: SignatureScheme) -> Identity {
        Identity {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            chain: vec![vec![mark]],
            schemes: vec![scheme.into()],
        }
    }

    fn identities(of: Vec<Identity>) -> Result<Identities, UnfitIdentity> {
        let (ours, _theirs) = ipc::socket::pair().unwrap();
        Identities::new(of, &Arc::new(HandshakeClient::new(ours).unwrap()))
    }

    #[test]
    fn by_name_then_by_what_the_client_can_check() {
        let all = identities(vec![
            identity(0, &["mail.example.org"], RSA),
            identity(1, &["mail.example.org", "imap.example.org"], ECDSA),
            identity(2, &["*.example.net", "example.net"], ECDSA),
            identity(3, &["one.example.net"], RSA),
        ])
        .unwrap();
        let both = &[ECDSA, RSA][..];
        for (name, offered, expected) in [
            (Some("mail.example.org"), both, Some(1)),
            (Some("MAIL.example.org."), both, Some(1)),
            (Some("mail.example.org"), &[RSA], Some(0)),
            (Some("imap.example.org"), both, Some(1)),
            (Some("imap.example.org"), &[RSA], Some(0)),
            (Some("example.net"), both, Some(2)),
            (Some("any.example.net"), both, Some(2)),
            (Some("one.example.net"), both, Some(3)),
            (Some("one.example.net"), &[ECDSA], Some(2)),
            (Some("a.b.example.net"), both, Some(1)),
            (Some("elsewhere.example"), both, Some(1)),
            (None, both, Some(1)),
            (None, &[RSA], Some(0)),
            (None, &[SignatureScheme::ED25519], None),
        ] {
            let chosen = all.choose(name, offered).map(|chosen| chosen.cert[0][0]);
            assert_eq!(chosen, expected, "{name:?} {offered:?}");
        }
    }

    #[test]
    fn what_keys_says_is_looked_at() {
        assert!(matches!(identities(vec![]), Err(UnfitIdentity::None)));
        let no_chain = Identity { chain: vec![], ..identity(0, &[], ECDSA) };
        assert!(matches!(identities(vec![no_chain]), Err(UnfitIdentity::Empty)));
        let no_scheme = Identity { schemes: vec![0xffff], ..identity(0, &[], ECDSA) };
        assert!(matches!(identities(vec![no_scheme]), Err(UnfitIdentity::Empty)));
    }
}
