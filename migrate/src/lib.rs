//! Mail as other programs keep it: Maildir and Maildir++ (with what Dovecot writes beside it) and mbox, read and written; and
//! on other servers, read by IMAP.
//!
//! What is read in files belongs to users, and whoever reads it here may be root: no link is followed, nothing but plain files and
//! directories is opened, and nothing above the directory that was named is ever reached.

mod error;
mod folder;
pub mod imap;
mod line_ends;
pub mod maildir;
pub mod mbox;
mod tree;

pub use error::MigrateError;
pub use folder::{Folder, Letter};
pub use line_ends::{ToCrlf, to_lf};
pub use tree::{Entry, Tree};

/// The most bytes of a message that is read; larger ones are passed over, and named.
pub const LETTER_MAX: u64 = 1 << 30;
/// The most bytes of a file that lists something: UIDs, keywords, subscriptions.
pub const LIST_MAX: u64 = 256 << 20;
