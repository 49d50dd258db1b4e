use super::*;
use std::process::Command;

const TLS13: fn() -> Vec<u8> =
    || [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[7; 32]].concat();
const TLS12: fn() -> Vec<u8> = || [&[9u8; 56][..], b"DOWNGRD\x01", &[3, 0, 0x1d, 32], &[1; 32]].concat();

fn openssl(arguments: &str) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A key by openssl with a certificate for it.
fn by_openssl(newkey: &str) -> (Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key.pem");
    let chain = openssl(&format!(
        "req -x509 -nodes -newkey {newkey} -keyout {} -subj /CN=mail.example.org -days 30",
        key.display()
    ));
    (chain, std::fs::read(&key).unwrap())
}

#[test]
fn every_kind_of_key_signs_both_handshakes() {
    for (newkey, schemes) in [
        ("ec -pkeyopt ec_paramgen_curve:P-256", &[0x0403u16][..]),
        ("ec -pkeyopt ec_paramgen_curve:P-384", &[0x0503]),
        ("ed25519", &[0x0807]),
        ("rsa:2048", &[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]),
    ] {
        let (chain, key) = by_openssl(newkey);
        let pair = KeyPair::from_pem(&chain, &key).unwrap();
        assert_eq!(pair.public().schemes, schemes, "{newkey}");
        assert_eq!(pair.public().chain.len(), 1);
        for scheme in schemes {
            assert!(pair.sign(*scheme, &TLS12()).is_ok(), "{newkey} {scheme:x}");
            let pkcs1 = matches!(scheme, 0x0401 | 0x0501 | 0x0601);
            let outcome = pair.sign(*scheme, &TLS13());
            assert_eq!(outcome.err(), pkcs1.then_some(Refusal::Scheme), "{newkey} {scheme:x}");
        }
    }
}

#[test]
fn the_signature_is_the_keys() {
    let (chain, key) = by_openssl("ec -pkeyopt ec_paramgen_curve:P-256");
    let pair = KeyPair::from_pem(&chain, &key).unwrap();
    let signature = pair.sign(0x0403, &TLS13()).unwrap();
    let (_, leaf) = X509Certificate::from_der(pair.leaf()).unwrap();
    let verify = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let algorithm = verify.mapping.iter().find(|(s, _)| u16::from(*s) == 0x0403).unwrap().1[0];
    let raw = &leaf.tbs_certificate.subject_pki.subject_public_key.data;
    assert!(algorithm.verify_signature(raw, &TLS13(), &signature).is_ok());
    assert!(algorithm.verify_signature(raw, &TLS12(), &signature).is_err());
}

#[test]
fn what_is_no_handshake_is_refused() {
    let (chain, key) = by_openssl("ec -pkeyopt ec_paramgen_curve:P-256");
    let pair = KeyPair::from_pem(&chain, &key).unwrap();
    for (scheme, input, refusal) in [
        (0x0403, b"anything".to_vec(), Refusal::Form),
        (0x0403, vec![], Refusal::Form),
        (0x0503, TLS13(), Refusal::Scheme),
        (0x0804, TLS13(), Refusal::Scheme),
        (0x0203, TLS12(), Refusal::Scheme),
        (0x0000, TLS13(), Refusal::Scheme),
        (0xffff, TLS13(), Refusal::Scheme),
    ] {
        assert_eq!(pair.sign(scheme, &input), Err(refusal), "{scheme:x}");
    }
}

