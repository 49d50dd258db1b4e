//! The grammar of commands: bytes of the client to typed commands.
//!
//! [`CommandReader`] cuts commands out of what arrived and asks for literals; [`command()`] parses one whole command.
//! Whatever comes out is bounded in size, count and nesting, decoded, and names nothing that the grammar forbids.

mod append;
mod atoms;
mod auth;
mod command;
mod cursor;
mod date;
mod extensions;
mod fetch;
mod flag;
mod limits;
mod list;
mod literal;
mod mailbox;
mod outcome;
mod reader;
mod search;
mod section;
mod sequence;
mod special_use;
mod store;
mod syntax;
mod tag;

pub use append::Append;
pub use auth::{Plain, SaslReply, Secret};
pub use command::{By, Command, Refused, Tagged, command};
pub use extensions::ClientId;
pub use fetch::{FetchItem, Partial, Seen};
pub use flag::{Flag, Keyword};
pub use limits::Limits;
pub use list::ListPattern;
pub use literal::LiteralKind;
pub use mailbox::{MailboxName, StatusItem};
pub use outcome::{Outcome, Recovery};
pub use reader::CommandReader;
pub use search::{Charset, Search, SearchKey};
pub use section::{FieldName, Section, SectionText};
pub use sequence::{Numbers, SequenceSet};
pub use special_use::WantedUse;
pub use store::{Change, Echo, Original};
pub use syntax::Syntax;

pub use mime::utf7;
pub use tag::Tag;

#[cfg(test)]
mod tests;
