//! What goes wrong with other programs' mail.

use std::io;
use std::path::PathBuf;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What it was about.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no plain file, or no directory: a link, a pipe, a device.
    #[error("{}: neither a plain file nor a directory, or behind a link; it is not followed", path.display())]
    NotPlain {
        /// What.
        path: PathBuf,
    },
    /// A file is larger than is read.
    #[error("{}: larger than {cap} bytes", path.display())]
    TooLarge {
        /// What.
        path: PathBuf,
        /// The most that is read.
        cap: u64,
    },
    /// It is no Maildir.
    #[error("{}: no Maildir (there is no directory `cur` in it)", path.display())]
    NoMaildir {
        /// What.
        path: PathBuf,
    },
    /// It is no mbox.
    #[error("{}: no mbox (it does not begin with a line `From …`)", path.display())]
    NoMbox {
        /// What.
        path: PathBuf,
    },
}
