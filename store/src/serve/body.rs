//! A body on its way in: what has come, and the share of memory it holds.

use ipc::mail::TransactionId;

use super::Store;
use super::budget::Share;

/// A message that is being uploaded.
pub(super) struct Upload {
    pub(super) transaction: TransactionId,
    pub(super) bytes: Vec<u8>,
    share: Share,
}

/// Why an upload cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// Larger than the store takes.
    TooLarge,
    /// The memory for uploads is used up.
    NoMemory,
}

impl Upload {
    pub(super) fn new(transaction: TransactionId) -> Self {
        Upload { transaction, bytes: Vec::new(), share: Share::default() }
    }

    pub(super) fn push(&mut self, store: &Store, chunk: &[u8]) -> Result<(), Stuck> {
        let length = self.bytes.len().saturating_add(chunk.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > store.max_message_size {
            return Err(Stuck::TooLarge);
        }
        if !store.uploads.grow(&mut self.share, chunk.len()) {
            return Err(Stuck::NoMemory);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Counts what comes with the body (its structure, its targets) as part of it. `false` when the memory is used up.
    pub(super) fn count(&mut self, store: &Store, bytes: usize) -> bool {
        store.uploads.grow(&mut self.share, bytes)
    }
}
