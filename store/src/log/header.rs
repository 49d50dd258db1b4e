//! The header of a segment: two equal copies, each in a block of its own.

use super::fields::Fields;
use super::position::{Position, SegmentNumber};

/// Bytes before the first record of a segment.
pub(super) const SEGMENT_HEADER: u64 = 2 * HEADER_BLOCK as u64;
/// The version of the format that this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// Bytes of one copy of the header.
pub(super) const HEADER_BLOCK: usize = 4096;
/// Where the copies lie.
pub(super) const HEADER_COPIES: [u64; 2] = [0, HEADER_BLOCK as u64];

const MAGIC: [u8; 8] = *b"BULKHSEG";
const FIELDS: usize = 8 + 4 + 4 + 8 + 8 + 8 + 8 + 8;

/// What a segment says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentHeader {
    pub(super) number: SegmentNumber,
    /// Random; every record of the segment carries it.
    pub(super) salt: u64,
    /// Where the log before this segment ends: what lies behind in that segment is no part of the log.
    pub(super) predecessor: Option<Position>,
    /// Everything in this segment before this offset was synced before the segment got its name.
    pub(super) durable: u64,
}

/// What a segment's first two blocks turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HeaderFound {
    /// A valid header.
    Valid(SegmentHeader),
    /// A valid header of another version.
    Version(u32),
    /// Neither copy is valid.
    Damaged,
}

impl SegmentHeader {
    /// Both copies.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(2 * HEADER_BLOCK);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&VERSION.to_le_bytes());
        block.extend_from_slice(&0_u32.to_le_bytes());
        block.extend_from_slice(&self.number.0.to_le_bytes());
        block.extend_from_slice(&self.salt.to_le_bytes());
        let (segment, end) = self.predecessor.map_or((0, 0), |end| (end.segment.0, end.offset));
        block.extend_from_slice(&segment.to_le_bytes());
        block.extend_from_slice(&end.to_le_bytes());
        block.extend_from_slice(&self.durable.to_le_bytes());
        block.extend_from_slice(&crc32c::crc32c(&block).to_le_bytes());
        block.resize(HEADER_BLOCK, 0);
        block.repeat(2)
    }

    /// The first valid copy in `bytes`, the first two blocks of the file of segment `number`.
    pub(super) fn decode(bytes: &[u8], number: SegmentNumber) -> HeaderFound {
        let mut found = HeaderFound::Damaged;
        for copy in bytes.chunks(HEADER_BLOCK) {
            match Self::decode_copy(copy) {
                Some(HeaderFound::Valid(header)) if header.number == number => {
                    return HeaderFound::Valid(header);
                }
                Some(HeaderFound::Version(version)) => found = HeaderFound::Version(version),
                _ => {}
            }
        }
        found
    }

    fn decode_copy(block: &[u8]) -> Option<HeaderFound> {
        let mut sum = Fields::new(block.get(FIELDS..)?);
        let mut fields = Fields::new(block);
        if fields.array()? != MAGIC || sum.u32()? != crc32c::crc32c(block.get(..FIELDS)?) {
            return None;
        }
        let (version, _reserved) = (fields.u32()?, fields.u32()?);
        if version != VERSION {
            return Some(HeaderFound::Version(version));
        }
        let number = SegmentNumber(fields.u64()?);
        let salt = fields.u64()?;
        let (segment, offset) = (SegmentNumber(fields.u64()?), fields.u64()?);
        let predecessor = (segment.0 != 0).then_some(Position { segment, offset });
        let durable = fields.u64()?;
        let sane = durable >= SEGMENT_HEADER && predecessor.is_none_or(|end| end.segment < number);
        sane.then_some(HeaderFound::Valid(Self { number, salt, predecessor, durable }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader {
            number: SegmentNumber(9),
            salt: 0x0123_4567_89ab_cdef,
            predecessor: Some(Position { segment: SegmentNumber(8), offset: 123_456 }),
            durable: SEGMENT_HEADER,
        }
    }

    #[test]
    fn one_copy_is_enough() {
        let bytes = header().encode();
        assert_eq!(bytes.len() as u64, SEGMENT_HEADER);
        for bad in [0, HEADER_BLOCK] {
            let mut bytes = bytes.clone();
            bytes[bad..bad + 64].fill(0xaa);
            assert_eq!(SegmentHeader::decode(&bytes, SegmentNumber(9)), HeaderFound::Valid(header()));
        }
        assert_eq!(SegmentHeader::decode(&bytes, SegmentNumber(10)), HeaderFound::Damaged);
        assert_eq!(SegmentHeader::decode(&bytes[..40], SegmentNumber(9)), HeaderFound::Damaged);
    }

    #[test]
    fn every_flipped_bit_of_a_copy_is_noticed() {
        let bytes = header().encode();
        for bit in 0..(FIELDS + 4) * 8 {
            let mut bad = bytes[..HEADER_BLOCK].to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&bad, SegmentNumber(9)), HeaderFound::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = header().encode();
        bytes[8] = 2;
        let sum = crc32c::crc32c(&bytes[..FIELDS]);
        bytes[FIELDS..FIELDS + 4].copy_from_slice(&sum.to_le_bytes());
        bytes[HEADER_BLOCK..].fill(0);
        assert_eq!(SegmentHeader::decode(&bytes, SegmentNumber(9)), HeaderFound::Version(2));
    }
}
