//! Maildir and Maildir++, and what Dovecot and Courier keep beside the messages.
//!
//! Read: folders (`.Sent.2024`, or plain nested directories), flags and keywords (`dovecot-keywords`), UIDs and
//! UIDVALIDITY (`dovecot-uidlist`), subscriptions. Written: Maildir++ with all of these.

mod file_name;
mod keywords;
mod layout;
mod read;
mod subscriptions;
mod uidlist;
mod write;

pub use layout::MaildirFolder;
pub use read::{Maildir, MaildirLetter};
pub use write::{MaildirWriter, Written};
