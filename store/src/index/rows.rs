//! The rows of the tables, as bytes: compact numbers as in the log, then CRC-32C over the row's key and those. A row that was
//! damaged, or is another's, is none.
//!
//! The tables can be made again from the log, so their format is this program's own: with [`FORMAT`] another, they are.

use ipc::mail::{ModSeq, Seconds, SystemFlags, TransactionId, Uid};
use ipc::service::mailbox::{MessageRow, SpecialUse};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::mailbox::{Held, Mailbox, Message};
use crate::log::{BodyId, BodyRef, Position, Resume, SegmentNumber};

/// The format of the tables.
pub const FORMAT: u32 = 1;

const SUM: usize = 4;

/// The one row about all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StateRow {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// Up to where the log is in the tables.
    pub(super) resume: Resume,
    /// The highest UIDVALIDITY there was.
    pub(super) last_uid_validity: u32,
    /// The highest entry of the queue there was.
    pub(super) last_queued: u64,
    /// Damage that was found and is not noted in the log yet: segment and byte.
    pub(super) damage: Vec<(u64, u64)>,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AccountRow {
    /// Removed, for good.
    Removed,
    /// It is there.
    There {
        /// The highest number a mailbox of it had.
        last_mailbox: u64,
    },
}

/// A mailbox without its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MailboxRow {
    name: String,
    special_use: Option<SpecialUse>,
    uid_validity: u32,
    uid_next: Uid,
    modseq: ModSeq,
    keywords: Vec<String>,
    count: u32,
    unseen: u32,
    recent: u32,
    recent_from: Uid,
}

/// A place in the log: segment, offset, length and checksum of the record's payload. The id of a body is the transaction it came
/// by.
type Place = (u64, u64, u32, u32);

#[derive(Serialize, Deserialize)]
struct MessageAtRest {
    modseq: ModSeq,
    flags: SystemFlags,
    keywords: u64,
    internal_date: Seconds,
    size: u32,
    id: TransactionId,
    opaque: bool,
    body: Place,
    structure: Option<Place>,
}

/// A row with its checksum; `None` when it cannot be expressed.
pub(super) fn seal<T: Serialize>(key: &[u8], row: &T) -> Option<Vec<u8>> {
    let mut bytes = ipc::codec::encode_record(row).ok()?;
    bytes.extend_from_slice(&sum(key, &bytes).to_le_bytes());
    Some(bytes)
}

/// The row in `bytes`, if that is what was written under `key`.
pub(super) fn unseal<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Option<T> {
    let (row, expected) = bytes.split_last_chunk::<SUM>()?;
    (sum(key, row) == u32::from_le_bytes(*expected)).then(|| ipc::codec::decode_record(row).ok())?
}

fn sum(key: &[u8], row: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), row)
}

/// The key of a mailbox or a message, as it goes into its checksum.
pub(super) fn key_bytes(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

impl MailboxRow {
    pub(super) fn of(mailbox: &Mailbox) -> Self {
        MailboxRow {
            name: mailbox.name.clone(),
            special_use: mailbox.special_use,
            uid_validity: mailbox.uid_validity,
            uid_next: mailbox.uid_next,
            modseq: mailbox.modseq,
            keywords: mailbox.keywords.clone(),
            count: mailbox.count,
            unseen: mailbox.unseen,
            recent: mailbox.recent,
            recent_from: mailbox.recent_from,
        }
    }

    /// The mailbox; its messages stay on the disk.
    pub(super) fn mailbox(self) -> Mailbox {
        let mut mailbox = Mailbox::new(self.name, self.special_use, self.uid_validity);
        (mailbox.uid_next, mailbox.modseq) = (self.uid_next, self.modseq);
        (mailbox.keywords, mailbox.count) = (self.keywords, self.count);
        (mailbox.unseen, mailbox.recent, mailbox.recent_from) = (self.unseen, self.recent, self.recent_from);
        mailbox.held = if self.count == 0 { Held::All } else { Held::Added(0) };
        mailbox
    }
}

/// The row of a message; `None` when its body is not named by its transaction, which no message's is.
pub(super) fn seal_message(key: [u64; 3], message: &Message) -> Option<Vec<u8>> {
    let MessageRow { uid: _, modseq, flags, keywords, internal_date, size, id, opaque } = message.row;
    let named = message.body.id.0 == id.0 && message.structure.is_none_or(|body| body.id.0 == id.0);
    let (body, structure) = (place(&message.body), message.structure.as_ref().map(place));
    let row = MessageAtRest { modseq, flags, keywords, internal_date, size, id, opaque, body, structure };
    if named { seal(&key_bytes(&key), &row) } else { None }
}

/// The message in a row.
#[must_use]
pub fn unseal_message(key: [u64; 3], bytes: &[u8]) -> Option<Message> {
    let row: MessageAtRest = unseal(&key_bytes(&key), bytes)?;
    let MessageAtRest { modseq, flags, keywords, internal_date, size, id, opaque, body, structure } = row;
    let [_, _, uid] = key;
    let uid = Uid::try_from(uid).ok()?;
    let body_at = |place| body_ref(place, BodyId(id.0));
    let row = MessageRow { uid, modseq, flags, keywords, internal_date, size, id, opaque };
    Some(Message { row, body: body_at(body), structure: structure.map(body_at) })
}

fn place(body: &BodyRef) -> Place {
    (body.position.segment.0, body.position.offset, body.length, body.crc)
}

fn body_ref((segment, offset, length, crc): Place, id: BodyId) -> BodyRef {
    BodyRef { position: Position { segment: SegmentNumber(segment), offset }, id, length, crc }
}
