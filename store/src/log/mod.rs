//! The log: append-only segments of records, written in commit groups, one fdatasync a group. The log is the truth; every
//! index is a view of it that can be made again from it.
//!
//! One thread owns the [`Log`] and appends; any number of threads read bodies through a [`BodyReader`]. The layout, byte by
//! byte, is in `docs/store-format.md`.
//!
//! * [`Log::open`] hands every commit of the past to the caller, in order, with the final positions of its bodies;
//!   [`Log::open_from`] only those that an index does not have yet;
//! * [`Log::append`] makes one [`Group`] durable and says where its bodies lie;
//! * [`Log::append_body`] writes a large body ahead of the group that will name it;
//! * [`Compressor`] and [`PreparedBody`] do the expensive part of a body outside the thread that owns the log.

mod append;
mod body;
mod commit;
mod compress;
mod directory;
mod error;
mod fields;
mod file;
mod header;
mod position;
mod reader;
mod record;
mod recover;
mod replay;
mod resume;
mod rewrite;
mod segment;
mod survey;
mod tail;
mod walk;

pub use append::{Appended, Log};
pub use body::{BodyId, PreparedBody};
pub use commit::{Group, GroupBody, MAX_BODIES};
pub use compress::{Compressor, Decompressor};
pub use error::{AppendError, BodyError, OpenError, SegmentError};
pub use file::FileSegments;
pub use position::{BodyRef, Damage, Position, SegmentNumber};
pub use reader::BodyReader;
pub use replay::{Recovered, Replayed, ReplayedGroup};
pub use resume::Resume;
pub use segment::{Durability, Geometry, ReadSegments, Reserve, Segments};

#[cfg(test)]
pub(crate) mod tests;
