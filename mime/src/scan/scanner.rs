//! The scanner: which lines begin and end which parts.

use super::{
    fields::{Fields, Owner},
    line::{Delimiter, Line},
    part::{self, Content, DefaultType},
};
use crate::{
    limits::Limits,
    structure::{Budget, Kind, Part, Span, Structure},
};

/// Reads a message as it streams by and finds its [`Structure`].
///
/// The result does not depend on how the message is cut into pieces. Memory is bounded by the [`Limits`], whatever the
/// message: about a MiB at the worst, some KiB for an ordinary one. Lines end in CRLF or a bare LF; a bare CR is
/// text. A boundary line is `--boundary`, or `--boundary--`, and nothing but white space; the innermost multipart that
/// claims it has it, and everything inside that one ends there (RFC 2046 section 5.1.2).
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    budget: Budget,
    parts: Vec<Part>,
    open: Vec<Open>,
    phase: Phase,
    line: Line,
    /// What lies before the current line.
    before: Position,
    /// What lies before the next byte.
    offset: u64,
    /// How long the line end in front of the current line is.
    line_end: u64,
}

/// A place at the start of a line, or the end of the message.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    offset: u64,
    lines: u64,
}

/// What the current line belongs to: the header or the body of the innermost open part.
#[derive(Debug)]
enum Phase {
    Header { fields: Box<Fields>, default: DefaultType },
    Body,
}

/// A part that has not ended.
#[derive(Debug)]
struct Open {
    /// Its index.
    part: usize,
    /// Line ends before its body.
    lines_before: u64,
    inside: Inside,
}

/// What an open part can still contain.
#[derive(Debug)]
enum Inside {
    /// Text, or one message that has begun.
    Text,
    /// Parts, each behind a line with this boundary.
    Parts { boundary: Vec<u8>, children: DefaultType },
}

