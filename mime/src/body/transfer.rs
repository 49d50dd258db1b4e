//! Content transfer encodings, RFC 2045 section 6.

use crate::words::{Base64, hexadecimal};

/// How the octets of a body are written, and how far the reading of them is.
#[derive(Debug)]
pub(super) enum Transfer {
    /// As they are: 7bit, 8bit, binary, and whatever is unknown.
    Identity,
    /// RFC 2045 section 6.8
    Base64(Base64),
    /// RFC 2045 section 6.7
    Quoted(Quoted),
}

/// Where in quoted-printable the next octet stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quoted {
    Text,
    /// Behind an equals sign.
    Equals,
    /// Behind an equals sign and this digit.
    Digit(u8),
    /// Behind an equals sign and white space: a line end that is none follows.
    Soft,
}

impl Transfer {
    pub(super) fn named(name: &[u8]) -> Self {
        if name.eq_ignore_ascii_case(b"base64") {
            Transfer::Base64(Base64::default())
        } else if name.eq_ignore_ascii_case(b"quoted-printable") {
            Transfer::Quoted(Quoted::Text)
        } else {
            Transfer::Identity
        }
    }

    /// The octets that are written in these; never more than they are and two.
    pub(super) fn decode(&mut self, written: &[u8]) -> Vec<u8> {
        match self {
            Transfer::Identity => written.to_vec(),
            Transfer::Base64(group) => written.iter().filter_map(|byte| group.push(*byte)).collect(),
            Transfer::Quoted(place) => {
                let mut octets = Vec::with_capacity(written.len().saturating_add(2));
                for byte in written {
                    *place = place.step(*byte, &mut octets);
                }
                octets
            }
        }
    }
}

impl Quoted {
    /// An equals sign without two digits behind it stands for itself.
    fn step(self, byte: u8, octets: &mut Vec<u8>) -> Quoted {
        match (self, byte) {
            (Quoted::Text, b'=') => Quoted::Equals,
            (Quoted::Equals | Quoted::Soft, b'\n') => Quoted::Text,
            (Quoted::Equals | Quoted::Soft, b' ' | b'\t' | b'\r') => Quoted::Soft,
            (Quoted::Equals, digit) if digit.is_ascii_hexdigit() => Quoted::Digit(digit),
            (Quoted::Digit(high), low) if low.is_ascii_hexdigit() => {
                octets.extend(hexadecimal(high, low));
                Quoted::Text
            }
            (Quoted::Text, byte) => {
                octets.push(byte);
                Quoted::Text
            }
            (Quoted::Equals, byte) => {
                octets.push(b'=');
                Quoted::Text.step(byte, octets)
            }
            (Quoted::Digit(high), byte) => {
                octets.extend([b'=', high]);
                Quoted::Text.step(byte, octets)
            }
            (Quoted::Soft, byte) => Quoted::Text.step(byte, octets),
        }
    }
}
