//! SEARCH, RFC 3501 section 6.4.4.

mod reading;

use ipc::service::mailbox::{Foreseen, PLANNED_MAX};

use super::{Answer, Ask, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::parse::{By, Charset};
use crate::proto::response::{self, Code};
use crate::proto::search::{Compiled, Facts, Header, compile};
use crate::proto::session::running::fault;
use crate::proto::view::{Numbered, View};
use reading::{Known, Reading};

/// Conditions that are tried before others have their turn.
const CONDITIONS: usize = 1 << 16;
/// Messages that are looked at to foresee what of them will be asked.
const FORESEEN: usize = PLANNED_MAX;

#[derive(Debug)]
pub(super) struct Search {
    by: By,
    wanted: crate::proto::parse::Search,
    hits: Vec<u32>,
    stage: Stage,
    /// The messages before this place in the view are foreseen.
    foreseen: usize,
}

#[derive(Debug)]
enum Stage {
    Start,
    /// The message at this place in the view is next.
    Walking {
        compiled: Box<Compiled>,
        place: usize,
    },
    /// Something of the message before this place in the view has to be read.
    Reading {
        compiled: Box<Compiled>,
        place: usize,
        reading: Box<Reading>,
    },
}

impl Search {
    pub(super) fn new(by: By, wanted: crate::proto::parse::Search) -> Self {
        Search { by, wanted, hits: Vec::new(), stage: Stage::Start, foreseen: 0 }
    }

    fn start(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        if self.wanted.charset == Charset::Unknown {
            let code = Code::BadCharset(&["US-ASCII", "UTF-8"]);
            return Ok(Completion::no(code, "Unknown character set.").into());
        }
        match compile(&self.wanted.key, context.view()?) {
            Ok(compiled) => self.walk(Box::new(compiled), 0, context, io),
            Err(_) => Ok(Completion::no(Code::Limit, "Too many texts to look for.").into()),
        }
    }

    /// Looks at the messages from `place` on, as far as their rows say enough.
    fn walk(
        &mut self,
        mut compiled: Box<Compiled>,
        place: usize,
        context: &mut Context,
        io: &mut Io<'_>,
    ) -> Result<Turn, Fault> {
        let view = context.view()?;
        let mut from = place;
        let turn = CONDITIONS.checked_div(compiled.conditions).unwrap_or_default().max(1);
        while let Some(message) = view.at(from) {
            if from.saturating_sub(place) >= turn {
                self.stage = Stage::Walking { compiled, place: from };
                return Ok(Turn::Flush);
            }
            from = from.saturating_add(1);
            if let Some(holds) = compiled.test.holds(&facts(view, &message, None, None)) {
                self.decide(&message, holds);
                continue;
            }
            if let Some(soon) = self.foresee(&compiled, from, view) {
                self.stage = Stage::Walking { compiled, place: from.saturating_sub(1) };
                return Ok(Ask::Soon(soon).into());
            }
            let mut reading = Box::new(Reading::new(message));
            match reading.begin(&mut compiled, view) {
                Known::Decided(holds) => self.decide(&message, holds),
                Known::NotYet(turn) => {
                    self.stage = Stage::Reading { compiled, place: from, reading };
                    return Ok(turn);
                }
            }
        }
        response::search(std::mem::take(&mut self.hits), io.output);
        Ok(Completion::ok("Searched.").into())
    }

    /// What the message before `place` and those behind it will ask, if that is much and has not been said.
    fn foresee(&mut self, compiled: &Compiled, place: usize, view: &View) -> Option<Vec<Foreseen>> {
        if place <= self.foreseen {
            return None;
        }
        let most = CONDITIONS.checked_div(compiled.conditions).unwrap_or_default().clamp(1, FORESEEN);
        let first = place.saturating_sub(1);
        self.foreseen = first.saturating_add(most);
        let messages = (first..self.foreseen).map_while(|place| view.at(place));
        let undecided =
            messages.filter(|message| compiled.test.holds(&facts(view, message, None, None)).is_none());
        let soon: Vec<_> = undecided.map(|message| reading::first(&message.row, compiled)).collect();
        (soon.len() > 1).then_some(soon)
    }

    fn decide(&mut self, message: &Numbered, holds: bool) {
        if holds {
            self.hits.push(match self.by {
                By::Sequence => message.sequence,
                By::Uid => message.row.uid,
            });
        }
    }
}

impl Running for Search {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        let (mut compiled, place, mut reading) = match std::mem::replace(&mut self.stage, Stage::Start) {
            Stage::Start => return self.start(context, io),
            Stage::Walking { compiled, place } => match answer {
                None | Some(Answer::Taken) => return self.walk(compiled, place, context, io),
                other => return Err(fault(other.as_ref())),
            },
            Stage::Reading { compiled, place, reading } => (compiled, place, reading),
        };
        match reading.take(&mut compiled, answer, context.view()?)? {
            Known::NotYet(turn) => {
                self.stage = Stage::Reading { compiled, place, reading };
                Ok(turn)
            }
            Known::Decided(holds) => {
                self.decide(reading.message(), holds);
                self.walk(compiled, place, context, io)
            }
        }
    }
}

fn facts<'a>(
    view: &View,
    message: &'a Numbered,
    header: Option<&'a Header>,
    found: Option<&'a [bool]>,
) -> Facts<'a> {
    let recent = view.is_recent(message.row.uid);
    Facts { sequence: message.sequence, row: &message.row, recent, header, found }
}
