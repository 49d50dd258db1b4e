//! The id that a message of another program gets: the same each time, so that importing it again does not double it.

use ipc::mail::TransactionId;
use ring::digest::{Context, SHA256, digest};

/// The id of a message of that identity, in that folder, for that account.
pub(super) fn transaction(account: &str, folder: &str, identity: &[u8]) -> TransactionId {
    let mut hash = Context::new(&SHA256);
    for part in [b"bulkhead import 1".as_slice(), account.as_bytes(), folder.as_bytes(), identity] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    TransactionId(hash.finish().as_ref().iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte)))
}

/// What tells bytes from others.
pub(super) fn of_bytes(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_counts() {
        let id = transaction("a@b", "INBOX", b"1.x");
        assert_eq!(id, transaction("a@b", "INBOX", b"1.x"));
        for other in [
            transaction("a@c", "INBOX", b"1.x"),
            transaction("a@b", "INBOX1", b".x"),
            transaction("a@b", "INBOX", b"2.x"),
        ] {
            assert_ne!(id, other);
        }
    }
}
