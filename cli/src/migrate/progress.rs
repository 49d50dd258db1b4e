//! How far it is, for a person who watches, and what it came to.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::printable;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Folders gone through.
    pub(super) folders: u64,
    /// Messages that were not there.
    pub(super) new: u64,
    /// Messages that were there.
    pub(super) there: u64,
    /// Messages that could not keep their UID.
    pub(super) other_uid: u64,
    /// Messages that were passed over; each was named.
    pub(super) skipped: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mailboxes: {} messages, {} were there already", self.folders, self.new, self.there)?;
        if self.other_uid > 0 {
            write!(f, "; {} could not keep their UID", self.other_uid)?;
        }
        if self.skipped > 0 {
            write!(f, "; {} were passed over", self.skipped)?;
        }
        Ok(())
    }
}

/// A line on the terminal that says how far a folder is.
#[derive(Debug)]
pub(super) struct Progress {
    shows: bool,
    shown: Option<Instant>,
}

impl Progress {
    /// Shows nothing unless standard error is a terminal.
    pub(super) fn new() -> Self {
        Progress { shows: io::stderr().is_terminal(), shown: None }
    }

    /// A folder is that far.
    pub(super) fn at(&mut self, folder: &str, done: u64, of: Option<u64>) {
        const PAUSE: Duration = Duration::from_millis(100);
        if !self.shows || self.shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        let of = of.map_or_else(String::new, |of| format!(" of {of}"));
        let _ = write!(io::stderr(), "\r\x1b[K{}: {done}{of}", printable(folder));
    }

    /// Says something that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "bulkhead: {}", printable(text));
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shows && self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
