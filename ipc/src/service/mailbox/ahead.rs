//! Reading ahead: what a session will ask soon is asked before, so that the store answers many questions in one go.
//!
//! It changes what is waited for and nothing else. A question that was foreseen is answered as if it had been asked just
//! then: bytes and structure of a message never change under its UID. What was foreseen wrongly is read and thrown away.

use std::collections::VecDeque;

use super::{MailboxReply, MailboxRequest};
use crate::frame::{Frame, FrameError};
use crate::mail::Uid;
use crate::socket::CHUNK_MAX;

/// Questions under way at a time.
pub const AHEAD: usize = 16;
/// Bytes of answers that are under way or not yet wanted: about as much as a socket holds, so that the store need not wait
/// for a session whose client is slow.
pub const AHEAD_BYTES: usize = 128 * 1024;
/// What a structure is expected to take: nearly all are smaller.
const STRUCTURE: usize = 2 * 1024;
/// Questions that are planned at a time.
pub const PLANNED_MAX: usize = 256;

/// What will be asked soon, of messages of the selected mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreseen {
    /// [`MailboxRequest::Structure`]
    Structure {
        /// Of which.
        uid: Uid,
    },
    /// [`MailboxRequest::Body`], of this run or of some that lie within. Runs that are longer than a chunk are not read ahead.
    Body {
        /// Of which.
        uid: Uid,
        /// From.
        offset: u32,
        /// How many bytes.
        length: u32,
    },
}

impl Foreseen {
    pub(super) fn request(self) -> MailboxRequest {
        match self {
            Foreseen::Structure { uid } => MailboxRequest::Structure { uid },
            Foreseen::Body { uid, offset, length } => MailboxRequest::Body { uid, offset, length },
        }
    }

    /// `None` when it cannot be foreseen.
    fn of(request: &MailboxRequest) -> Option<Self> {
        match *request {
            MailboxRequest::Structure { uid } => Some(Foreseen::Structure { uid }),
            MailboxRequest::Body { uid, offset, length } => Some(Foreseen::Body { uid, offset, length }),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Foreseen::Structure { .. } => STRUCTURE,
            Foreseen::Body { length, .. } => usize::try_from(length).unwrap_or(usize::MAX),
        }
    }

    /// Is the answer to that in the answer to this?
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (
                Foreseen::Body { uid, offset, length },
                Foreseen::Body { uid: of, offset: from, length: count },
            ) => uid == of && offset <= from && from.saturating_add(count) <= offset.saturating_add(length),
            _ => self == other,
        }
    }
}

/// What is planned, what is under way, and what has come and not been wanted yet.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    planned: VecDeque<Foreseen>,
    /// In the order in which they were asked, which is the one of their answers.
    asked: VecDeque<Asked>,
    /// How many of them are answered, from the front.
    answered: usize,
    /// What all of them are expected to take.
    bytes: usize,
}

#[derive(Debug)]
struct Asked {
    what: Foreseen,
    answer: Answer,
    wanted: bool,
}

#[derive(Debug)]
enum Answer {
    None,
    /// A body, as far as it has come.
    Coming {
        body: Vec<u8>,
        length: usize,
    },
    Body(Vec<u8>),
    Reply(MailboxReply),
}

/// The answer to a question that was foreseen.
#[derive(Debug)]
pub(super) enum Known {
    Reply(MailboxReply),
    /// [`MailboxReply::Body`], and its bytes.
    Body(Vec<u8>),
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was asked, or is what is [due](Ahead::due) next.
    Foreseen,
    /// Nobody foresaw it.
    Nowhere,
}

impl Ahead {
    /// What else will be asked, behind what is planned already.
    pub(super) fn plan(&mut self, more: impl IntoIterator<Item = Foreseen>) {
        let room = PLANNED_MAX.saturating_sub(self.planned.len());
        self.planned.extend(more.into_iter().filter(|what| what.bytes() <= CHUNK_MAX).take(room));
    }

    /// What is to be asked now. Many at once, so that neither side is woken up for each.
    pub(super) fn due(&mut self) -> Vec<Foreseen> {
        let mut due = Vec::new();
        // of answers that somebody waits for there is always one
        let mut idle = !self.asked.iter().any(|asked| asked.wanted);
        if !idle && (self.asked.len() > AHEAD / 2 || self.bytes > AHEAD_BYTES / 2) {
            return due;
        }
        while let Some(next) = self.planned.front().copied() {
            let bytes = self.bytes.saturating_add(next.bytes());
            if !idle && (self.asked.len() >= AHEAD || bytes > AHEAD_BYTES) {
                break;
            }
            self.planned.pop_front();
            self.bytes = bytes;
            self.asked.push_back(Asked { what: next, answer: Answer::None, wanted: true });
            due.push(next);
            idle = false;
        }
        due
    }

