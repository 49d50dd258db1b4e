//! A message on its way from the client to the store.

use std::collections::BTreeSet;

use listener::session::Input;
use mime::{Limits, Scanner};

use super::ask::{Commit, Failure, Target, TransactionId};
use super::data::{Fault, Unstuffer};
use super::hops::Hops;
use super::limits::{MAX_CHUNK, MIN_DISCARDED};
use super::reply::Reply;

/// A chunk of this many bytes is full: on top of what goes into the unstuffer, a CR that it held back may come out.
const FULL: usize = MAX_CHUNK - 1;

/// A message that is wanted.
pub(super) struct Incoming {
    id: TransactionId,
    targets: BTreeSet<Target>,
    unstuffer: Unstuffer,
    hops: Hops,
    scanner: Scanner,
    /// Bytes of the message that are not at the store yet.
    pending: Vec<u8>,
    /// Bytes of the message in all, with the fields that we put in front.
    size: u64,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("id", &self.id).field("size", &self.size).finish_non_exhaustive()
    }
}

/// What a message wants next.
pub(super) enum Progress {
    /// More of the client's bytes.
    Read,
    /// The store is to take these.
    Chunk(Vec<u8>),
    /// It is all at the store.
    Complete,
    /// It is not wanted any more.
    Spoilt(Spoilt),
}

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoilt {
    Form(Fault),
    Loop,
    Store(Failure),
}

impl Incoming {
    /// A message that starts with the `trace` fields, of at most `limit` octets without them.
    pub(super) fn new(id: TransactionId, targets: BTreeSet<Target>, trace: &[u8], limit: u64) -> Self {
        let (unstuffer, scanner) = (Unstuffer::new(limit), Scanner::new(Limits::default()));
        let mut incoming = Incoming {
            id,
            targets,
            unstuffer,
            hops: Hops::default(),
            scanner,
            pending: trace.to_vec(),
            size: 0,
        };
        incoming.scan(0);
        incoming
    }

    /// Goes on with what the client has sent.
    pub(super) fn proceed(&mut self, input: &mut Input) -> Progress {
        loop {
            if self.pending.len() >= FULL || (self.unstuffer.ended() && !self.pending.is_empty()) {
                return Progress::Chunk(std::mem::take(&mut self.pending));
            }
            if self.unstuffer.ended() {
                return Progress::Complete;
            }
            if input.bytes().is_empty() {
                return Progress::Read;
            }
            self.receive(input);
            if let Some(spoilt) = self.spoilt() {
                return Progress::Spoilt(spoilt);
            }
        }
    }

    fn receive(&mut self, input: &mut Input) {
        let scanned = self.pending.len();
        let room = FULL.saturating_sub(scanned);
        let bytes = input.bytes();
        let read = self.unstuffer.push(bytes.get(..room).unwrap_or(bytes), &mut self.pending);
        input.consume(read);
        self.hops.push(self.pending.get(scanned..).unwrap_or_default());
        self.scan(scanned);
    }

    fn scan(&mut self, from: usize) {
        let new = self.pending.get(from..).unwrap_or_default();
        self.scanner.push(new);
        self.size = self.size.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
    }

    /// Hops first: they were counted in bytes that stood before any fault of form, so that the answer is the same
    /// however the bytes came.
    fn spoilt(&self) -> Option<Spoilt> {
        if self.hops.too_many() {
            return Some(Spoilt::Loop);
        }
        self.unstuffer.fault().map(Spoilt::Form)
    }

    /// What the message is called.
    pub(super) fn id(&self) -> TransactionId {
        self.id
    }

    /// The end of a complete message.
    pub(super) fn into_commit(self) -> Commit {
        Commit { targets: self.targets, structure: self.scanner.finish(), size: self.size }
    }

    /// Keeps of a message only what is needed to find its end.
    pub(super) fn discard(self, why: Spoilt, limit: u64) -> Discarded {
        Discarded { unstuffer: self.unstuffer, why, bound: limit.saturating_mul(2).max(MIN_DISCARDED) }
    }
}

/// A message that is not wanted any more, and whose end is still to come.
#[derive(Debug)]
pub(super) struct Discarded {
    unstuffer: Unstuffer,
    why: Spoilt,
    /// Octets in all at which the client is given up.
    bound: u64,
}

/// How far the discarding is.
pub(super) enum Rest {
    /// The end is still to come.
    Read,
    /// That was the end.
    Ended,
    /// There was too much of it.
    Endless,
}

impl Discarded {
    /// Throws away what the client has sent.
    pub(super) fn proceed(&mut self, input: &mut Input) -> Rest {
        // after a fault nothing comes out, after a failure of the store it is of no use
        let mut nowhere = Vec::new();
        while !self.unstuffer.ended() && !self.endless() && !input.bytes().is_empty() {
            let bytes = input.bytes();
            let read = self.unstuffer.push(bytes.get(..MAX_CHUNK).unwrap_or(bytes), &mut nowhere);
            nowhere.clear();
            input.consume(read);
        }
        // in this order, the answer is the same however the bytes came
        if self.endless() {
            Rest::Endless
        } else if self.unstuffer.ended() {
            Rest::Ended
        } else {
            Rest::Read
        }
    }

    fn endless(&self) -> bool {
        self.unstuffer.size() > self.bound
    }

    /// May another server have seen another end of this message than we do?
    pub(super) fn is_ambiguous(&self) -> bool {
        self.unstuffer.fault() == Some(Fault::BareLineEnd)
    }

    /// What the client is told at the end.
    pub(super) fn reply(&self) -> Reply {
        match self.why {
            Spoilt::Form(Fault::BareLineEnd) => {
                Reply::new(550, (5, 6, 11), "Bare CR or LF in the message, good bye")
            }
            Spoilt::Form(Fault::Nul) => Reply::new(550, (5, 6, 0), "NUL in the message"),
            Spoilt::Form(Fault::TooLarge) => Reply::new(552, (5, 3, 4), "Message too large"),
            Spoilt::Loop => Reply::new(554, (5, 4, 6), "Too many hops, mail is looping"),
            Spoilt::Store(failure) => failed(failure),
        }
    }
}

/// What the client is told when the store could not.
pub(super) fn failed(failure: Failure) -> Reply {
    match failure {
        Failure::Temporary => Reply::new(451, (4, 3, 0), "Local trouble, try again later"),
        Failure::Full => Reply::new(452, (4, 3, 1), "Out of space, try again later"),
    }
}
