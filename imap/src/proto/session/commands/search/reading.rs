//! One message of a SEARCH, of which more has to be known than its row: the header first, then its texts.

use ipc::service::mailbox::{Foreseen, MessageRow, Refusal};
use mime::{Span, Structure};

use super::super::distrust::Distrust;
use super::super::fetch::{Came, Download, Finding, Got};
use super::super::{Answer, Ask, Fault, Turn};
use super::facts;
use crate::proto::search::{BodySearch, Compiled, Header};
use crate::proto::session::running::fault;
use crate::proto::view::{Numbered, View};
use crate::proto::work::{Panicked, Product, Work, caught};

/// Octets of a header that are searched.
const HEADER_MAX: usize = 256 * 1024;
/// Octets that are read at once to find a header's end: most headers, and many messages, are shorter.
const HEADER_RUN: u32 = 16 * 1024;
/// A message of at most so many octets is read as a whole when texts are looked for in it.
const WHOLE: u32 = 64 * 1024;

/// The message, and how far it is read.
#[derive(Debug)]
pub(super) struct Reading {
    message: Numbered,
    doing: Doing,
}

/// Is it decided?
#[derive(Debug)]
pub(super) enum Known {
    NotYet(Turn),
    Decided(bool),
}

#[derive(Debug)]
enum Doing {
    /// A run of the header comes, behind those that are there.
    Collecting(Download, Vec<u8>),
    /// The header is looked at.
    Looking(Head),
    /// What the message consists of is found out.
    Structuring(Header, Finding),
    /// What can hold the texts comes; the search is away while it is at work.
    Texts { header: Header, download: Download, search: Option<Box<BodySearch>> },
    /// A parser panicked on it.
    Distrusting(Distrust),
    /// Nothing yet.
    Beginning,
}

/// What came first of a message.
#[derive(Debug)]
struct Head {
    header: Header,
    /// The whole message, when it is no longer than what is read first.
    whole: Option<Vec<u8>>,
}

impl Reading {
    pub(super) fn new(message: Numbered) -> Self {
        Reading { message, doing: Doing::Beginning }
    }

    pub(super) fn message(&self) -> &Numbered {
        &self.message
    }

    pub(super) fn begin(&mut self, compiled: &mut Compiled, view: &View) -> Known {
        let row = self.message.row;
        let First::Run(run) = First::of(&row, compiled) else {
            return self.headed(Vec::new(), None, compiled, view);
        };
        let (download, ask) = Download::begin(row.uid, run);
        self.doing = Doing::Collecting(download, Vec::new());
        Known::NotYet(ask.into())
    }

    pub(super) fn take(
        &mut self,
        compiled: &mut Compiled,
        answer: Option<Answer>,
        view: &mut View,
    ) -> Result<Known, Fault> {
        let doing = std::mem::replace(&mut self.doing, Doing::Beginning);
        if let Some(Answer::Panicked) = answer {
            return Ok(self.distrust(doing.under_way()));
        }
        match doing {
            Doing::Beginning => Err(Fault::OutOfPhase),
            Doing::Collecting(download, header) => self.collect(download, header, answer, compiled, view),
            Doing::Looking(head) => Ok(self.look(head, compiled, view)),
            Doing::Structuring(header, finding) => self.structure(header, finding, answer, compiled, view),
            Doing::Texts { header, download, search } => match (search, answer) {
                (None, Some(Answer::Product(Product::Searched(search)))) => {
                    Ok(self.searched(header, download, search, compiled, view))
                }
                (Some(search), answer) => self.text(header, download, search, answer, compiled, view),
                (None, answer) => Err(fault(answer.as_ref())),
            },
            Doing::Distrusting(mut distrust) => {
                if let Some(ask) = distrust.take(answer)? {
                    self.doing = Doing::Distrusting(distrust);
                    return Ok(Known::NotYet(ask.into()));
                }
                view.distrust(self.message.row.uid);
                self.message.row.opaque = true;
                Ok(self.begin(compiled, view))
            }
        }
    }

