//! The one file that knows the encoding of messages between compartments.
//!
//! bincode 2 in its serde mode, little endian, fixed-width integers (so that what a role sends its master is of a
//! fixed size), a limit on what may be allocated, and left-over bytes an error.

use std::cell::RefCell;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroize;

/// The most bytes an encoded message may have. Larger things travel as chunks, or in pages.
pub const MESSAGE_MAX: usize = 128 * 1024;

const CONFIG: Configuration<LittleEndian, Fixint, Limit<MESSAGE_MAX>> =
    bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MESSAGE_MAX>();

/// Why bytes are no message, or a message has no bytes.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The message is larger than [`MESSAGE_MAX`], or cannot be expressed.
    #[error("cannot be encoded: {0}")]
    Encode(#[from] bincode::error::EncodeError),
    /// The bytes are not of this type.
    #[error("cannot be decoded: {0}")]
    Decode(#[from] bincode::error::DecodeError),
    /// The bytes go on after the message.
    #[error("{0} bytes left over")]
    LeftOver(usize),
    /// Too large to send.
    #[error("encoded message has {0} bytes, more than {MESSAGE_MAX}")]
    TooLarge(usize),
}

/// Encodes a value.
///
/// # Errors
/// When it has more than [`MESSAGE_MAX`] bytes.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    encode_behind(&[], value)
}

/// Encodes a value behind a head. It may be a password: the only copy of it that is left behind is the one returned.
///
/// # Errors
/// As [`encode`].
pub fn encode_behind<T: Serialize>(head: &[u8], value: &T) -> Result<Vec<u8>, CodecError> {
    // A vector that grows leaves what it held in freed memory; this one, one a thread, never grows.
    thread_local!(static SPACE: RefCell<Vec<u8>> = RefCell::new(vec![0; MESSAGE_MAX]));
    SPACE.with_borrow_mut(|space| {
        let encoded = bincode::serde::encode_into_slice(value, space.as_mut_slice(), CONFIG);
        let used = *encoded.as_ref().unwrap_or(&MESSAGE_MAX);
        let filled = space.get_mut(..used).unwrap_or_default();
        let bytes = encoded.map(|_| [head, filled].concat());
        filled.zeroize();
        Ok(bytes?)
    })
}

/// Decodes a value that fills `bytes` exactly.
///
/// # Errors
/// When the bytes are of another shape, claim more than the limit, or go on behind the value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, CONFIG)?;
    match bytes.len().saturating_sub(used) {
        0 => Ok(value),
        left => Err(CodecError::LeftOver(left)),
    }
}

const AT_REST: Configuration<LittleEndian, bincode::config::Varint, Limit<RECORD_MAX>> =
    bincode::config::standard().with_little_endian().with_variable_int_encoding().with_limit::<RECORD_MAX>();

/// The most bytes one record at rest may have: the changes of a whole commit group.
pub const RECORD_MAX: usize = 64 * 1024 * 1024;

/// Encodes a value for the disk: compact integers, up to [`RECORD_MAX`] bytes.
///
/// # Errors
/// When it is larger.
pub fn encode_record<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    let bytes = bincode::serde::encode_to_vec(value, AT_REST)?;
    if bytes.len() > RECORD_MAX { Err(CodecError::TooLarge(bytes.len())) } else { Ok(bytes) }
}

/// Decodes what [`encode_record`] made.
///
/// # Errors
/// As [`decode`].
pub fn decode_record<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, AT_REST)?;
    match bytes.len().saturating_sub(used) {
        0 => Ok(value),
        left => Err(CodecError::LeftOver(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_over_bytes_are_refused() {
        let mut bytes = encode(&7u32).unwrap();
        assert_eq!(decode::<u32>(&bytes).unwrap(), 7);
        bytes.push(0);
        assert!(matches!(decode::<u32>(&bytes), Err(CodecError::LeftOver(1))));
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend([0; 16]);
        assert!(decode::<Vec<u8>>(&bytes).is_err());
        assert!(decode::<String>(&bytes).is_err());
        assert!(decode_record::<Vec<u64>>(&bytes).is_err());
    }

    #[test]
    fn too_large_is_not_sent() {
        assert!(encode(&vec![0u8; MESSAGE_MAX]).is_err());
        assert_eq!(encode(&vec![7u8; MESSAGE_MAX - 8]).unwrap().len(), MESSAGE_MAX);
        assert!(encode(&vec![7u8; MESSAGE_MAX - 7]).is_err());
        assert_eq!(encode_behind(&[1, 2], &3u8).unwrap(), [1, 2, 3], "nothing is left of the one before");
    }
}
