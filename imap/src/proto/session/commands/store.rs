//! STORE, RFC 3501 section 6.4.6.

use std::vec;

use ipc::mail::UidRange;
use ipc::service::mailbox::{FlagChange, MailboxReply, MailboxRequest, MessageRow};

use super::flags::{batches, split};
use super::{Access, Answer, Ask, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{By, Change, Echo, Flag, SequenceSet};
use crate::proto::response::{Code, FetchLine};
use crate::proto::view::View;

#[derive(Debug)]
pub(super) struct Store {
    by: By,
    set: SequenceSet,
    wanted: Wanted,
    stage: Stage,
}

/// What is to become of the flags.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) change: Change,
    pub(super) echo: Echo,
    pub(super) flags: Vec<Flag>,
}

#[derive(Debug)]
enum Stage {
    Start,
    /// Messages that were named and have not been answered for; runs that have not been asked for.
    Asked {
        unanswered: usize,
        left: vec::IntoIter<Vec<UidRange>>,
    },
}

impl Store {
    pub(super) fn new(by: By, set: SequenceSet, wanted: Wanted) -> Self {
        Store { by, set, wanted, stage: Stage::Start }
    }

    fn start(&mut self, context: &mut Context) -> Result<Turn, Fault> {
        let view = context.view()?;
        if view.access == Access::ReadOnly {
            return Ok(Completion::no(Code::ReadOnly, "The mailbox is selected for reading only.").into());
        }
        let Ok(numbers) = view.resolve(self.by, &self.set) else {
            return Ok(Completion::bad("No message has that number.").into());
        };
        let left = batches(view.runs(self.by, &numbers, |_| true));
        self.stage = Stage::Asked { unanswered: view.count(self.by, &numbers), left };
        self.next()
    }

    fn next(&mut self) -> Result<Turn, Fault> {
        let Stage::Asked { unanswered, left } = &mut self.stage else { return Err(Fault::OutOfPhase) };
        let Some(uids) = left.next() else {
            let gone = *unanswered > 0 && self.by == By::Sequence && self.wanted.echo == Echo::Told;
            // RFC 2180 section 4.2: what another session expunged is still there for this one, and cannot be changed.
            return Ok(if gone {
                Completion::no(Code::ExpungeIssued, "Some of the messages are gone.").into()
            } else {
                Completion::ok("Stored.").into()
            });
        };
        let Ok((flags, keywords)) = split(&self.wanted.flags) else {
            return Ok(Completion::no(Code::Limit, "Too many keywords.").into());
        };
        let change = match self.wanted.change {
            Change::Replace => FlagChange::Replace,
            Change::Add => FlagChange::Add,
            Change::Remove => FlagChange::Remove,
        };
        Ok(MailboxRequest::Flags { uids, change, flags, keywords }.into())
    }

    fn answered(&mut self, reply: MailboxReply, view: &mut View, out: &mut Vec<u8>) -> Result<Turn, Fault> {
        let (rows, keywords, more) = match reply {
            MailboxReply::Flagged { rows, keywords, more } => (rows, keywords, more),
            MailboxReply::Refused(why) => return Ok(Completion::refused(why).into()),
            _ => return Err(Fault::OutOfPhase),
        };
        if let Stage::Asked { unanswered, .. } = &mut self.stage {
            *unanswered = unanswered.saturating_sub(rows.len());
        }
        view.keywords.update(&keywords, view.access, out);
        for row in rows {
            self.changed(row, view, out);
        }
        if more { Ok(Turn::Ask(Ask::More)) } else { self.next() }
    }

    /// The client is told, unless it said that it knows, and is right.
    fn changed(&self, row: MessageRow, view: &mut View, out: &mut Vec<u8>) {
        let Some(known) = view.message(row.uid) else { return };
        let expected = self.wanted.applied_to(&known.row, view);
        view.replace(row);
        if self.wanted.echo == Echo::Silent && expected == (row.flags, row.keywords) {
            return;
        }
        let mut line = FetchLine::begin(known.sequence, out);
        if self.by == By::Uid {
            line.uid(row.uid, out);
        }
        view.flags(&row, &mut line, out);
        line.end(out);
    }
}

impl Wanted {
    fn applied_to(&self, row: &MessageRow, view: &View) -> (ipc::mail::SystemFlags, u64) {
        let (system, keywords) = view.keywords.bits(&self.flags);
        match self.change {
            Change::Replace => (system, keywords),
            Change::Add => (row.flags.with(system), row.keywords | keywords),
            Change::Remove => (row.flags.without(system), row.keywords & !keywords),
        }
    }
}

impl Running for Store {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match self.stage {
            Stage::Start => self.start(context),
            Stage::Asked { .. } => self.answered(reply(answer)?, context.view()?, io.output),
        }
    }
}