    /// Goes on to a question. What was to be asked before it will not be asked any more.
    pub(super) fn go_to(&mut self, request: &MailboxRequest) -> Place {
        let Some(wanted) = Foreseen::of(request) else {
            self.forget();
            return Place::Nowhere;
        };
        if let Some(at) = self.asked.iter().position(|asked| asked.wanted && asked.what.covers(wanted)) {
            self.pass(at);
            return Place::Foreseen;
        }
        if let Some(at) = self.planned.iter().position(|planned| planned.covers(wanted)) {
            self.pass(self.asked.len());
            self.planned.drain(..at);
            return Place::Foreseen;
        }
        Place::Nowhere
    }

    /// None of it is wanted any more.
    pub(super) fn forget(&mut self) {
        self.planned.clear();
        self.pass(self.asked.len());
    }

    /// The first ones are not wanted any more.
    fn pass(&mut self, count: usize) {
        for asked in self.asked.iter_mut().take(count) {
            asked.wanted = false;
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        while self.answered > 0 && self.asked.front().is_some_and(|asked| !asked.wanted) {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Asked> {
        let asked = self.asked.pop_front()?;
        self.answered = self.answered.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(asked.what.bytes());
        Some(asked)
    }

    /// Is an answer under way? Then the next frame is one of its frames.
    pub(super) fn waits(&self) -> bool {
        self.answered < self.asked.len()
    }

    /// The answer to the question that [`Ahead::go_to`] found, when it has come.
    pub(super) fn take(&mut self, request: &MailboxRequest) -> Option<Known> {
        let wanted = Foreseen::of(request)?;
        let first = self.asked.front().filter(|asked| self.answered > 0 && asked.what.covers(wanted))?;
        if let (Answer::Body(body), true) = (&first.answer, first.what != wanted) {
            // it lies within, and others may too
            return Some(Known::Body(within(body, first.what, wanted)));
        }
        match self.pop()?.answer {
            Answer::Body(body) => Some(Known::Body(body)),
            Answer::Reply(reply) => Some(Known::Reply(reply)),
            Answer::None | Answer::Coming { .. } => None,
        }
    }

    /// The next frame of the answers under way.
    ///
    /// # Errors
    /// When it is none of theirs.
    pub(super) fn arrived(&mut self, frame: Frame<MailboxReply>) -> Result<(), FrameError> {
        let asked = self.asked.get_mut(self.answered).ok_or(FrameError::Chunk)?;
        let is_body = matches!(asked.what, Foreseen::Body { .. });
        let most = asked.what.bytes();
        asked.answer = match (std::mem::replace(&mut asked.answer, Answer::None), frame) {
            (Answer::None, Frame::Message(MailboxReply::Body { length }, _)) if is_body => {
                match usize::try_from(length).unwrap_or(usize::MAX) {
                    0 => Answer::Body(Vec::new()),
                    length if length <= most => Answer::Coming { body: Vec::new(), length },
                    _ => return Err(FrameError::Chunk),
                }
            }
            (Answer::None, Frame::Message(reply, _)) => Answer::Reply(reply),
            (Answer::Coming { mut body, length }, Frame::Chunk { stream: 0, bytes }) => {
                if body.is_empty() {
                    body = bytes;
                } else {
                    body.extend_from_slice(&bytes);
                }
                match body.len().cmp(&length) {
                    std::cmp::Ordering::Less => Answer::Coming { body, length },
                    std::cmp::Ordering::Equal => Answer::Body(body),
                    std::cmp::Ordering::Greater => return Err(FrameError::Chunk),
                }
            }
            _ => return Err(FrameError::Chunk),
        };
        if !matches!(asked.answer, Answer::Coming { .. }) {
            self.answered = self.answered.saturating_add(1);
            self.tidy();
        }
        Ok(())
    }
}

/// What of a body was asked for, of which a longer run is there.
fn within(body: &[u8], run: Foreseen, wanted: Foreseen) -> Vec<u8> {
    let (Foreseen::Body { offset, .. }, Foreseen::Body { offset: from, length, .. }) = (run, wanted) else {
        return Vec::new();
    };
    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = body.get(place(from.saturating_sub(offset))..).unwrap_or_default();
    rest.get(..place(length)).unwrap_or(rest).to_vec()
}

#[cfg(test)]
mod tests;
