//! The structure of a message that streams by, and what is left when finding it goes wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mime::{Limits, Scanner, Structure};

/// What was found out about a message.
#[derive(Debug)]
pub enum Scanned {
    /// Its structure.
    Structure(Structure),
    /// Nothing: the scanner panicked, which is a mistake of ours. The message is no worse for it; its structure is
    /// computed when somebody wants to see it.
    Panicked,
}

/// The scanner of one message. A panic in it costs the structure, not the message.
pub(super) struct Scan {
    /// None after a panic: nobody looks at the state it left behind.
    scanner: Option<Scanner>,
}

impl Scan {
    pub(super) fn new() -> Self {
        Scan { scanner: Some(Scanner::new(Limits::default())) }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.scanner = self.scanner.take().and_then(|mut scanner| {
            catch_unwind(AssertUnwindSafe(move || {
                scanner.push(bytes);
                scanner
            }))
            .ok()
        });
    }

    pub(super) fn finish(self) -> Scanned {
        let found =
            self.scanner.and_then(|scanner| catch_unwind(AssertUnwindSafe(move || scanner.finish())).ok());
        found.map_or(Scanned::Panicked, Scanned::Structure)
    }
}
