//! Cuts commands out of what the client sends.
//!
//! A command is lines, each but the last ending in the announcement of a literal. The reader takes from the input exactly the
//! octets of one command and never looks behind it: what follows STARTTLS stays in the input, to be thrown away.

use listener::session::Input;
use zeroize::Zeroizing;

use super::append::{self, Append, Purpose};
use super::command::{self, Name, Refused};
use super::cursor::Cursor;
use super::limits::Limits;
use super::literal::{Header, LiteralKind, without_line_end};
use super::outcome::{Outcome, Recovery};
use super::syntax::Syntax;
use super::tag::Tag;

/// Reads commands, in any number of pieces.
#[derive(Debug)]
pub struct CommandReader {
    limits: Limits,
    state: State,
    /// The lines and literals of the command so far.
    buffer: Zeroizing<Vec<u8>>,
    /// Where in the buffer the present line begins.
    line_start: usize,
    /// Octets of lines in the buffer.
    lines: usize,
    /// The tag of the APPEND whose message is being read.
    appending: Option<Tag>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a line of a command.
    Line,
    /// In a literal of a command.
    Literal { left: usize },
    /// Before the message of an APPEND, which is neither accepted nor refused.
    Offered { size: u64, kind: LiteralKind },
    /// In the message of an accepted APPEND.
    Message { size: u64, left: u64 },
    /// Behind that message.
    MessageEnd,
    /// In a literal of a refused command.
    Swallow { left: u64 },
    /// In the line that follows such a literal.
    SwallowLine,
    /// Where the next command begins is unknown.
    Lost,
}

/// What came of reading a line.
enum Line {
    Whole,
    Partial,
    TooLong,
}

