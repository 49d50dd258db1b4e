//! IDLE, RFC 2177: changes are told as they happen, until the client says DONE.

use listener::session::NoLine;

use super::news::{Telling, Told};
use super::{Answer, Completion, Context, Fault, Io, Look, Running, Turn};
use crate::proto::response;
use crate::proto::session::context::State;

/// `DONE` and its line end, and room for what is not that.
const LINE_MAX: usize = 1024;

#[derive(Debug)]
pub(super) struct Idle {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start,
    Telling(Telling),
    Waiting,
    /// The store has news.
    Noticed,
}

impl Idle {
    pub(super) fn new() -> Self {
        Idle { stage: Stage::Start }
    }

    fn tell(&mut self, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        if !matches!(context.state, State::Selected(_)) {
            self.stage = Stage::Waiting;
            return Self::read(io);
        }
        let telling = Telling::new(Look::Always);
        let ask = telling.ask(context)?;
        self.stage = Stage::Telling(telling);
        Ok(ask.into())
    }

    fn read(io: &mut Io<'_>) -> Result<Turn, Fault> {
        match io.input.take_line(LINE_MAX) {
            Ok(line) if line.trim_ascii_end().eq_ignore_ascii_case(b"DONE") => {
                Ok(Completion::ok("No longer idle.").into())
            }
            Ok(_) => Ok(Completion::bad("Expected DONE.").into()),
            Err(NoLine::Incomplete) => Ok(Turn::Read),
            Err(NoLine::TooLong) => Err(Fault::Unwanted),
        }
    }
}

impl Running for Idle {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match (&mut self.stage, answer) {
            (Stage::Start, None) => {
                response::continuation("idling", io.output);
                self.tell(context, io)
            }
            (Stage::Telling(telling), Some(answer)) => match telling.take(answer, context, io.output)? {
                Told::More(ask) => Ok(ask.into()),
                Told::All => {
                    self.stage = Stage::Waiting;
                    Self::read(io)
                }
            },
            (Stage::Waiting, None) => Self::read(io),
            (Stage::Noticed, None) => self.tell(context, io),
            (_, Some(Answer::Lost)) => Err(Fault::Lost),
            _ => Err(Fault::OutOfPhase),
        }
    }

    fn wants_notice(&self) -> bool {
        matches!(self.stage, Stage::Waiting)
    }

    fn noticed(&mut self) {
        self.stage = Stage::Noticed;
    }
}
