//! The encodings of encoded words, RFC 2047 section 4.

/// How the octets of a word are written in ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Base64, RFC 2047 section 4.1.
    B,
    /// Much like quoted-printable, RFC 2047 section 4.2.
    Q,
}

impl Transfer {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"B" | b"b" => Some(Transfer::B),
            b"Q" | b"q" => Some(Transfer::Q),
            _ => None,
        }
    }

    /// The octets, no more than `text` has.
    pub(super) fn decode(self, text: &[u8]) -> Vec<u8> {
        match self {
            Transfer::B => base64(text),
            Transfer::Q => quoted(text),
        }
    }
}

fn base64(text: &[u8]) -> Vec<u8> {
    let mut group = Base64::default();
    text.iter().filter_map(|byte| group.push(*byte)).collect()
}

/// Base64 on its way: bits that are not yet an octet.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    bits: u16,
    count: u8,
}

impl Base64 {
    /// The octet that the next character completes. Passes over what is not of the alphabet. Padding ends a group, not the
    /// text: some join pieces that were padded each.
    pub(crate) fn push(&mut self, byte: u8) -> Option<u8> {
        let Some(sextet) = sextet(byte) else {
            if byte == b'=' {
                *self = Base64::default();
            }
            return None;
        };
        self.bits = (self.bits << 6) | u16::from(sextet);
        self.count = self.count.saturating_add(6);
        let left = self.count.checked_sub(8)?;
        self.count = left;
        let [_, octet] = (self.bits >> left).to_be_bytes();
        Some(octet)
    }
}

fn sextet(byte: u8) -> Option<u8> {
    let (first, value) = match byte {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => (b'+', 62),
        b'/' => (b'/', 63),
        _ => return None,
    };
    byte.checked_sub(first)?.checked_add(value)
}

/// An equals sign without two hexadecimal digits stands for itself.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        octets.push(match (first, behind) {
            (b'_', _) => b' ',
            (b'=', [high, low, behind @ ..]) => match hexadecimal(*high, *low) {
                Some(octet) => {
                    rest = behind;
                    octet
                }
                None => b'=',
            },
            (byte, _) => *byte,
        });
    }
    octets
}

/// The octet of two hexadecimal digits.
pub(crate) fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4) | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_its_mistakes() {
        for (text, want) in [
            (&b""[..], &b""[..]),
            (b"QQ==", b"A"),
            (b"QUI=", b"AB"),
            (b"QUJD", b"ABC"),
            (b"QUI", b"AB"),
            (b"Q", b""),
            (b"QQ==QUI=", b"AAB"),
            (b"Q U\tJ*D", b"ABC"),
            (b"+/+/", b"\xfb\xff\xbf"),
            (b"////", b"\xff\xff\xff"),
        ] {
            assert_eq!(Transfer::B.decode(text), want, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn quoted_with_its_mistakes() {
        for (text, want) in [
            (&b""[..], &b""[..]),
            (b"a_b c", b"a b c"),
            (b"=C3=bc=5F", b"\xc3\xbc_"),
            (b"=", b"="),
            (b"=4", b"=4"),
            (b"==41=4g", b"=A=4g"),
            (b"\xfc", b"\xfc"),
        ] {
            assert_eq!(Transfer::Q.decode(text), want, "{}", text.escape_ascii());
        }
    }
}
