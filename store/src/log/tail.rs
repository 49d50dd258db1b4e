//! The end of the log as its writer knows it, and the salts that its readers need.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::position::{Position, SegmentNumber};
use super::resume::Resume;

/// Where the next record goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) segment: SegmentNumber,
    pub(super) salt: u64,
    /// The first free byte of the segment.
    pub(super) end: u64,
    /// Everything before this is durable.
    pub(super) durable: Position,
    /// The sequence number of the next group.
    pub(super) sequence: u64,
}

impl Head {
    /// Where an index goes on that has every group up to here.
    pub(super) fn resume(&self) -> Resume {
        let before = self.sequence.saturating_sub(1);
        Resume { from: self.durable, salt: self.salt, before, last: before }
    }

    pub(super) fn position(&self) -> Position {
        Position { segment: self.segment, offset: self.end }
    }
}

/// Whether the log can be written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tail {
    /// It can.
    Open(Head),
    /// A call failed and what is on disk is unknown: nothing more is written by this process.
    Failed,
}

/// The salt of every segment, shared with the readers.
#[derive(Clone, Debug, Default)]
pub(super) struct Salts(Arc<RwLock<BTreeMap<SegmentNumber, u64>>>);

impl Salts {
    pub(super) fn get(&self, segment: SegmentNumber) -> Option<u64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&segment).copied()
    }

    pub(super) fn insert(&self, segment: SegmentNumber, salt: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(segment, salt);
    }

    pub(super) fn remove(&self, segment: SegmentNumber) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&segment);
    }
}
