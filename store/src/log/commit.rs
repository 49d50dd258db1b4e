//! Commit groups: what is written together, and the record that ends it.

use super::body::{BodyId, PreparedBody};
use super::fields::Fields;
use super::position::{BodyRef, Position, SegmentNumber};
use super::record::{ALIGN, Kind, RecordHeader, padding, stored_length};

/// The most bodies one group names. Two buffers each, this stays below the kernel's limit for one write.
pub const MAX_BODIES: usize = 500;

const FIXED: usize = 8 + 8 + 8 + 4 + 4;
const ENTRY: usize = 8 + 8 + 16 + 4 + 4;

/// What becomes durable at once: all of it or nothing.
#[derive(Debug, Default)]
pub struct Group {
    /// The bodies that the changes speak of. The changes name them by their index here, because their places are known only
    /// once the group is written.
    pub bodies: Vec<GroupBody>,
    /// The changes, opaque to the log.
    pub changes: Vec<u8>,
}

/// A body that a group names.
#[derive(Debug)]
pub enum GroupBody {
    /// To be written with the group.
    New(PreparedBody),
    /// Written before, by [`append_body`](super::Log::append_body) of the same log.
    Written(BodyRef),
}

impl Group {
    /// The bytes that this group takes in the log; `None` when it's too large to say.
    pub(super) fn stored_length(&self) -> Option<u64> {
        let payload = payload_length(self.bodies.len(), self.changes.len())?;
        let bodies = self.bodies.iter().map(|body| match body {
            GroupBody::New(body) => body.stored_length(),
            GroupBody::Written(_) => 0,
        });
        bodies.chain([stored_length(payload)]).try_fold(0_u64, u64::checked_add)
    }
}

/// The payload of a commit record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Commit {
    pub(super) sequence: u64,
    /// Everything in the log before this was known durable when the group was written.
    pub(super) durable_before: Position,
    pub(super) bodies: Vec<BodyRef>,
    pub(super) changes: Vec<u8>,
}

impl Commit {
    /// The whole record for the given place, header and padding included; `None` when it's too large for one.
    pub(super) fn encode_record(&self, salt: u64, offset: u64) -> Option<Vec<u8>> {
        let length = payload_length(self.bodies.len(), self.changes.len())?;
        let payload = self.encode()?;
        let header = RecordHeader { kind: Kind::Commit, length, crc: crc32c::crc32c(&payload) };
        let mut record = header.encode(salt, offset);
        record.extend_from_slice(&payload);
        record.extend_from_slice(padding(length));
        Some(record)
    }

    /// The bytes that [`encode_record`](Self::encode_record) makes.
    pub(super) fn record_length(&self) -> Option<u64> {
        payload_length(self.bodies.len(), self.changes.len()).map(stored_length)
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.durable_before.segment.0.to_le_bytes());
        out.extend_from_slice(&self.durable_before.offset.to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.bodies.len()).ok()?.to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.changes.len()).ok()?.to_le_bytes());
        for body in &self.bodies {
            out.extend_from_slice(&body.position.segment.0.to_le_bytes());
            out.extend_from_slice(&body.position.offset.to_le_bytes());
            out.extend_from_slice(&body.id.0.to_le_bytes());
            out.extend_from_slice(&body.length.to_le_bytes());
            out.extend_from_slice(&body.crc.to_le_bytes());
        }
        out.extend_from_slice(&self.changes);
        Some(out)
    }

    /// The commit in a payload whose checksum has been verified, read at `at`; `None` when it contradicts itself.
    pub(super) fn decode(payload: &[u8], at: Position) -> Option<Self> {
        let mut fields = Fields::new(payload);
        let sequence = fields.u64()?;
        let durable_before = Position { segment: SegmentNumber(fields.u64()?), offset: fields.u64()? };
        let count = usize::try_from(fields.u32()?).ok()?;
        let changes = usize::try_from(fields.u32()?).ok()?;
        // the lengths are held against the payload before anything is allocated
        if u64::from(payload_length(count, changes)?) != payload.len() as u64 || durable_before > at {
            return None;
        }
        let bodies = (0..count).map(|_| entry(&mut fields, at)).collect::<Option<Vec<_>>>()?;
        Some(Self { sequence, durable_before, bodies, changes: fields.rest().to_vec() })
    }
}

fn entry(fields: &mut Fields<'_>, commit: Position) -> Option<BodyRef> {
    let position = Position { segment: SegmentNumber(fields.u64()?), offset: fields.u64()? };
    let id = BodyId(fields.u128()?);
    let (length, crc) = (fields.u32()?, fields.u32()?);
    (position < commit && position.offset.is_multiple_of(ALIGN)).then_some(BodyRef {
        position,
        id,
        length,
        crc,
    })
}

fn payload_length(bodies: usize, changes: usize) -> Option<u32> {
    let length = bodies.checked_mul(ENTRY)?.checked_add(FIXED)?.checked_add(changes)?;
    u32::try_from(length).ok().filter(|_| bodies <= MAX_BODIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Position = Position { segment: SegmentNumber(3), offset: 9000 };

    fn commit() -> Commit {
        let position = Position { segment: SegmentNumber(3), offset: 8192 };
        let body = BodyRef { position, id: BodyId(77), length: 30, crc: 99 };
        Commit { sequence: 12, durable_before: position, bodies: vec![body; 3], changes: b"changes".to_vec() }
    }

    #[test]
    fn a_commit_comes_back() {
        let payload = commit().encode().unwrap();
        assert_eq!(Commit::decode(&payload, AT), Some(commit()));
        assert_eq!(commit().encode_record(1, 9000).unwrap().len() as u64, commit().record_length().unwrap());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let payload = commit().encode().unwrap();
        for length in 0..payload.len() {
            assert_eq!(Commit::decode(&payload[..length], AT), None);
        }
        let mut hostile = payload.clone();
        hostile[24..28].fill(0xff);
        assert_eq!(Commit::decode(&hostile, AT), None);
        // a body, or known durability, behind the commit itself
        assert_eq!(Commit::decode(&payload, Position { offset: 8192, ..AT }), None);
        assert_eq!(Commit::decode(&payload, Position { segment: SegmentNumber(2), offset: 9000 }), None);
    }
}
