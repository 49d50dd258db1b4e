//! Bodies as they are stored.

use serde::{Deserialize, Serialize};

use super::compress::{Compressor, Decompressor};
use super::error::BodyError;
use super::fields::Fields;
use super::record::{Kind, RecordHeader, padding};

/// Bytes of a body's payload before its zstd frame.
const PREFIX: usize = 16 + 4 + 4;

/// A name for a body, unique in the store; the caller mints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct BodyId(pub u128);

/// A body ready to be written: compressed and checksummed, which is done outside the thread that owns the log.
#[derive(Clone, Debug)]
pub struct PreparedBody {
    id: BodyId,
    raw_length: u32,
    header: RecordHeader,
    /// The payload and the padding after it.
    bytes: Vec<u8>,
}

impl PreparedBody {
    /// Compresses `raw` and names it `id`.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] from 4 GiB on; [`BodyError::Compression`] when zstd fails.
    pub fn new(id: BodyId, raw: &[u8], compressor: &mut Compressor) -> Result<Self, BodyError> {
        let too_large =
            |length: usize| BodyError::TooLarge { length: length as u64, cap: u64::from(u32::MAX) };
        let raw_length = u32::try_from(raw.len()).map_err(|_| too_large(raw.len()))?;
        let frame = compressor.compress(raw)?;
        let mut bytes = Vec::with_capacity(PREFIX + frame.len() + 8);
        bytes.extend_from_slice(&id.0.to_le_bytes());
        bytes.extend_from_slice(&raw_length.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(raw).to_le_bytes());
        bytes.extend_from_slice(&frame);
        let length = u32::try_from(bytes.len()).map_err(|_| too_large(raw.len()))?;
        let header = RecordHeader { kind: Kind::Body, length, crc: crc32c::crc32c(&bytes) };
        bytes.extend_from_slice(padding(length));
        Ok(Self { id, raw_length, header, bytes })
    }

    /// The id it was prepared with.
    #[must_use]
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// The length of the body itself, in bytes.
    #[must_use]
    pub fn raw_length(&self) -> u32 {
        self.raw_length
    }

    /// The bytes it takes in the log.
    #[must_use]
    pub fn stored_length(&self) -> u64 {
        self.header.stored()
    }

    pub(super) fn header(&self) -> &RecordHeader {
        &self.header
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The body in `payload`, whose own checksum has been verified; `None` when it isn't body `id`, or not what went in.
pub(super) fn unpack(
    payload: &[u8],
    id: BodyId,
    with: &mut Decompressor,
) -> Result<Option<Vec<u8>>, BodyError> {
    let Some((found, raw_length, raw_crc, frame)) = fields(payload) else { return Ok(None) };
    if found != id {
        return Ok(None);
    }
    match with.decompress(frame, raw_length) {
        Ok(raw) => Ok((crc32c::crc32c(&raw) == raw_crc).then_some(raw)),
        Err(BodyError::Compression(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

fn fields(payload: &[u8]) -> Option<(BodyId, u32, u32, &[u8])> {
    let mut fields = Fields::new(payload);
    let id = BodyId(fields.u128()?);
    let (raw_length, raw_crc) = (fields.u32()?, fields.u32()?);
    Some((id, raw_length, raw_crc, fields.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_served_under_its_own_id_only() {
        let body = PreparedBody::new(BodyId(5), b"Subject: x\r\n\r\nhello", &mut Compressor::new().unwrap())
            .unwrap();
        let payload = &body.bytes()[..body.header().length as usize];
        let mut with = Decompressor::new(100).unwrap();
        assert_eq!(
            unpack(payload, BodyId(5), &mut with).unwrap().as_deref(),
            Some(&b"Subject: x\r\n\r\nhello"[..])
        );
        assert_eq!(unpack(payload, BodyId(6), &mut with).unwrap(), None);
        assert_eq!(unpack(&payload[..20], BodyId(5), &mut with).unwrap(), None);
        assert_eq!(body.stored_length() % 8, 0);
        assert_eq!(body.stored_length(), 40 + body.bytes().len() as u64);
    }
}
