//! Work on the bytes of a message: done by parsers that may have a mistake left in them, on input that may be made for it,
//! and sometimes much.
//!
//! A session does not do it by itself. It hands it to its driver as [`super::Ask::Work`], who may have it done elsewhere; a
//! panic is an answer ([`super::Answer::Panicked`]), and the session that gets it has the message distrusted.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mime::{Scanner, Structure};

use super::ask::Answer;
use super::search::BodySearch;

/// A piece of work.
pub struct Work {
    octets: usize,
    run: Box<dyn FnOnce() -> Product + Send>,
}

/// What comes of it.
#[derive(Debug)]
pub enum Product {
    /// A scanner that has seen some of a message.
    Scanner(Box<Scanner>),
    /// The structure of a message that was scanned to its end.
    Structure(Box<Structure>),
    /// Fields that were picked from a header.
    Fields(Vec<u8>),
    /// The search of a message, so much further.
    Searched(Box<BodySearch>),
}

/// It panicked; nobody looks at what it left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

impl Work {
    /// Work that goes through so many octets, counted each time it does.
    pub(crate) fn new(octets: usize, run: impl FnOnce() -> Product + Send + 'static) -> Self {
        Work { octets, run: Box::new(run) }
    }

    /// How much it is: about so many octets are gone through.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Does it, on the thread that calls.
    #[must_use]
    pub fn run(self) -> Answer {
        caught(self.run).map_or(Answer::Panicked, Answer::Product)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("octets", &self.octets).finish_non_exhaustive()
    }
}

/// Does a little work at once.
///
/// # Errors
/// When it panics.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        let work = Work::new(7, || panic!("as asked"));
        assert_eq!(work.octets(), 7);
        assert!(matches!(work.run(), Answer::Panicked));
        let work = Work::new(0, || Product::Fields(b"A: 1\r\n".to_vec()));
        assert!(matches!(work.run(), Answer::Product(Product::Fields(fields)) if fields == b"A: 1\r\n"));
        assert_eq!(caught(|| 7), Ok(7));
    }
}
