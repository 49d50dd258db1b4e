//! FETCH, RFC 3501 section 6.4.5.
//!
//! First \Seen is set on all messages that need it, in as few requests as it takes; then each message is told, item by
//! item. Texts stream from the store to the client, so that memory does not grow with the message.

mod download;
mod locate;
mod message;
mod soon;
mod structure;

use std::vec;

use ipc::mail::{SystemFlags, Uid, UidRange};
use ipc::service::mailbox::{FlagChange, Foreseen, MailboxReply, MailboxRequest, PLANNED_MAX, Refusal};

use super::flags::batches;
use super::{Access, Answer, Ask, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{By, FetchItem, Numbers, Seen, SequenceSet};
use crate::proto::response::Code;
use crate::proto::session::running::fault;
use crate::proto::view::{Numbered, View};
pub(super) use download::{Came, Download};
use message::{Message, Progress};
pub(super) use structure::{Finding, Got};

/// Messages that are foreseen at a time; each asks two things at the most.
const FORESEEN: usize = PLANNED_MAX / 2;

#[derive(Debug)]
pub(super) struct Fetch {
    by: By,
    set: SequenceSet,
    items: Vec<FetchItem>,
    stage: Stage,
    /// The messages before this place in the view are foreseen.
    foreseen: usize,
    /// Messages whose flags changed, by rising UID: their FETCH tells the flags, too.
    changed: Vec<Uid>,
    /// Why something could not be told.
    trouble: Option<Refusal>,
}

#[derive(Debug)]
enum Stage {
    Start,
    /// \Seen is being set.
    Seeing {
        numbers: Numbers,
        left: vec::IntoIter<Vec<UidRange>>,
    },
    /// The messages from this place in the view on are next.
    Between {
        numbers: Numbers,
        place: usize,
    },
    /// One of them is being told.
    Within {
        numbers: Numbers,
        place: usize,
        message: Box<Message>,
    },
}

impl Fetch {
    pub(super) fn new(by: By, set: SequenceSet, mut items: Vec<FetchItem>) -> Self {
        // RFC 3501 section 6.4.8: "the UID FETCH response MUST include the UID".
        if by == By::Uid && !items.contains(&FetchItem::Uid) {
            items.insert(0, FetchItem::Uid);
        }
        Fetch { by, set, items, stage: Stage::Start, foreseen: 0, changed: Vec::new(), trouble: None }
    }

    fn start(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        let view = context.view()?;
        let Ok(numbers) = view.resolve(self.by, &self.set) else {
            return Ok(Completion::bad("No message has that number.").into());
        };
        let sees = view.access == Access::ReadWrite && self.items.iter().any(|item| item.seen() == Seen::Set);
        let left = if sees {
            batches(view.runs(self.by, &numbers, |row| !row.flags.has(SystemFlags::SEEN)))
        } else {
            Vec::new().into_iter()
        };
        self.see(numbers, left, context, io)
    }

    fn see(
        &mut self,
        numbers: Numbers,
        mut left: vec::IntoIter<Vec<UidRange>>,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        match left.next() {
            Some(uids) => {
                self.stage = Stage::Seeing { numbers, left };
                let (change, flags) = (FlagChange::Add, SystemFlags::SEEN);
                Ok(MailboxRequest::Flags { uids, change, flags, keywords: Vec::new() }.into())
            }
            None => {
                self.changed.sort_unstable();
                self.between(numbers, 0, context, io)
            }
        }
    }

    fn seen(
        &mut self,
        numbers: Numbers,
        left: vec::IntoIter<Vec<UidRange>>,
        reply: MailboxReply,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        match reply {
            MailboxReply::Flagged { rows, keywords, more } => {
                let view = context.view()?;
                view.keywords.update(&keywords, view.access, io.output);
                for row in rows {
                    let known = view.message(row.uid).map(|known| (known.row.flags, known.row.keywords));
                    if known.is_some_and(|known| known != (row.flags, row.keywords)) {
                        view.replace(row);
                        self.changed.push(row.uid);
                    }
                }
                if more {
                    self.stage = Stage::Seeing { numbers, left };
                    return Ok(Turn::Ask(Ask::More));
                }
                self.see(numbers, left, context, io)
            }
            // A full disk is no reason to keep mail from its reader.
            MailboxReply::Refused(why) => {
                tracing::warn!(?why, "\\Seen was not set");
                self.see(numbers, Vec::new().into_iter(), context, io)
            }
            _ => Err(Fault::OutOfPhase),
        }
    }

    /// The next message.
    fn between(
        &mut self,
        numbers: Numbers,
        place: usize,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        let mut place = place;
        loop {
            let view = context.view()?;
            if let Some(soon) = self.foresee(&numbers, place, view) {
                self.stage = Stage::Between { numbers, place };
                return Ok(Turn::Ask(Ask::Soon(soon)));
            }
            let Some((numbered, behind)) = view.next_of(self.by, &numbers, place) else {
                return Ok(self.completion().into());
            };
            place = behind;
            let mut message = Box::new(Message::begin(numbered, io.output));
            let turn = self.proceed(&mut message, None, view, io).map_err(|_| Fault::LostWithin)?;
            match turn {
                None if io.output.len() < super::super::PENDING_OUTPUT => {}
                None => {
                    self.stage = Stage::Between { numbers, place };
                    return Ok(Turn::Flush);
                }
                Some(turn) => {
                    self.stage = Stage::Within { numbers, place, message };
                    return Ok(turn);
                }
            }
        }
    }

    /// What the messages from `place` on will ask, if that is much and has not been said.
    fn foresee(&mut self, numbers: &Numbers, place: usize, view: &View) -> Option<Vec<Foreseen>> {
        if place < self.foreseen {
            return None;
        }
        let mut soon = Vec::new();
        for _ in 0..FORESEEN {
            let Some((Numbered { row, .. }, behind)) = view.next_of(self.by, numbers, self.foreseen) else {
                self.foreseen = usize::MAX;
                break;
            };
            self.foreseen = behind;
            soon.extend(soon::of(&self.items, &row));
        }
        (soon.len() > 1).then_some(soon)
    }

    /// Goes on with a message; `None` when it is told.
    fn proceed(
        &mut self,
        message: &mut Message,
        answer: Option<Answer>,
        view: &mut View,
        io: &mut Io<'_>,
    ) -> Result<Option<Turn>, Fault> {
        match message.resume(&self.items, view, answer, io.output)? {
            Progress::Ask(ask) => Ok(Some(Turn::Ask(ask))),
            Progress::Flush => Ok(Some(Turn::Flush)),
            Progress::Told(trouble) => {
                let tells_flags = self.items.contains(&FetchItem::Flags);
                let changed = self.changed.binary_search(&message.uid()).is_ok();
                message.end((changed && !tells_flags).then_some(view), io.output);
                self.trouble = self.trouble.or(trouble);
                if message.is_opaque() {
                    view.distrust(message.uid());
                }
                Ok(None)
            }
        }
    }

    fn completion(&self) -> Completion {
        match self.trouble {
            None => Completion::ok("Fetched."),
            Some(Refusal::NoMessage) => Completion::no(Code::ExpungeIssued, "Some of the messages are gone."),
            Some(why) => Completion::refused(why),
        }
    }
}

impl Running for Fetch {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match std::mem::replace(&mut self.stage, Stage::Start) {
            Stage::Start => self.start(context, io),
            Stage::Seeing { numbers, left } => {
                let reply = reply(answer)?;
                self.seen(numbers, left, reply, context, io)
            }
            Stage::Between { numbers, place } => match answer {
                None | Some(Answer::Taken) => self.between(numbers, place, context, io),
                other => Err(fault(other.as_ref())),
            },
            Stage::Within { numbers, place, mut message } => {
                let view = context.view()?;
                // A response was begun: whatever is said now would be read as part of it.
                let turn = self.proceed(&mut message, answer, view, io).map_err(|_| Fault::LostWithin)?;
                match turn {
                    None => self.between(numbers, place, context, io),
                    Some(turn) => {
                        self.stage = Stage::Within { numbers, place, message };
                        Ok(turn)
                    }
                }
            }
        }
    }
}