impl CommandReader {
    /// A reader at the beginning of a command.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        CommandReader {
            limits,
            state: State::Line,
            buffer: Zeroizing::default(),
            line_start: 0,
            lines: 0,
            appending: None,
        }
    }

    /// Other limits, from the next octet on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Reads on. Nothing is kept in the input but what belongs to the next command, or to a message.
    pub fn next(&mut self, input: &mut Input) -> Outcome {
        loop {
            let outcome = match self.state {
                State::Line => self.in_line(input),
                State::Literal { left } => self.in_literal(left, input),
                State::Offered { .. } => Some(Outcome::Incomplete),
                State::Message { left: 0, .. } => self.enter(State::MessageEnd),
                State::Message { .. } => Some(Outcome::Incomplete),
                State::MessageEnd => self.behind_message(input),
                State::Swallow { left } => self.swallow(left, input),
                State::SwallowLine => self.swallow_line(input),
                State::Lost => {
                    input.clear();
                    Some(Outcome::Incomplete)
                }
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// The message of the APPEND just read will be taken.
    pub fn accept_message(&mut self) {
        if let State::Offered { size, .. } = self.state {
            self.state = State::Message { size, left: size };
        }
    }

    /// The message of the APPEND is not wanted, or no longer. What the client sends of it regardless is thrown away
    /// by [`CommandReader::next`].
    ///
    /// Returns what is possible afterwards: a client that does not wait may send more than is worth reading.
    pub fn refuse_message(&mut self) -> Recovery {
        self.state = match self.state {
            State::Offered { kind: LiteralKind::Synchronizing, .. } => State::Line,
            State::Offered { size, .. } if size > self.limits.swallowed => State::Lost,
            State::Offered { size: left, .. } | State::Message { left, .. } => State::Swallow { left },
            other => other,
        };
        if self.state == State::Lost { Recovery::Close } else { Recovery::Resume }
    }

    /// Takes the next octets of the accepted message, at most `limit`. Empty: there are none in the input, or all are taken
    /// (see [`CommandReader::message_left`]).
    pub fn take_message(&mut self, input: &mut Input, limit: usize) -> Vec<u8> {
        let State::Message { size, left } = self.state else { return Vec::new() };
        let count = limit.min(input.bytes().len()).min(usize::try_from(left).unwrap_or(usize::MAX));
        let chunk = input.bytes().get(..count).unwrap_or_default().to_vec();
        input.consume(count);
        self.state = State::Message { size, left: left.saturating_sub(count as u64) };
        chunk
    }

    /// Octets of the message that have yet to be taken. When there are none, [`CommandReader::next`] reads the end of the
    /// command.
    #[must_use]
    pub fn message_left(&self) -> u64 {
        match self.state {
            State::Offered { size, .. } => size,
            State::Message { left, .. } => left,
            _ => 0,
        }
    }

    /// How many octets of something large have come, while that is under way: an accepted message, or a literal that is thrown
    /// away, of which none count.
    #[must_use]
    pub fn transferred(&self) -> Option<u64> {
        match self.state {
            State::Message { size, left } => Some(size.saturating_sub(left)),
            State::Swallow { .. } | State::SwallowLine => Some(0),
            _ => None,
        }
    }

    fn in_line(&mut self, input: &mut Input) -> Option<Outcome> {
        match self.read_line(input) {
            Line::Partial => Some(Outcome::Incomplete),
            Line::TooLong => {
                let tag = Tag::parse(&mut Cursor::new(&self.buffer)).ok();
                Some(self.lost(tag))
            }
            Line::Whole => match Header::at_end_of(self.line()) {
                None => Some(self.whole()),
                Some(header) => self.announced(header),
            },
        }
    }

    fn whole(&mut self) -> Outcome {
        let buffer = self.forget();
        let command = without_line_end(&buffer).unwrap_or(&buffer);
        command::command(command).map_or_else(Outcome::Bad, Outcome::Command)
    }

    /// A literal is announced: is it worth having?
    fn announced(&mut self, header: Header) -> Option<Outcome> {
        let arguments_end = self.line_start.saturating_add(header.start);
        let buffer = std::mem::take(&mut self.buffer);
        let mut cursor = Cursor::new(buffer.get(..arguments_end).unwrap_or_default());
        let outcome = match command::preamble(&mut cursor) {
            Err(refused) => Some(self.refuse(header, refused)),
            Ok((tag, Name::Other)) => self.argument(header, tag, buffer.len()),
            Ok((tag, Name::Append)) => match append::purpose(cursor.rest()) {
                Err(why) => Some(self.refuse(header, Refused { tag: Some(tag), why })),
                Ok(Purpose::Mailbox) => self.argument(header, tag, buffer.len()),
                Ok(Purpose::Message(details)) => {
                    Some(self.offered(header, Append::new(tag, header, details)))
                }
            },
        };
        if matches!(self.state, State::Literal { .. }) {
            self.buffer = buffer;
        }
        outcome
    }

    fn argument(&mut self, header: Header, tag: Tag, before: usize) -> Option<Outcome> {
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let collected = before.saturating_add(size);
        if size > self.limits.literal || collected > self.limits.command {
            return Some(self.too_long(header, tag));
        }
        self.state = State::Literal { left: size };
        match header.kind {
            LiteralKind::Synchronizing => Some(Outcome::LiteralWanted { size: header.size }),
            LiteralKind::NonSynchronizing => None,
        }
    }

    fn offered(&mut self, header: Header, append: Append) -> Outcome {
        if header.size > self.limits.message {
            return self.too_long(header, append.tag);
        }
        self.forget();
        self.appending = Some(append.tag.clone());
        self.state = State::Offered { size: header.size, kind: header.kind };
        Outcome::Append(append)
    }

    fn refuse(&mut self, header: Header, refused: Refused) -> Outcome {
        match self.pass_over(header) {
            Recovery::Resume => Outcome::Bad(refused),
            recovery @ Recovery::Close => Outcome::TooLong { tag: refused.tag, recovery },
        }
    }

    fn too_long(&mut self, header: Header, tag: Tag) -> Outcome {
        Outcome::TooLong { tag: Some(tag), recovery: self.pass_over(header) }
    }

    /// The command ends here for us. A client that waits sends nothing more of it, RFC 3501 section 7.5.
    fn pass_over(&mut self, header: Header) -> Recovery {
        self.forget();
        self.state = State::Offered { size: header.size, kind: header.kind };
        self.refuse_message()
    }

    fn in_literal(&mut self, left: usize, input: &mut Input) -> Option<Outcome> {
        let taken = self.take_into_buffer(left, input);
        match left.saturating_sub(taken) {
            0 => {
                self.line_start = self.buffer.len();
                self.enter(State::Line)
            }
            left => {
                self.state = State::Literal { left };
                Some(Outcome::Incomplete)
            }
        }
    }

    fn behind_message(&mut self, input: &mut Input) -> Option<Outcome> {
        match self.read_line(input) {
            Line::Partial => Some(Outcome::Incomplete),
            Line::TooLong => {
                let tag = self.appending.take();
                Some(self.lost(tag))
            }
            Line::Whole => {
                let line = self.forget();
                if without_line_end(&line).is_some_and(<[u8]>::is_empty) {
                    return Some(Outcome::AppendEnd);
                }
                let refused = Refused { tag: self.appending.take(), why: Syntax::Trailing };
                match Header::at_end_of(&line) {
                    Some(header) => Some(self.refuse(header, refused)),
                    None => Some(Outcome::Bad(refused)),
                }
            }
        }
    }

    fn swallow(&mut self, left: u64, input: &mut Input) -> Option<Outcome> {
        let count = input.bytes().len().min(usize::try_from(left).unwrap_or(usize::MAX));
        input.consume(count);
        match left.saturating_sub(count as u64) {
            0 => self.enter(State::SwallowLine),
            left => {
                self.state = State::Swallow { left };
                Some(Outcome::Incomplete)
            }
        }
    }

    fn swallow_line(&mut self, input: &mut Input) -> Option<Outcome> {
        match self.read_line(input) {
            Line::Partial => Some(Outcome::Incomplete),
            Line::TooLong => Some(self.lost(None)),
            Line::Whole => {
                let header = Header::at_end_of(&self.forget());
                match header.map(|header| self.pass_over(header)) {
                    Some(recovery @ Recovery::Close) => Some(Outcome::TooLong { tag: None, recovery }),
                    Some(Recovery::Resume) | None => None,
                }
            }
        }
    }

    /// A line without an end: nobody knows where the next command begins.
    fn lost(&mut self, tag: Option<Tag>) -> Outcome {
        self.forget();
        self.state = State::Lost;
        Outcome::TooLong { tag, recovery: Recovery::Close }
    }

    /// Takes octets up to and with the next LF into the buffer.
    fn read_line(&mut self, input: &mut Input) -> Line {
        let room = self.limits.lines.saturating_sub(self.lines);
        let (count, line) = match input.bytes().iter().take(room).position(|byte| *byte == b'\n') {
            Some(at) => (at.saturating_add(1), Line::Whole),
            None if input.bytes().len() >= room => (room, Line::TooLong),
            None => (input.bytes().len(), Line::Partial),
        };
        let taken = self.take_into_buffer(count, input);
        self.lines = self.lines.saturating_add(taken);
        line
    }

    fn take_into_buffer(&mut self, most: usize, input: &mut Input) -> usize {
        let count = most.min(input.bytes().len());
        self.buffer.extend_from_slice(input.bytes().get(..count).unwrap_or_default());
        input.consume(count);
        count
    }

    fn line(&self) -> &[u8] {
        self.buffer.get(self.line_start..).unwrap_or_default()
    }

    /// Ready for the next command, and gives back the memory of this one.
    fn forget(&mut self) -> Zeroizing<Vec<u8>> {
        self.state = State::Line;
        self.line_start = 0;
        self.lines = 0;
        std::mem::take(&mut self.buffer)
    }

    fn enter(&mut self, state: State) -> Option<Outcome> {
        self.state = state;
        None
    }
}