#[test]
fn traditional_forms_and_combined_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let (chain, key) = by_openssl("rsa:2048");
    let path = dir.path().join("key.pem");
    std::fs::write(&path, &key).unwrap();
    let traditional = openssl(&format!("rsa -traditional -in {}", path.display()));
    assert!(traditional.starts_with(b"-----BEGIN RSA"));
    assert!(KeyPair::from_pem(&chain, &traditional).is_ok());
    let combined = [chain.as_slice(), &key].concat();
    assert!(KeyPair::from_pem(&combined, &combined).is_ok());

    let (chain, key) = by_openssl("ec -pkeyopt ec_paramgen_curve:P-256");
    std::fs::write(&path, &key).unwrap();
    let sec1 = openssl(&format!("ec -in {}", path.display()));
    let with_parameters = [&openssl("ecparam -name prime256v1")[..], &sec1].concat();
    assert!(KeyPair::from_pem(&chain, &with_parameters).is_ok());
}

#[test]
fn keys_that_cannot_be_used_are_told_apart() {
    let (chain, key) = by_openssl("ec -pkeyopt ec_paramgen_curve:P-256");
    let (other_chain, other_key) = by_openssl("ec -pkeyopt ec_paramgen_curve:P-256");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.pem");
    std::fs::write(&path, &key).unwrap();
    let locked = openssl(&format!("pkey -aes256 -passout pass:secret -in {}", path.display()));
    let locked_ec = openssl(&format!("ec -aes256 -passout pass:secret -in {}", path.display()));
    let (short_chain, short) = by_openssl("rsa:1024");
    let (curve_chain, curve) = by_openssl("ec -pkeyopt ec_paramgen_curve:secp256k1");
    let leaf_last = [other_chain.as_slice(), &chain].concat();
    let long = chain.repeat(CERTIFICATES_MAX + 1);
    let damaged = String::from_utf8(chain.clone()).unwrap().replacen("MII", "MIJ", 1).into_bytes();
    let fails = |chain: &[u8], key: &[u8]| KeyPair::from_pem(chain, key).unwrap_err();
    use IdentityError as E;
    assert!(matches!(fails(&chain, &other_key), E::Mismatch));
    assert!(matches!(fails(&leaf_last, &key), E::Mismatch));
    assert!(matches!(fails(&chain, &locked), E::Encrypted));
    assert!(matches!(fails(&chain, &locked_ec), E::Encrypted));
    assert!(matches!(fails(&short_chain, &short), E::Key));
    assert!(matches!(fails(&curve_chain, &curve), E::Key));
    assert!(matches!(fails(&chain, &chain), E::NoKey));
    assert!(matches!(fails(&key, &key), E::NoCertificate));
    assert!(matches!(fails(&damaged, &key), E::Certificate(1)), "{:?}", fails(&damaged, &key));
    assert!(matches!(fails(&long, &key), E::ChainTooLong));
    assert!(matches!(
        fails(&chain, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        E::Key
    ));
}

#[test]
fn nothing_of_the_key_is_shown() {
    let (chain, key) = by_openssl("ed25519");
    let shown = format!("{:?}", KeyPair::from_pem(&chain, &key).unwrap());
    assert_eq!(shown, "KeyPair { certificates: 1, schemes: [ED25519], .. }");
}

#[test]
fn its_names_are_those_a_client_can_ask_for() {
    let names = ["Mail.Example.org", "*.example.net", "192.0.2.1", "a b.example", "*", "x.*.example"];
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    for name in names {
        params.subject_alt_names.push(rcgen::SanType::DnsName(name.try_into().unwrap()));
    }
    let certificate = params.self_signed(&key).unwrap();
    let pair = KeyPair::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    assert_eq!(pair.public().names, ["mail.example.org", "*.example.net", "192.0.2.1"]);
}

/// The longest chain with the most and longest names fits one message.
#[test]
fn every_identity_can_be_sent() {
    let identity = Identity {
        names: vec!["x".repeat(253); budget::CERTIFICATE_NAMES],
        chain: vec![vec![7; CHAIN_MAX / CERTIFICATES_MAX]; CERTIFICATES_MAX],
        schemes: SCHEMES.map(u16::from).to_vec(),
    };
    let reply = ipc::service::handshake::HandshakeReply::Identity(Some(identity));
    assert!(ipc::codec::encode(&reply).is_ok());
}
