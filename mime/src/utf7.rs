//! Modified UTF-7, the spelling of mailbox names on the wire, RFC 3501 section 5.1.3.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The name in modified UTF-7: printable ASCII, whatever `name` holds.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if represents_itself(first) {
            encoded.push(first);
            rest = rest.strip_prefix(first).unwrap_or_default();
        } else if first == '&' {
            encoded.push_str("&-");
            rest = rest.strip_prefix(first).unwrap_or_default();
        } else {
            let end = rest.find(|c| represents_itself(c) || c == '&').unwrap_or(rest.len());
            let (shifted, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            shift(shifted, &mut encoded);
            rest = after;
        }
    }
    encoded
}

/// The name that `encoded` spells, or nothing if it is no modified UTF-7.
///
/// Only the one spelling that RFC 3501 section 5.1.3 permits is accepted (no printable ASCII in base64, no
/// superfluous shifts), so that two spellings never name one mailbox. Characters that are not ASCII stand for
/// themselves: clients send UTF-8 although they must not.
#[must_use]
pub fn decode(encoded: &str) -> Option<String> {
    let mut name = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let (base64, after) = shifted.split_once('-')?;
        unshift(base64, &mut name)?;
        rest = after;
    }
    name.push_str(rest);
    (!encoded.is_ascii() || encode(&name) == encoded).then_some(name)
}

fn represents_itself(c: char) -> bool {
    matches!(c, ' '..='~') && c != '&'
}

fn shift(text: &str, encoded: &mut String) {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    encoded.push('&');
    BASE64.encode_string(units, encoded);
    encoded.push('-');
}

fn unshift(base64: &str, name: &mut String) -> Option<()> {
    if base64.is_empty() {
        name.push('&');
        return Some(());
    }
    let bytes = BASE64.decode(base64).ok()?;
    let (pairs, leftover) = bytes.as_chunks::<2>();
    if !leftover.is_empty() {
        return None;
    }
    for c in char::decode_utf16(pairs.iter().map(|pair| u16::from_be_bytes(*pair))) {
        name.push(c.ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn examples() {
        for (name, encoded) in [
            ("INBOX", "INBOX"),
            ("R&D", "R&-D"),
            ("&&", "&-&-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Gesendete Objekte", "Gesendete Objekte"),
            ("Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s"),
            // RFC 3501 section 5.1.3
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
            ("a\tb", "a&AAk-b"),
            ("", ""),
        ] {
            assert_eq!(encode(name), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(name));
        }
    }

    #[test]
    fn refused() {
        for encoded in [
            "R&D",                // no end
            "&",                  // no end
            "&Jjo",               // no end
            "&Jjo!",              // RFC 3501 section 5.1.3
            "&U,BTFw-&ZeVnLIqe-", // superfluous shift, ibid.
            "&AGE-",              // a letter in base64
            "&AA-",               // half a unit
            "&APx-",              // bits left over
            "&2D0-",              // half a surrogate pair
            "&AP=w-",             // padding
            "&A/w-",              // the alphabet of ordinary base64
            "&ACY-",              // an ampersand in base64
        ] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
    }

    #[test]
    fn raw_utf8_stands_for_itself() {
        assert_eq!(decode("Entwürfe &-").as_deref(), Some("Entwürfe &"));
        assert_eq!(decode("ü&"), None);
    }

    proptest! {
        #[test]
        fn round_trip(name in any::<String>()) {
            let encoded = encode(&name);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(decode(&encoded), Some(name));
        }

        #[test]
        fn one_spelling(encoded in "[ -~]{0,12}|(&[A-Za-z0-9+,]{0,8}-){1,3}") {
            if let Some(name) = decode(&encoded) {
                prop_assert_eq!(encode(&name), encoded);
            }
        }
    }
}
