//! The grammar of responses: every function appends whole, grammatical octets to a buffer, whatever the values hold.
//!
//! Values come from other compartments, which computed them from mail: every string is quoted, counted as a literal or
//! re-encoded here, and nothing is copied into a line as it is.

mod code;
mod envelope;
mod fetch;
mod mailbox;
mod section;
mod server;
mod status;
mod string;
mod structure;

pub use code::Code;
pub use envelope::envelope;
pub use fetch::{Description, FetchLine, RecentFlag, Rfc822, described};
pub use mailbox::{
    Attribute, PermanentFlags, Verb, exists, expunge, flags, list, list_root, recent, search, status,
};
pub use section::section;
pub use server::{capability, enabled, id, namespace};
pub use status::{Condition, bye, continuation, tagged, untagged};
pub use string::{nstring, string};
pub use structure::{Detail, structure};
