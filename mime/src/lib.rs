//! What a mail message is made of: its MIME structure, its header fields and their text, its dates.
//!
//! [`Scanner`] reads a message once, as it streams by, and makes a [`Structure`] of it: bounded in size whatever the
//! message is, and enough to answer IMAP's ENVELOPE, BODYSTRUCTURE and section fetches later. A stored structure comes
//! from a process that read hostile input, so whoever reads it next calls [`Structure::check`] first.
//!
//! [`TextDecoder`] reads the text of a part that was found so. Nothing here does I/O, nothing fails on a malformed message.

pub mod date;
pub mod header;
pub mod utf7;
pub mod words;

mod body;
mod limits;
#[cfg(feature = "planted-panic")]
mod planted;
mod scan;
mod structure;
mod value;

pub use body::TextDecoder;
pub use limits::{
    Limits, MAX_ADDRESSES, MAX_BOUNDARY, MAX_DEPTH, MAX_ENVELOPE_HEADER, MAX_LANGUAGES, MAX_MIME_HEADER,
    MAX_PARAMS, MAX_PARTS, MAX_TEXT, MAX_WEIGHT,
};
pub use scan::Scanner;
pub use structure::{Address, Bad, Disposition, Envelope, Kind, Param, Part, Section, Span, Structure, Text};
