//! Segments that fail when they are told to.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// How a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing happens, with an error of the device.
    Refused,
    /// Half of what was to be written is.
    Short,
    /// All is written, and the sync fails with the pages kept.
    SyncKept,
    /// All is written, and the sync fails with the pages gone.
    SyncLost,
    /// The disk is full.
    NoSpace,
}

/// Fails the call of the given number, counted from 0, and no other.
pub(crate) struct Faulty<S> {
    inner: S,
    fault: Fault,
    at: usize,
    calls: Arc<AtomicUsize>,
}

/// Reads fail with it.
#[derive(Clone)]
pub(crate) struct FaultyReader<R> {
    inner: R,
    fault: Fault,
    at: usize,
    calls: Arc<AtomicUsize>,
}

impl<S> Faulty<S> {
    pub(crate) fn new(inner: S, fault: Fault, at: usize) -> Self {
        Self { inner, fault, at, calls: Arc::default() }
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.calls)
    }

    fn due(&self) -> Option<Fault> {
        (self.calls.fetch_add(1, Ordering::Relaxed) == self.at).then_some(self.fault)
    }

    fn may_run_out(&self, segment: SegmentNumber) -> Result<(), SegmentError> {
        match self.due() {
            None => Ok(()),
            Some(Fault::NoSpace) => Err(SegmentError::NoSpace),
            Some(_) => Err(write_error(segment)),
        }
    }

    fn may_fail(&self, call: &'static str) -> Result<(), SegmentError> {
        match self.due() {
            None => Ok(()),
            Some(_) => Err(SegmentError::Directory { call, source: eio() }),
        }
    }
}

impl<S: Segments> Segments for Faulty<S> {
    type Reader = FaultyReader<S::Reader>;

    fn reader(&self) -> Self::Reader {
        FaultyReader {
            inner: self.inner.reader(),
            fault: self.fault,
            at: self.at,
            calls: Arc::clone(&self.calls),
        }
    }

    fn list(&self) -> Vec<SegmentNumber> {
        self.inner.list()
    }

    fn create(
        &mut self,
        segment: SegmentNumber,
        space: u64,
        content: &mut dyn Iterator<Item = Result<Vec<u8>, SegmentError>>,
    ) -> Result<(), SegmentError> {
        self.may_run_out(segment)?;
        self.inner.create(segment, space, content)
    }

    fn reserve(&mut self, end: Position) -> Result<(), SegmentError> {
        self.may_run_out(end.segment)?;
        self.inner.reserve(end)
    }

    fn append(
        &mut self,
        at: Position,
        parts: &[IoSlice<'_>],
        durability: Durability,
    ) -> Result<(), SegmentError> {
        let Some(fault) = self.due() else { return self.inner.append(at, parts, durability) };
        let whole: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let sync_error = SegmentError::Sync { segment: at.segment, source: eio() };
        match fault {
            Fault::Refused | Fault::NoSpace => Err(write_error(at.segment)),
            Fault::SyncLost => Err(sync_error),
            Fault::SyncKept => {
                self.inner.append(at, &[IoSlice::new(&whole)], Durability::Buffered)?;
                Err(sync_error)
            }
            Fault::Short => {
                let half = &whole[..whole.len() / 2];
                self.inner.append(at, &[IoSlice::new(half)], Durability::Buffered)?;
                let (written, wanted) = (half.len() as u64, whole.len() as u64);
                Err(SegmentError::ShortWrite { segment: at.segment, written, wanted })
            }
        }
    }

    fn sync(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        match self.due() {
            None => self.inner.sync(segment),
            Some(_) => Err(SegmentError::Sync { segment, source: eio() }),
        }
    }

    fn trim(&mut self, end: Position) -> Result<(), SegmentError> {
        self.may_fail("trim")?;
        self.inner.trim(end)
    }

    fn remove(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        self.may_fail("remove")?;
        self.inner.remove(segment)
    }
}

impl<R: ReadSegments> ReadSegments for FaultyReader<R> {
    fn read(&self, at: Position, buffer: &mut [u8]) -> Result<usize, SegmentError> {
        let due = self.calls.fetch_add(1, Ordering::Relaxed) == self.at;
        if due && self.fault == Fault::Refused {
            return Err(SegmentError::Read { segment: at.segment, source: eio() });
        }
        self.inner.read(at, buffer)
    }

    fn length(&self, segment: SegmentNumber) -> Result<u64, SegmentError> {
        self.inner.length(segment)
    }
}

fn write_error(segment: SegmentNumber) -> SegmentError {
    SegmentError::Write { segment, source: eio() }
}

fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}
