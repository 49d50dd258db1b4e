//! Folders and the messages in them, whatever they are kept in.

use ipc::mail::{Seconds, SystemFlags, Uid};

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its whole name, levels between `/`; `INBOX` is the inbox.
    pub name: String,
    /// Its UIDVALIDITY, if it is known.
    pub uid_validity: Option<u32>,
    /// The UID its next message would have got, if it is known.
    pub uid_next: Option<Uid>,
    /// Is it subscribed? Unknown where nothing says.
    pub subscribed: Option<bool>,
}

/// What is known of a message besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What tells it from every other in its folder, and is the same when it is read again, whatever its flags are then.
    pub identity: Vec<u8>,
    /// Its UID, if it is known.
    pub uid: Option<Uid>,
    /// Its system flags.
    pub flags: SystemFlags,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// When it arrived.
    pub internal_date: Seconds,
}
