//! A message on its way from the client to the store.

use std::collections::BTreeSet;

use ipc::service::submit::SubmitEnd;
use listener::session::Input;

use super::ask::{Commit, Failure, Target, TransactionId};
use super::completion::{self, Completion};
use super::counted::Counted;
use super::data::{Fault, Unstuffer};
use super::discarded::Discarded;
use super::hops::Hops;
use super::limits::MAX_CHUNK;
use super::scan::Scan;
use super::source::Source;

/// A chunk of this many bytes is full: on top of what goes in, a CR that was held back and missing fields may come out.
const FULL: usize = MAX_CHUNK - 1 - completion::MORE;

/// A message that is wanted.
pub(super) struct Incoming {
    id: TransactionId,
    envelope: Envelope,
    source: Source,
    completion: Option<Completion>,
    hops: Hops,
    scan: Scan,
    /// Bytes of the message that are not at the store yet.
    pending: Vec<u8>,
    /// Bytes of the message in all, with the fields that we put in front.
    size: u64,
}

/// Where a message goes, and by whom it is sent.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Local recipients.
    pub(super) targets: BTreeSet<Target>,
    /// The sender, and recipients elsewhere.
    pub(super) end: SubmitEnd,
    /// How many replies its end has: for LMTP, one for each recipient.
    pub(super) replies: usize,
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
    /// The next BDAT.
    Pause,
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

/// By which command a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intake {
    /// DATA.
    Data,
    /// BDAT, with its first chunk.
    Chunk {
        /// Octets.
        size: u64,
        /// Is it all of the message?
        last: bool,
    },
}

impl Intake {
    fn source(self, limit: u64) -> Source {
        match self {
            Intake::Data => Source::Dotted(Unstuffer::new(limit)),
            Intake::Chunk { size, last } => {
                let mut counted = Counted::new(limit);
                counted.begin(size, last);
                Source::Counted(counted)
            }
        }
    }

    /// A message that the store does not take, of which as much comes as this says before a reply is due.
    pub(super) fn discard(self, why: Spoilt, limit: u64, replies: usize) -> Discarded {
        Discarded::new(self.source(limit), why, limit, replies)
    }
}

impl Incoming {
    /// A message that starts with the `trace` fields, of at most `limit` octets without them.
    pub(super) fn new(
        id: TransactionId,
        envelope: Envelope,
        trace: Vec<u8>,
        intake: Intake,
        limit: u64,
        completion: Option<Completion>,
    ) -> Self {
        let mut incoming = Incoming {
            id,
            envelope,
            source: intake.source(limit),
            completion,
            hops: Hops::default(),
            scan: Scan::new(),
            pending: trace,
            size: 0,
        };
        incoming.scan(0);
        incoming
    }

    /// The next chunk of a message that comes by BDAT; false for one that comes by DATA.
    pub(super) fn go_on(&mut self, size: u64, last: bool) -> bool {
        match &mut self.source {
            Source::Counted(counted) => {
                counted.begin(size, last);
                true
            }
            Source::Dotted(_) => false,
        }
    }

    /// Goes on with what the client has sent.
    pub(super) fn proceed(&mut self, input: &mut Input) -> Progress {
        loop {
            if let Some(spoilt) = self.spoilt() {
                return Progress::Spoilt(spoilt);
            }
            if self.source.ended() {
                self.complete_header();
            }
            if self.pending.len() >= FULL || (self.source.ended() && !self.pending.is_empty()) {
                return Progress::Chunk(std::mem::take(&mut self.pending));
            }
            if self.source.ended() {
                return Progress::Complete;
            }
            if self.source.pauses() {
                return Progress::Pause;
            }
            if input.bytes().is_empty() {
                return Progress::Read;
            }
            self.receive(input);
        }
    }

    fn receive(&mut self, input: &mut Input) {
        let scanned = self.pending.len();
        let room = FULL.saturating_sub(scanned);
        let bytes = input.bytes();
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let read = match &mut self.completion {
            None => self.source.push(bytes, &mut self.pending),
            Some(completion) => {
                let mut text = Vec::with_capacity(bytes.len().saturating_add(1));
                let read = self.source.push(bytes, &mut text);
                completion.push(&text, &mut self.pending);
                read
            }
        };
        input.consume(read);
        self.hops.push(self.pending.get(scanned..).unwrap_or_default());
        self.scan(scanned);
    }

    fn complete_header(&mut self) {
        if let Some(completion) = self.completion.take() {
            let scanned = self.pending.len();
            completion.finish(&mut self.pending);
            self.scan(scanned);
        }
    }

    fn scan(&mut self, from: usize) {
        let new = self.pending.get(from..).unwrap_or_default();
        self.scan.push(new);
        self.size = self.size.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
    }

    /// Hops first: they were counted in bytes that stood before any fault of form, so that the answer is the same
    /// however the bytes came.
    fn spoilt(&self) -> Option<Spoilt> {
        if self.hops.too_many() {
            return Some(Spoilt::Loop);
        }
        self.source.fault().map(Spoilt::Form)
    }

    /// What the message is called.
    pub(super) fn id(&self) -> TransactionId {
        self.id
    }

    /// How many replies its end has.
    pub(super) fn replies(&self) -> usize {
        self.envelope.replies
    }

    /// Octets that the client has sent of it.
    pub(super) fn received(&self) -> u64 {
        self.source.size()
    }

    /// The end of a complete message.
    pub(super) fn into_commit(self) -> Commit {
        let Envelope { targets, end, replies: _ } = self.envelope;
        Commit { targets, end, scanned: self.scan.finish(), size: self.size }
    }

    /// Keeps of a message only what is needed to find its end.
    pub(super) fn discard(self, why: Spoilt, limit: u64) -> Discarded {
        Discarded::new(self.source, why, limit, self.envelope.replies)
    }
}
