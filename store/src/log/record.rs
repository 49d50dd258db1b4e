//! The header every record begins with.

use super::fields::Fields;

/// Length of a record header in bytes.
pub(super) const RECORD_HEADER: usize = 40;
/// Records begin at multiples of this.
pub(super) const ALIGN: u64 = 8;

const MAGIC: [u8; 4] = *b"BkRc";
const CHECKED: usize = RECORD_HEADER - 4;

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One compressed body.
    Body,
    /// The changes of one commit group.
    Commit,
    /// A part of a checkpoint: not written by this version, stepped over when read.
    Checkpoint,
    /// A part of a body: not written by this version, stepped over when read.
    BodyPart,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Body => 1,
            Self::Commit => 2,
            Self::Checkpoint => 3,
            Self::BodyPart => 4,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Body, Self::Commit, Self::Checkpoint, Self::BodyPart]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// The header of one record. It names its own place, and the salt of its segment, which nobody outside the store knows: the
/// bytes of a mail, or of a record copied from elsewhere, are never taken for one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecordHeader {
    pub(super) kind: Kind,
    /// Length of the payload in bytes, without the padding that follows it.
    pub(super) length: u32,
    /// CRC-32C of the payload.
    pub(super) crc: u32,
}

impl RecordHeader {
    /// The bytes of this header for the given place.
    pub(super) fn encode(&self, salt: u64, offset: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(RECORD_HEADER);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.kind.code(), 0, 0, 0]);
        out.extend_from_slice(&salt.to_le_bytes());
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// The header at the front of `bytes`, which were read at `offset`; `None` unless it is one of this segment, at its own
    /// place, and its payload ends at `limit` or before.
    pub(super) fn decode(bytes: &[u8], salt: u64, offset: u64, limit: u64) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        if fields.array()? != MAGIC {
            return None;
        }
        let kind = fields.u8()?;
        let (flags, zero) = (fields.u8()?, fields.u16()?);
        let (tag, place) = (fields.u64()?, fields.u64()?);
        let (length, crc) = (fields.u32()?, fields.u32()?);
        let reserved = fields.u32()?;
        let sum = fields.u32()?;
        let ours = tag == salt && place == offset && sum == crc32c::crc32c(bytes.get(..CHECKED)?);
        if !ours || flags != 0 || zero != 0 || reserved != 0 {
            return None;
        }
        let header = Self { kind: Kind::from_code(kind)?, length, crc };
        (offset.checked_add(header.stored())? <= limit).then_some(header)
    }

    /// Bytes from the start of this record to the start of the next.
    pub(super) fn stored(&self) -> u64 {
        stored_length(self.length)
    }
}

/// Bytes a record with this payload takes, header and padding included.
pub(super) fn stored_length(payload: u32) -> u64 {
    (RECORD_HEADER as u64 + u64::from(payload)).next_multiple_of(ALIGN)
}

/// The zero bytes that follow a payload of this length.
pub(super) fn padding(payload: u32) -> &'static [u8] {
    const ZEROS: [u8; ALIGN as usize] = [0; ALIGN as usize];
    let used = RECORD_HEADER as u64 + u64::from(payload);
    let missing = stored_length(payload).saturating_sub(used);
    usize::try_from(missing).ok().and_then(|missing| ZEROS.get(..missing)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: RecordHeader = RecordHeader { kind: Kind::Commit, length: 13, crc: 0xdead_beef };

    #[test]
    fn a_header_comes_back_at_its_own_place_only() {
        let bytes = HEADER.encode(7, 8192);
        assert_eq!(bytes.len(), RECORD_HEADER);
        assert_eq!(RecordHeader::decode(&bytes, 7, 8192, 9000), Some(HEADER));
        assert_eq!(RecordHeader::decode(&bytes, 7, 8200, 9000), None);
        assert_eq!(RecordHeader::decode(&bytes, 8, 8192, 9000), None);
        assert_eq!(RecordHeader::decode(&bytes, 7, 8192, 8192 + 55), None);
        assert_eq!(RecordHeader::decode(&bytes, 7, 8192, 8192 + 56), Some(HEADER));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = HEADER.encode(7, 8192);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&bad, 7, 8192, u64::MAX), None, "bit {bit}");
        }
    }

    #[test]
    fn records_are_padded_to_eight() {
        assert_eq!((stored_length(0), padding(0).len()), (40, 0));
        assert_eq!((stored_length(1), padding(1).len()), (48, 7));
        assert_eq!((stored_length(8), padding(8).len()), (48, 0));
        assert_eq!(stored_length(u32::MAX), 4_294_967_336);
    }
}
