//! A message as the client sends it: by DATA or by BDAT.

use super::counted::Counted;
use super::data::{Fault, Unstuffer};

/// How the end of a message is told.
#[derive(Debug)]
pub(super) enum Source {
    /// By a dot, RFC 5321 section 4.1.1.4.
    Dotted(Unstuffer),
    /// By counting, RFC 3030 section 2.
    Counted(Counted),
}

impl Source {
    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) -> usize {
        match self {
            Source::Dotted(unstuffer) => unstuffer.push(input, output),
            Source::Counted(counted) => counted.push(input, output),
        }
    }

    /// Is a reply due? For DATA, at the end of the message; for BDAT, at the end of each chunk.
    pub(super) fn pauses(&self) -> bool {
        match self {
            Source::Dotted(unstuffer) => unstuffer.ended(),
            Source::Counted(counted) => counted.chunk_ended(),
        }
    }

    /// Was that the whole message?
    pub(super) fn ended(&self) -> bool {
        match self {
            Source::Dotted(unstuffer) => unstuffer.ended(),
            Source::Counted(counted) => counted.ended(),
        }
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        match self {
            Source::Dotted(unstuffer) => unstuffer.fault(),
            Source::Counted(counted) => counted.fault(),
        }
    }

    /// Octets of the message so far.
    pub(super) fn size(&self) -> u64 {
        match self {
            Source::Dotted(unstuffer) => unstuffer.size(),
            Source::Counted(counted) => counted.size(),
        }
    }

    /// May another server have seen another end of this message than we do?
    pub(super) fn is_ambiguous(&self) -> bool {
        matches!(self, Source::Dotted(unstuffer) if unstuffer.fault() == Some(Fault::BareLineEnd))
    }
}
