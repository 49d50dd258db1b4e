//! SEARCH, RFC 3501 section 6.4.4.

use ipc::service::mailbox::{MessageRow, Refusal};
use mime::Span;

use super::fetch::{Came, Download};
use super::{Answer, Ask, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::parse::{By, Charset};
use crate::proto::response::{self, Code};
use crate::proto::search::{Compiled, Facts, Header, compile};
use crate::proto::view::{Numbered, View};

/// Octets of a header that are searched as one; what is behind them is searched as the body is.
const HEADER_MAX: usize = 256 * 1024;
/// Octets that are read at once to find a header's end: most headers are shorter.
const HEADER_RUN: u32 = 32 * 1024;
/// Conditions that are tried before others have their turn.
const CONDITIONS: usize = 1 << 16;

#[derive(Debug)]
pub(super) struct Search {
    by: By,
    wanted: crate::proto::parse::Search,
    hits: Vec<u32>,
    stage: Stage,
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
        reading: Reading,
    },
}

/// A message of which more has to be known.
#[derive(Debug)]
struct Reading {
    message: Numbered,
    doing: Doing,
}

#[derive(Debug)]
enum Doing {
    /// A run of the header comes, behind those that are there.
    Collecting(Download, Vec<u8>),
    /// The header is looked at.
    Looking(Header),
    /// The whole message comes; so many octets of the header have yet to come by.
    Texts { download: Download, header: Header, header_left: usize },
}

impl Search {
    pub(super) fn new(by: By, wanted: crate::proto::parse::Search) -> Self {
        Search { by, wanted, hits: Vec::new(), stage: Stage::Start }
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
        compiled: Box<Compiled>,
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
            match compiled.test.holds(&facts(view, &message, None, None)) {
                Some(holds) => self.decide(&message, holds),
                None => {
                    let (reading, ask) = Reading::begin(message);
                    self.stage = Stage::Reading { compiled, place: from, reading };
                    return Ok(ask.into());
                }
            }
        }
        response::search(std::mem::take(&mut self.hits), io.output);
        Ok(Completion::ok("Searched.").into())
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
            Stage::Walking { compiled, place } => return self.walk(compiled, place, context, io),
            Stage::Reading { compiled, place, reading } => (compiled, place, reading),
        };
        match reading.take(&mut compiled, answer, context.view()?)? {
            Known::NotYet(turn) => {
                self.stage = Stage::Reading { compiled, place, reading };
                Ok(turn)
            }
            Known::Decided(holds) => {
                self.decide(&reading.message, holds);
                self.walk(compiled, place, context, io)
            }
        }
    }
}

/// Is it decided?
enum Known {
    NotYet(Turn),
    Decided(bool),
}

impl Reading {
    fn begin(message: Numbered) -> (Self, Ask) {
        let (download, ask) = Download::begin(message.row.uid, run(&message.row, 0));
        (Reading { message, doing: Doing::Collecting(download, Vec::new()) }, ask)
    }

    fn take(&mut self, compiled: &mut Compiled, answer: Option<Answer>, view: &View) -> Result<Known, Fault> {
        match &mut self.doing {
            Doing::Collecting(download, header) => {
                match download.take(answer)? {
                    Came::Announced(_) => {}
                    Came::Bytes(bytes) => header.extend_from_slice(&bytes),
                    Came::Refused(why) => return Ok(self.unreadable(why)),
                }
                if !download.is_complete() {
                    return Ok(Known::NotYet(Ask::Chunk.into()));
                }
                let header = std::mem::take(header);
                Ok(self.collected(header, compiled, view))
            }
            Doing::Looking(_) => Ok(self.look(compiled, view)),
            Doing::Texts { download, header, header_left } => {
                match download.take(answer)? {
                    Came::Announced(_) => {}
                    Came::Bytes(bytes) => {
                        let (of_header, body) = bytes.split_at((*header_left).min(bytes.len()));
                        *header_left = header_left.saturating_sub(of_header.len());
                        compiled.needles.feed(of_header, true);
                        compiled.needles.feed(body, false);
                    }
                    Came::Refused(why) => return Ok(self.unreadable(why)),
                }
                if !download.is_complete() {
                    return Ok(Known::NotYet(Ask::Chunk.into()));
                }
                let found = compiled.needles.found();
                let facts = facts(view, &self.message, Some(header), Some(&found));
                compiled.test.holds(&facts).map(Known::Decided).ok_or(Fault::OutOfPhase)
            }
        }
    }

    /// A run of the header is there: is it all of it?
    fn collected(&mut self, mut header: Vec<u8>, compiled: &mut Compiled, view: &View) -> Known {
        let row = self.message.row;
        let read = u32::try_from(header.len()).unwrap_or(u32::MAX);
        let end = header_end(&header);
        let grew = read > 0 && read % HEADER_RUN == 0;
        if end.is_none() && grew && read < row.size && header.len() < HEADER_MAX {
            let (download, ask) = Download::begin(row.uid, run(&row, read));
            self.doing = Doing::Collecting(download, header);
            return Known::NotYet(ask.into());
        }
        header.truncate(end.unwrap_or(header.len()));
        self.doing = Doing::Looking(Header::new(header));
        self.look(compiled, view)
    }

    /// Is the header enough, as far as it was looked at?
    fn look(&mut self, compiled: &mut Compiled, view: &View) -> Known {
        let Doing::Looking(header) = &mut self.doing else { return Known::Decided(false) };
        let more = header.look(&mut compiled.fields);
        if let Some(holds) = compiled.test.holds(&facts(view, &self.message, Some(header), None)) {
            return Known::Decided(holds);
        }
        if more {
            return Known::NotYet(Turn::Flush);
        }
        compiled.needles.rewind();
        let row = self.message.row;
        let (download, ask) = Download::begin(row.uid, Span { offset: 0, len: row.size.into() });
        let header = std::mem::replace(header, Header::new(Vec::new()));
        self.doing = Doing::Texts { download, header_left: header.len(), header };
        Known::NotYet(ask.into())
    }

    /// It is not found, and the others are.
    fn unreadable(&self, why: Refusal) -> Known {
        tracing::debug!(id = %self.message.row.id, ?why, "not searched");
        Known::Decided(false)
    }
}

fn run(row: &MessageRow, from: u32) -> Span {
    Span { offset: from.into(), len: row.size.saturating_sub(from).min(HEADER_RUN).into() }
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

/// Where the body begins: behind the first empty line.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let mut end = 0_usize;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end = end.saturating_add(line.len());
        if matches!(line, b"\n" | b"\r\n") {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_headers_end() {
        for (bytes, want) in [
            (&b"A: 1\r\n\r\nx"[..], Some(8)),
            (b"A: 1\n\nx", Some(6)),
            (b"\r\nx", Some(2)),
            (b"A: 1\r\n", None),
            (b"A: 1\r\n\r", None),
            (b"", None),
        ] {
            assert_eq!(header_end(bytes), want, "{}", bytes.escape_ascii());
        }
    }
}