impl Scanner {
    /// A scanner at the start of a message. Limits above what a reader accepts are lowered to that.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = limits.clamped();
        let mut scanner = Scanner {
            limits,
            budget: Budget::new(limits.weight),
            parts: Vec::new(),
            open: Vec::new(),
            phase: Phase::Body,
            line: Line::default(),
            before: Position::default(),
            offset: 0,
            line_end: 0,
        };
        scanner.begin(Position::default(), DefaultType::Plain, Owner::Message);
        scanner
    }

    /// The next bytes of the message.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let (text, rest) = bytes.split_at(at);
            self.feed(text);
            self.offset = self.offset.saturating_add(1);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.feed(bytes);
    }

    /// The end of the message: what it consists of.
    #[must_use]
    pub fn finish(mut self) -> Structure {
        if self.offset > self.before.offset {
            // the last line has no end; it may be a boundary all the same
            let end = Position { offset: self.offset, lines: self.before.lines };
            self.read_boundary(end);
            self.before = end;
        }
        let end = self.before;
        self.end_header(end);
        self.close_above(0, end);
        Structure { parts: self.parts }
    }

    fn feed(&mut self, text: &[u8]) {
        self.line.feed(text);
        if let Phase::Header { fields, .. } = &mut self.phase {
            fields.feed(text);
        }
        self.offset = self.offset.saturating_add(text.len() as u64);
    }

    fn end_line(&mut self) {
        let next = Position { offset: self.offset, lines: self.before.lines.saturating_add(1) };
        if !self.read_boundary(next)
            && let Phase::Header { fields, .. } = &mut self.phase
        {
            fields.end_line();
            if self.line.is_empty() {
                self.end_one_header(next);
            }
        }
        self.line_end = self.line.end_len();
        self.line.clear();
        self.before = next;
    }

    /// Does what the current line says if it is a boundary line; `next` is the place behind it.
    fn read_boundary(&mut self, next: Position) -> bool {
        let Some((level, delimiter, children)) = self.delimiter() else { return false };
        match delimiter {
            Delimiter::Open => {
                if !self.has_room(Owner::Part) {
                    return false;
                }
                self.end_inner(level);
                self.begin(next, children, Owner::Part);
            }
            Delimiter::Close => {
                self.end_inner(level);
                if let Some(open) = self.open.last_mut() {
                    open.inside = Inside::Text;
                }
            }
        }
        true
    }

    /// The innermost open multipart whose boundary the current line is.
    fn delimiter(&self) -> Option<(usize, Delimiter, DefaultType)> {
        if !self.line.is_candidate() {
            return None;
        }
        self.open.iter().enumerate().rev().find_map(|(level, open)| match &open.inside {
            Inside::Parts { boundary, children } => {
                self.line.delimiter(boundary).map(|delimiter| (level, delimiter, *children))
            }
            Inside::Text => None,
        })
    }

    /// Ends everything inside the multipart at `level`, in front of the current line. The line end before a boundary
    /// belongs to the boundary (RFC 2046 section 5.1.1), unless it is one of the header's.
    fn end_inner(&mut self, level: usize) {
        let mut end = self.before;
        let in_body = matches!(self.phase, Phase::Body);
        let floor = self.innermost().map_or(0, |part| part.body.offset);
        let text_end = end.offset.saturating_sub(self.line_end);
        if in_body && text_end >= floor && end.offset > floor {
            end = Position { offset: text_end, lines: end.lines.saturating_sub(1) };
        }
        self.end_header(end);
        self.close_above(level.saturating_add(1), end);
    }

    /// Ends the header that is being read, if any, and that of a message it announces, which is empty.
    fn end_header(&mut self, at: Position) {
        while matches!(self.phase, Phase::Header { .. }) {
            self.end_one_header(at);
        }
    }

    /// The innermost part's header ends at `at`: reads it, and begins the message it announces.
    fn end_one_header(&mut self, at: Position) {
        let Phase::Header { mut fields, default } = std::mem::replace(&mut self.phase, Phase::Body) else {
            return;
        };
        fields.end_line();
        let Some((open, part)) = self.open.last_mut().and_then(|open| {
            let part = self.parts.get_mut(open.part)?;
            Some((open, part))
        }) else {
            return;
        };
        part.header = Span::between(part.header.offset, at.offset);
        part.body = Span { offset: at.offset, len: 0 };
        open.lines_before = at.lines;
        let content = part::describe(part, &fields, default, &mut self.budget);
        if fields.owner() == Owner::Message {
            part.envelope = Some(Box::new(part::envelope(&fields, &mut self.budget)));
        }
        self.enter(content, at);
    }

    /// Opens the innermost part, if it is a container and there is room.
    fn enter(&mut self, content: Content, at: Position) {
        let owner = if content == Content::Message { Owner::Message } else { Owner::Part };
        let fits = self.open.len() <= usize::from(self.limits.depth) && self.has_room(owner);
        let Some(open) = self.open.last_mut() else { return };
        let Some(part) = self.parts.get_mut(open.part) else { return };
        match content {
            Content::Leaf => {}
            _ if !fits => part::become_opaque(part),
            Content::Multipart { boundary, children } => {
                part.kind = Kind::Multipart;
                open.inside = Inside::Parts { boundary, children };
            }
            Content::Message => {
                part.kind = Kind::Message;
                self.begin(at, DefaultType::Plain, Owner::Message);
            }
        }
    }

    /// Can a part still be begun?
    fn has_room(&self, owner: Owner) -> bool {
        self.parts.len() < self.limits.parts && self.budget.can_pay(part::least_weight(owner))
    }

    fn begin(&mut self, at: Position, default: DefaultType, owner: Owner) {
        self.budget.pay(part::least_weight(owner));
        let depth = u16::try_from(self.open.len()).unwrap_or(u16::MAX);
        self.open.push(Open { part: self.parts.len(), lines_before: at.lines, inside: Inside::Text });
        self.parts.push(part::begun(depth, at.offset));
        let fields = Fields::new(owner, self.limits.mime_header, self.limits.envelope_header);
        self.phase = Phase::Header { fields: Box::new(fields), default };
    }

    /// Ends the open parts from `level` inwards.
    fn close_above(&mut self, level: usize, end: Position) {
        let count = self.parts.len();
        for open in self.open.drain(level.min(self.open.len())..) {
            let Some(part) = self.parts.get_mut(open.part) else { continue };
            part.body = Span::between(part.body.offset, end.offset);
            part.lines = end.lines.saturating_sub(open.lines_before);
            if part.kind == Kind::Multipart && open.part.saturating_add(1) == count {
                part::become_text(part);
            }
        }
    }

    fn innermost(&self) -> Option<&Part> {
        self.parts.get(self.open.last()?.part)
    }
}

#[cfg(test)]
mod tests;
