//! What the log asks of the place it lives in. Files today; an object store could stand behind the same calls.

use std::io::IoSlice;

use super::error::{OpenError, SegmentError};
use super::header::SEGMENT_HEADER;
use super::position::{Position, SegmentNumber};

/// Reading; shared by any number of threads.
pub trait ReadSegments: Send + Sync {
    /// Fills `buffer` from `at` on and says how many bytes there were: fewer only at the end of the segment.
    ///
    /// # Errors
    /// [`SegmentError::Unknown`], [`SegmentError::Read`].
    fn read(&self, at: Position, buffer: &mut [u8]) -> Result<usize, SegmentError>;

    /// The same, when it can be done without waiting for a disk; `None` when it cannot, or nobody knows.
    fn read_cached(&self, _at: Position, _buffer: &mut [u8]) -> Option<usize> {
        None
    }

    /// The bytes that can be read of a segment, counted from its start.
    ///
    /// # Errors
    /// [`SegmentError::Unknown`], [`SegmentError::Read`].
    fn length(&self, segment: SegmentNumber) -> Result<u64, SegmentError>;
}

/// Writing; one owner.
pub trait Segments: Send {
    /// What reads the segments of this place.
    type Reader: ReadSegments + Clone;

    /// A reader that sees every segment, those created later too.
    fn reader(&self) -> Self::Reader;

    /// The segments that are there, in rising order.
    fn list(&self) -> Vec<SegmentNumber>;

    /// Creates a segment that holds `content`, with at least `space` bytes set aside from its start. It's all there and
    /// durable, with its name, when this returns; until then it isn't there at all.
    ///
    /// # Errors
    /// [`SegmentError::NoSpace`], with nothing left behind; every other error is fatal.
    fn create(
        &mut self,
        segment: SegmentNumber,
        space: u64,
        content: &mut dyn Iterator<Item = Result<Vec<u8>, SegmentError>>,
    ) -> Result<(), SegmentError>;

    /// Sets space aside up to `end`, so that writing below it can't run out of space.
    ///
    /// # Errors
    /// [`SegmentError::NoSpace`], with nothing changed; every other error is fatal.
    fn reserve(&mut self, end: Position) -> Result<(), SegmentError>;

    /// Writes `parts` one behind the other at `at`, in one call.
    ///
    /// # Errors
    /// Every error is fatal, a short write too.
    fn append(
        &mut self,
        at: Position,
        parts: &[IoSlice<'_>],
        durability: Durability,
    ) -> Result<(), SegmentError>;

    /// Makes durable what was appended to a segment.
    ///
    /// # Errors
    /// Every error is fatal.
    fn sync(&mut self, segment: SegmentNumber) -> Result<(), SegmentError>;

    /// Gives back what lies behind `end`: space set aside, or bytes that are no part of the log.
    ///
    /// # Errors
    /// [`SegmentError::Directory`]; nothing is lost by it.
    fn trim(&mut self, end: Position) -> Result<(), SegmentError>;

    /// Removes a segment. Who reads in it at this moment may read on.
    ///
    /// # Errors
    /// [`SegmentError::Unknown`], [`SegmentError::Directory`].
    fn remove(&mut self, segment: SegmentNumber) -> Result<(), SegmentError>;
}

/// Whether an append is synced before it returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Synced: it survives a power cut.
    Durable,
    /// Written only; the next sync of the segment covers it.
    Buffered,
}

/// Whether an append may use the space that is kept free so that deletions always work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reserve {
    /// Leave the reserve alone: everything that adds mail.
    Keep,
    /// Take it: deletions, and what ends sessions and leases.
    MayUse,
}

/// The sizes of a log's segments, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// The most a segment holds.
    pub segment: u64,
    /// How much is set aside at a time.
    pub step: u64,
    /// What is kept free in the current segment for [`Reserve::MayUse`].
    pub reserve: u64,
}

impl Default for Geometry {
    fn default() -> Self {
        Self { segment: 256 << 20, step: 16 << 20, reserve: 4 << 20 }
    }
}

impl Geometry {
    /// These sizes, if a log can be made with them.
    ///
    /// # Errors
    /// [`OpenError::Geometry`] for sizes that leave no room, or segments of more than 1 GiB.
    pub fn checked(self) -> Result<Self, OpenError> {
        let fits = self.step > 0 && self.segment <= 1 << 30 && self.room() > 0;
        if fits { Ok(self) } else { Err(OpenError::Geometry) }
    }

    /// The largest group that fits a fresh segment and leaves the reserve alone.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.segment.saturating_sub(SEGMENT_HEADER).saturating_sub(self.reserve)
    }
}
