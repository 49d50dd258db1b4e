//! The mail that waits to be sent on.

use std::collections::BTreeMap;
use std::ops::Bound;

use ipc::mail::QueueId;

use super::JUMP;
use crate::change::Queued;
use crate::log::BodyRef;

/// Entries the queue takes; more mail for elsewhere is refused until some are gone.
pub const ENTRIES_MAX: usize = 1 << 20;

/// An entry of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the log says of it.
    pub queued: Queued,
    /// Its message.
    pub body: BodyRef,
}

/// All entries.
#[derive(Debug, Default)]
pub struct Queue {
    entries: BTreeMap<QueueId, Entry>,
    /// The highest id there ever was.
    last: u64,
}

impl Queue {
    /// The highest id there ever was; 0 is none.
    #[must_use]
    pub fn last(&self) -> QueueId {
        QueueId(self.last)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Does none wait?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries by age, the oldest first, from behind `after`.
    pub fn page(&self, after: Option<QueueId>) -> impl Iterator<Item = &Entry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((from, Bound::Unbounded)).map(|(_, entry)| entry)
    }

    /// The entry.
    #[must_use]
    pub fn entry(&self, id: QueueId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The message lies elsewhere now.
    pub(super) fn relocate(&mut self, id: QueueId, body: BodyRef) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.body = body;
        }
    }

    /// Ids go on behind this one.
    pub(super) fn restore_last(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    pub(super) fn add(&mut self, queued: Queued, body: BodyRef) {
        self.last = self.last.max(queued.id.0);
        self.entries.insert(queued.id, Entry { queued, body });
    }

    /// Groups were lost, and with them the ids they gave out.
    pub(super) fn jump(&mut self) {
        self.last = self.last.saturating_add(JUMP.into());
    }
}

#[cfg(test)]
mod tests {
    use ipc::mail::{AccountId, TransactionId};

    use super::*;
    use crate::log::{BodyId, Position, SegmentNumber};

    fn with(ids: &[u64]) -> Queue {
        let mut queue = Queue::default();
        for id in ids {
            let queued = Queued {
                id: QueueId(*id),
                transaction: TransactionId(9),
                account: AccountId(1),
                reverse_path: None,
                recipients: Vec::new(),
                ret: None,
                envid: None,
                at: 0,
                size: 0,
                body: 0,
            };
            let position = Position { segment: SegmentNumber(1), offset: 0 };
            queue.add(queued, BodyRef { position, id: BodyId(9), length: 1, crc: 1 });
        }
        queue
    }

    #[test]
    fn pages_go_on_where_they_ended() {
        let queue = with(&[3, 1, 7]);
        let ids = |after| queue.page(after).map(|entry| entry.queued.id.0).collect::<Vec<_>>();
        assert_eq!(ids(None), [1, 3, 7]);
        assert_eq!(ids(Some(QueueId(1))), [3, 7]);
        assert_eq!(ids(Some(QueueId(6))), [7]);
        assert_eq!(ids(Some(QueueId(u64::MAX))), [0; 0]);
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut queue = with(&[3, 1]);
        assert_eq!(queue.last(), QueueId(3));
        queue.jump();
        assert_eq!(queue.last(), QueueId(3 + u64::from(JUMP)));
    }
}
