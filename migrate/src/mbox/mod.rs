//! mbox, in the variant `mboxrd` (RFC 4155, with every `>From ` of a body quoted once more), with the header fields that mail
//! programs keep flags and UIDs in.

mod from_line;
mod read;
mod status;
mod write;

pub use read::{Mbox, MboxLetter};
pub use write::MboxWriter;
