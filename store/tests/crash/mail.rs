//! Messages that can be made again from their number.

use ipc::mail::MailboxId;

/// Who gets them.
pub(crate) const ACCOUNT: u64 = 1;
/// Where they come, and where they are moved to.
pub(crate) const MAILBOXES: [MailboxId; 2] = [MailboxId(1), MailboxId(2)];

/// Up to 8 KB, half of it noise.
pub(crate) fn raw(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let length = usize::try_from(next() % 4096).unwrap_or_default();
    let mut bytes = format!("Message-ID: <{number}@crash.test>\r\n\r\n").into_bytes();
    bytes.extend((0..length).flat_map(|_| [b'm', (next() >> 32) as u8]));
    bytes
}

/// Something beside it, for two of three.
pub(crate) fn structure(number: u64) -> Vec<u8> {
    if number.is_multiple_of(3) { Vec::new() } else { number.to_le_bytes().repeat(40) }
}
