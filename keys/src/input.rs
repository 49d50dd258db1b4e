//! What a TLS handshake has signed, recognised by its form. Anything else is no business of this key.

/// The context of a server's signature, RFC 8446 section 4.4.3.
const CONTEXT: &[u8] = b"TLS 1.3, server CertificateVerify\0";
/// Octets of padding in front of it, each 0x20.
const PADDING: usize = 64;
/// Two randoms of 32 octets, RFC 5246 section 7.4.3.
const RANDOMS: usize = 64;
/// RFC 8446 section 4.1.3: how the random of a server that can do TLS 1.3 ends when it agrees to 1.2. Ours can, always:
/// without these octets the random was not made by our TLS.
const DOWNGRADE: &[u8] = b"DOWNGRD\x01";
/// `named_curve`, RFC 8422 section 5.4.
const NAMED_CURVE: u8 = 3;

/// Which handshake the input belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The content of a CertificateVerify, RFC 8446 section 4.4.3.
    Tls13,
    /// The signed parameters of a ServerKeyExchange with ECDHE, RFC 8422 section 5.4.
    Tls12,
}

/// The form of an input; `None` when it is neither. No input has both: where one has its curve type, 3, the other has
/// the `T` of its context.
#[must_use]
pub fn form(input: &[u8]) -> Option<Form> {
    if is_certificate_verify(input) {
        Some(Form::Tls13)
    } else if is_key_exchange(input) {
        Some(Form::Tls12)
    } else {
        None
    }
}

/// RFC 8446 section 4.4.3: padding, context, 0, and the transcript's hash by SHA-256 or SHA-384.
fn is_certificate_verify(input: &[u8]) -> bool {
    let Some((padding, rest)) = input.split_at_checked(PADDING) else { return false };
    padding.iter().all(|octet| *octet == b' ')
        && rest.strip_prefix(CONTEXT).is_some_and(|hash| matches!(hash.len(), 32 | 48))
}

/// RFC 8422 section 5.4: the randoms, then the curve and a point on it, to the end.
fn is_key_exchange(input: &[u8]) -> bool {
    let Some((randoms, parameters)) = input.split_at_checked(RANDOMS) else { return false };
    let [NAMED_CURVE, high, low, length, point @ ..] = parameters else { return false };
    randoms.ends_with(DOWNGRADE)
        && usize::from(*length) == point.len()
        && is_point(u16::from_be_bytes([*high, *low]), point)
}

/// A point of one of the groups our TLS has, in the only encoding RFC 8422 section 5.4.1 leaves.
fn is_point(group: u16, point: &[u8]) -> bool {
    const UNCOMPRESSED: Option<&u8> = Some(&4);
    match group {
        // secp256r1
        0x0017 => point.len() == 65 && point.first() == UNCOMPRESSED,
        // secp384r1
        0x0018 => point.len() == 97 && point.first() == UNCOMPRESSED,
        // x25519, RFC 7748
        0x001d => point.len() == 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(context: &[u8], hash: usize) -> Vec<u8> {
        [&[b' '; 64][..], context, &vec![7; hash]].concat()
    }

    fn exchange(kind: u8, group: u16, claimed: u8, point: &[u8]) -> Vec<u8> {
        let head = [&[9u8; 56][..], DOWNGRADE, &[kind], &group.to_be_bytes(), &[claimed]].concat();
        [&head, point].concat()
    }

    fn uncompressed(length: usize) -> Vec<u8> {
        let mut point = vec![5; length];
        point[0] = 4;
        point
    }

    #[test]
    fn handshakes_are_recognised() {
        assert_eq!(form(&verify(CONTEXT, 32)), Some(Form::Tls13));
        assert_eq!(form(&verify(CONTEXT, 48)), Some(Form::Tls13));
        assert_eq!(form(&exchange(3, 0x1d, 32, &[1; 32])), Some(Form::Tls12));
        assert_eq!(form(&exchange(3, 0x17, 65, &uncompressed(65))), Some(Form::Tls12));
        assert_eq!(form(&exchange(3, 0x18, 97, &uncompressed(97))), Some(Form::Tls12));
    }

    #[test]
    fn nothing_else_is() {
        let mut one_tab = verify(CONTEXT, 32);
        one_tab[63] = b'\t';
        let mut no_downgrade = exchange(3, 0x1d, 32, &[1; 32]);
        no_downgrade[63] = 0;
        let certificate = [&[0x30, 0x81, 0x80][..], &[0; 130]].concat();
        let dkim = b"from:a@example.org\r\nsubject:x\r\ndkim-signature:v=1; b=".to_vec();
        let refused: &[(&str, Vec<u8>)] = &[
            ("empty", vec![]),
            ("only padding", vec![b' '; 64]),
            ("a client's signature", verify(b"TLS 1.3, client CertificateVerify\0", 32)),
            ("exporter", verify(b"TLS 1.3, exported authenticator\0", 32)),
            ("no separator", verify(b"TLS 1.3, server CertificateVerify", 33)),
            ("no hash", verify(CONTEXT, 0)),
            ("hash too short", verify(CONTEXT, 31)),
            ("SHA-1", verify(CONTEXT, 20)),
            ("SHA-512", verify(CONTEXT, 64)),
            ("more after the hash", verify(CONTEXT, 49)),
            ("padding of another kind", one_tab),
            ("padding too short", verify(CONTEXT, 32)[1..].to_vec()),
            ("padding too long", [&b" "[..], &verify(CONTEXT, 32)].concat()),
            ("a random not of our TLS", no_downgrade),
            ("only randoms", [&[9u8; 56][..], DOWNGRADE].concat()),
            ("explicit prime", exchange(1, 0x1d, 32, &[1; 32])),
            ("unknown group", exchange(3, 0x1e, 56, &[1; 56])),
            ("length too small", exchange(3, 0x1d, 31, &[1; 32])),
            ("length too large", exchange(3, 0x1d, 33, &[1; 32])),
            ("another group's length", exchange(3, 0x17, 32, &[4; 32])),
            ("compressed point", exchange(3, 0x17, 33, &[2; 33])),
            ("point of another form", exchange(3, 0x17, 65, &[6; 65])),
            ("more after the point", exchange(3, 0x1d, 32, &[1; 33])),
            ("no point", exchange(3, 0x1d, 0, &[])),
            ("a certificate", certificate),
            ("a mail's signature", dkim),
            ("very long", vec![b' '; 4096]),
        ];
        for (what, input) in refused {
            assert_eq!(form(input), None, "{what}");
        }
    }

    #[test]
    fn no_input_is_of_both_forms() {
        for length in 0..200 {
            for fill in [b' ', 3, 4, 0] {
                let input = vec![fill; length];
                assert!(!(is_certificate_verify(&input) && is_key_exchange(&input)));
            }
        }
        let mut both = verify(CONTEXT, 32);
        both[56..64].copy_from_slice(DOWNGRADE);
        assert_eq!(form(&both), None);
    }
}
