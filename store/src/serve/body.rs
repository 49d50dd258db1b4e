//! A body on its way in: what has come, and the share of memory it holds.

use std::rc::Rc;

use ipc::mail::TransactionId;

use super::Store;
use super::budget::{Budget, Share};

/// A message that is being uploaded.
pub(super) struct Upload {
    pub(super) transaction: TransactionId,
    pub(super) bytes: Vec<u8>,
    share: Share,
    /// Of those it came by: a channel, or all users' sessions.
    own: Rc<Budget>,
    own_share: Share,
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
    pub(super) fn new(transaction: TransactionId, own: Rc<Budget>) -> Self {
        let (share, own_share) = (Share::default(), Share::default());
        Upload { transaction, bytes: Vec::new(), share, own, own_share }
    }

    pub(super) fn push(&mut self, store: &Store, chunk: &[u8]) -> Result<(), Stuck> {
        let length = self.bytes.len().saturating_add(chunk.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > store.max_message_size.get() {
            return Err(Stuck::TooLarge);
        }
        if !self.count(store, chunk.len()) {
            return Err(Stuck::NoMemory);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Counts bytes that are part of it, or come with it (its structure, its targets). `false` when the memory is used up:
    /// then it has to be given up.
    pub(super) fn count(&mut self, store: &Store, bytes: usize) -> bool {
        self.own.grow(&mut self.own_share, bytes) && store.uploads.grow(&mut self.share, bytes)
    }
}
