//! A message that is not wanted any more, and whose end is still to come.

use listener::session::Input;

use super::ask::Failure;
use super::data::Fault;
use super::incoming::Spoilt;
use super::limits::{MAX_CHUNK, MIN_DISCARDED};
use super::reply::Reply;
use super::source::Source;

/// What is left of a message when it was refused.
#[derive(Debug)]
pub(super) struct Discarded {
    source: Source,
    why: Spoilt,
    /// Octets in all at which the client is given up.
    bound: u64,
    replies: usize,
}

/// How far the discarding is.
pub(super) enum Rest {
    /// The end is still to come.
    Read,
    /// That was the end.
    Ended,
    /// That was the end of a chunk, and not the last one.
    Paused,
    /// There was too much of it.
    Endless,
}

/// Octets of what nobody wants that are read, so that its client hears the reply at the end and doesn't come again.
pub(super) fn bound(limit: u64) -> u64 {
    limit.saturating_mul(2).max(MIN_DISCARDED)
}

impl Discarded {
    /// What comes from `source`, where messages have `limit` octets at most.
    pub(super) fn new(source: Source, why: Spoilt, limit: u64, replies: usize) -> Self {
        Discarded { source, why, bound: bound(limit), replies }
    }

    /// Throws away what the client has sent.
    pub(super) fn proceed(&mut self, input: &mut Input) -> Rest {
        // after a fault nothing comes out, after a failure of the store it is of no use
        let mut nowhere = Vec::new();
        while !self.source.pauses() && !self.endless() && !input.bytes().is_empty() {
            let bytes = input.bytes();
            let read = self.source.push(bytes.get(..MAX_CHUNK).unwrap_or(bytes), &mut nowhere);
            nowhere.clear();
            input.consume(read);
        }
        // in this order, the answer is the same however the bytes came
        if self.endless() {
            Rest::Endless
        } else if self.source.ended() {
            Rest::Ended
        } else if self.source.pauses() {
            Rest::Paused
        } else {
            Rest::Read
        }
    }

    fn endless(&self) -> bool {
        self.source.size() > self.bound
    }

    /// May another server have seen another end of this message than we do?
    pub(super) fn is_ambiguous(&self) -> bool {
        self.source.is_ambiguous()
    }

    /// How many replies the end of the message has.
    pub(super) fn replies(&self) -> usize {
        self.replies
    }

    /// Octets of it so far.
    pub(super) fn received(&self) -> u64 {
        self.source.size()
    }

    /// What the client is told at the end.
    pub(super) fn reply(&self) -> Reply {
        match self.why {
            Spoilt::Form(Fault::BareLineEnd) if self.is_ambiguous() => {
                Reply::new(550, (5, 6, 11), "Bare CR or LF in the message, good bye")
            }
            Spoilt::Form(Fault::BareLineEnd) => Reply::new(550, (5, 6, 11), "Bare CR or LF in the message"),
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
        Failure::Sender => Reply::new(550, (5, 7, 1), "This account may not send as that address"),
        Failure::TooMany => {
            Reply::new(451, (4, 7, 1), "Too many recipients in a short time, try again later")
        }
        Failure::Ended => Reply::new(451, (4, 3, 0), "The session has ended, log in again"),
    }
}