    fn collect(
        &mut self,
        mut download: Download,
        mut header: Vec<u8>,
        answer: Option<Answer>,
        compiled: &mut Compiled,
        view: &View,
    ) -> Result<Known, Fault> {
        match download.take(answer)? {
            Came::Announced(_) => {}
            Came::Bytes(bytes) => header.extend_from_slice(&bytes),
            Came::Refused(why) => return Ok(self.unreadable(why)),
        }
        if !download.is_complete() {
            self.doing = Doing::Collecting(download, header);
            return Ok(Known::NotYet(Ask::Chunk.into()));
        }
        let row = self.message.row;
        let read = u32::try_from(header.len()).unwrap_or(u32::MAX);
        let end = header_end(&header);
        let grew = read > 0 && read % HEADER_RUN == 0;
        if end.is_none() && grew && read < row.size && header.len() < HEADER_MAX {
            let (download, ask) = Download::begin(row.uid, run(&row, read));
            self.doing = Doing::Collecting(download, header);
            return Ok(Known::NotYet(ask.into()));
        }
        let whole = (read == row.size && compiled.needles.count() > 0).then(|| header.clone());
        header.truncate(end.unwrap_or(header.len()));
        Ok(self.headed(header, whole, compiled, view))
    }

    /// The header is there.
    fn headed(
        &mut self,
        header: Vec<u8>,
        whole: Option<Vec<u8>>,
        compiled: &mut Compiled,
        view: &View,
    ) -> Known {
        match caught(|| Header::new(header)) {
            Ok(header) => self.look(Head { header, whole }, compiled, view),
            Err(Panicked) => self.distrust(None),
        }
    }

    /// Is the header enough, as far as it was looked at?
    fn look(&mut self, mut head: Head, compiled: &mut Compiled, view: &View) -> Known {
        let Ok(more) = caught(|| head.header.look(&mut compiled.fields)) else { return self.distrust(None) };
        if let Some(holds) = compiled.test.holds(&facts(view, &self.message, Some(&head.header), None)) {
            return Known::Decided(holds);
        }
        if more {
            self.doing = Doing::Looking(head);
            return Known::NotYet(Turn::Flush);
        }
        let row = self.message.row;
        let Head { header, whole } = head;
        if let Some(bytes) = whole {
            let work = BodySearch::whole(bytes, compiled.needles.clone());
            self.doing = Doing::Texts { header, download: Download::complete(), search: None };
            return Known::NotYet(Ask::Work(work).into());
        }
        if row.opaque {
            let search = BodySearch::raw(row.size, compiled.needles.clone());
            return self.next_run(header, Box::new(search), compiled, view);
        }
        let (finding, ask) = Finding::begin(row.uid);
        self.doing = Doing::Structuring(header, finding);
        Known::NotYet(ask.into())
    }

    fn structure(
        &mut self,
        header: Header,
        mut finding: Finding,
        answer: Option<Answer>,
        compiled: &Compiled,
        view: &View,
    ) -> Result<Known, Fault> {
        Ok(match finding.take(&self.message.row, answer)? {
            Got::NotYet(ask) => {
                self.doing = Doing::Structuring(header, finding);
                Known::NotYet(ask.into())
            }
            Got::Structure(structure) => self.structured(header, &structure, compiled, view),
            Got::Unreadable(_, why) => self.unreadable(why),
            Got::Panicked => self.distrust(finding.under_way()),
        })
    }

    fn structured(
        &mut self,
        header: Header,
        structure: &Structure,
        compiled: &Compiled,
        view: &View,
    ) -> Known {
        match caught(|| BodySearch::new(structure, compiled.needles.clone())) {
            Ok(search) => self.next_run(header, Box::new(search), compiled, view),
            Err(Panicked) => self.distrust(None),
        }
    }

    fn next_run(
        &mut self,
        header: Header,
        mut search: Box<BodySearch>,
        compiled: &Compiled,
        view: &View,
    ) -> Known {
        let Some(span) = search.next_run() else {
            let found = search.found();
            let facts = facts(view, &self.message, Some(&header), Some(&found));
            return Known::Decided(compiled.test.holds(&facts).unwrap_or_default());
        };
        let (download, ask) = Download::begin(self.message.row.uid, span);
        self.doing = Doing::Texts { header, download, search: Some(search) };
        Known::NotYet(ask.into())
    }

    fn text(
        &mut self,
        header: Header,
        mut download: Download,
        mut search: Box<BodySearch>,
        answer: Option<Answer>,
        compiled: &Compiled,
        view: &View,
    ) -> Result<Known, Fault> {
        let bytes = match download.take(answer)? {
            Came::Announced(_) => return Ok(self.searched(header, download, search, compiled, view)),
            Came::Bytes(bytes) => bytes,
            Came::Refused(why) => return Ok(self.unreadable(why)),
        };
        self.doing = Doing::Texts { header, download, search: None };
        let work = Work::new(search.cost(bytes.len()), move || {
            search.feed(&bytes);
            Product::Searched(search)
        });
        Ok(Known::NotYet(Ask::Work(work).into()))
    }

    /// What came of the run is searched.
    fn searched(
        &mut self,
        header: Header,
        download: Download,
        search: Box<BodySearch>,
        compiled: &Compiled,
        view: &View,
    ) -> Known {
        if download.is_complete() {
            return self.next_run(header, search, compiled, view);
        }
        self.doing = Doing::Texts { header, download, search: Some(search) };
        Known::NotYet(Ask::Chunk.into())
    }

    fn distrust(&mut self, under_way: Option<Download>) -> Known {
        let row = self.message.row;
        if row.opaque {
            // of that nothing is parsed; if it panics all the same, it is not found
            return Known::Decided(false);
        }
        let (distrust, ask) = Distrust::begin(&row, under_way);
        self.doing = Doing::Distrusting(distrust);
        Known::NotYet(ask.into())
    }

    /// It is not found, and the others are.
    fn unreadable(&self, why: Refusal) -> Known {
        tracing::debug!(id = %self.message.row.id, ?why, "not searched");
        Known::Decided(false)
    }
}

impl Doing {
    /// What of the message is being read.
    fn under_way(self) -> Option<Download> {
        match self {
            Doing::Structuring(_, finding) => finding.under_way(),
            Doing::Texts { download, .. } => Some(download),
            _ => None,
        }
    }
}

/// What is asked first of a message.
enum First {
    /// The run that holds its header, or all of it.
    Run(Span),
    /// Its structure: the header says nothing that is asked for.
    Structure,
    /// All of it, as text nobody parses.
    Raw,
}

impl First {
    fn of(row: &MessageRow, compiled: &Compiled) -> Self {
        let whole = compiled.needles.count() > 0 && row.size <= WHOLE;
        match () {
            () if row.opaque => First::Raw,
            () if whole => First::Run(Span { offset: 0, len: row.size.into() }),
            () if compiled.reads_header => First::Run(run(row, 0)),
            () => First::Structure,
        }
    }
}

/// What will be asked first of a message, as it can be foreseen.
pub(super) fn first(row: &MessageRow, compiled: &Compiled) -> Foreseen {
    let uid = row.uid;
    match First::of(row, compiled) {
        First::Run(Span { offset, len }) => {
            let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            Foreseen::Body { uid, offset: number(offset), length: number(len) }
        }
        First::Structure => Foreseen::Structure { uid },
        First::Raw => Foreseen::Body { uid, offset: 0, length: row.size },
    }
}

fn run(row: &MessageRow, from: u32) -> Span {
    Span { offset: from.into(), len: row.size.saturating_sub(from).min(HEADER_RUN).into() }
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
