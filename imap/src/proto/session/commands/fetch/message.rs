//! One message of a FETCH.

use ipc::mail::Uid;
use ipc::service::mailbox::{MessageRow, Refusal};
use mime::header::{Pick, pick};
use mime::{Span, Structure};

use super::super::distrust::Distrust;
use super::download::{Came, Download};
use super::locate::{Located, Name, clip, locate, partial};
use super::structure::{Finding, Got};
use crate::proto::ask::{Answer, Ask};
use crate::proto::parse::{FetchItem, FieldName};
use crate::proto::response::{FetchLine, described};
use crate::proto::session::fault::Fault;
use crate::proto::session::running::fault;
use crate::proto::view::{Numbered, View};
use crate::proto::work::{Panicked, Product, Work, caught};

/// Bytes of a header of which fields are picked; fields beyond are not there.
const HEADER_MAX: u64 = 1 << 20;

/// A message that is being told.
#[derive(Debug)]
pub(super) struct Message {
    row: MessageRow,
    line: Option<FetchLine>,
    /// The item that is next, or under way.
    at: usize,
    structure: Option<Box<Structure>>,
    doing: Doing,
    trouble: Option<Refusal>,
}

#[derive(Debug)]
enum Doing {
    /// The next item.
    Next,
    Finding(Finding),
    /// Octets go through to the client.
    Passing(Download),
    /// A header, of which fields will be picked.
    Collecting {
        download: Download,
        header: Vec<u8>,
        names: Vec<FieldName>,
        pick: Pick,
    },
    /// Fields of a header are being picked.
    Picking,
    /// A parser panicked on the message.
    Distrusting(Distrust),
}

/// What comes next.
pub(super) enum Progress {
    Ask(Ask),
    Flush,
    /// All items are told, but for what could not be.
    Told(Option<Refusal>),
}

impl Message {
    /// Begins to tell it.
    pub(super) fn begin(Numbered { sequence, row }: Numbered, out: &mut Vec<u8>) -> Self {
        let line = Some(FetchLine::begin(sequence, out));
        let structure = row.opaque.then(|| opaque(&row));
        Message { row, line, at: 0, structure, doing: Doing::Next, trouble: None }
    }

    /// Is it text that nobody parses?
    pub(super) fn is_opaque(&self) -> bool {
        self.row.opaque
    }

    pub(super) fn uid(&self) -> Uid {
        self.row.uid
    }

    /// Ends the response, with the flags if a view is given to name them.
    pub(super) fn end(&mut self, flags: Option<&View>, out: &mut Vec<u8>) {
        let Some(mut line) = self.line.take() else { return };
        if let Some(view) = flags {
            view.flags(&self.row, &mut line, out);
        }
        line.end(out);
    }

    /// Goes on.
    pub(super) fn resume(
        &mut self,
        items: &[FetchItem],
        view: &View,
        answer: Option<Answer>,
        out: &mut Vec<u8>,
    ) -> Result<Progress, Fault> {
        let mut answer = answer;
        loop {
            let next = match std::mem::replace(&mut self.doing, Doing::Next) {
                doing if matches!(answer, Some(Answer::Panicked)) => return self.distrust(doing.under_way()),
                Doing::Next => match items.get(self.at) {
                    None => return Ok(Progress::Told(self.trouble)),
                    Some(item) => self.item(item, view, out)?,
                },
                Doing::Finding(finding) => self.find(finding, answer.take())?,
                Doing::Passing(download) => {
                    let item = items.get(self.at).ok_or(Fault::OutOfPhase)?;
                    self.pass(download, item, answer.take(), out)?
                }
                Doing::Collecting { download, header, names, pick } => {
                    let item = items.get(self.at).ok_or(Fault::OutOfPhase)?;
                    self.collect(download, header, (names, pick), item, answer.take(), out)?
                }
                Doing::Picking => {
                    let item = items.get(self.at).ok_or(Fault::OutOfPhase)?;
                    self.picked(item, answer.take(), out)?
                }
                Doing::Distrusting(distrust) => self.distrusted(distrust, answer.take())?,
            };
            if let Some(progress) = next {
                return Ok(progress);
            }
        }
    }

    /// Begins an item; tells it, if that needs nothing more.
    fn item(&mut self, item: &FetchItem, view: &View, out: &mut Vec<u8>) -> Result<Option<Progress>, Fault> {
        match locate(item, self.structure.as_deref(), self.row.size) {
            None => self.fact(item, view, out),
            Some(Located::NeedsStructure) => Ok(Some(self.find_structure())),
            Some(Located::Absent) => {
                self.tell(item, None, out)?;
                Ok(None)
            }
            Some(Located::Octets(span)) => {
                let span = clip(span, partial(item));
                if span.len == 0 {
                    self.tell(item, Some(b""), out)?;
                    return Ok(None);
                }
                let (download, ask) = Download::begin(self.row.uid, span);
                self.doing = Doing::Passing(download);
                Ok(Some(Progress::Ask(ask)))
            }
            Some(Located::Fields(span, names, pick)) => {
                let span = Span { offset: span.offset, len: span.len.min(HEADER_MAX) };
                let (download, ask) = Download::begin(self.row.uid, span);
                self.doing = Doing::Collecting { download, header: Vec::new(), names: names.to_vec(), pick };
                Ok(Some(Progress::Ask(ask)))
            }
        }
    }

    /// Items that are no text.
    fn fact(&mut self, item: &FetchItem, view: &View, out: &mut Vec<u8>) -> Result<Option<Progress>, Fault> {
        let line = self.line.as_mut().ok_or(Fault::OutOfPhase)?;
        match item {
            FetchItem::Uid => line.uid(self.row.uid, out),
            FetchItem::Flags => view.flags(&self.row, line, out),
            FetchItem::InternalDate => line.internal_date(self.row.internal_date, out),
            FetchItem::Rfc822Size => line.size(self.row.size.into(), out),
            _ => {
                let Some(structure) = &self.structure else { return Ok(Some(self.find_structure())) };
                match caught(|| described(item, structure)) {
                    Ok(Some(description)) => line.description(&description, out),
                    Ok(None) => return Err(Fault::OutOfPhase),
                    Err(Panicked) => return self.distrust(None).map(Some),
                }
            }
        }
        self.at = self.at.saturating_add(1);
        Ok(None)
    }

    /// A parser panicked: from here on it is text, and the item is told once more.
    fn distrust(&mut self, under_way: Option<Download>) -> Result<Progress, Fault> {
        if self.row.opaque {
            // of that nothing is parsed
            return Err(Fault::OutOfPhase);
        }
        let (distrust, ask) = Distrust::begin(&self.row, under_way);
        self.doing = Doing::Distrusting(distrust);
        Ok(Progress::Ask(ask))
    }

    fn distrusted(
        &mut self,
        mut distrust: Distrust,
        answer: Option<Answer>,
    ) -> Result<Option<Progress>, Fault> {
        if let Some(ask) = distrust.take(answer)? {
            self.doing = Doing::Distrusting(distrust);
            return Ok(Some(Progress::Ask(ask)));
        }
        self.row.opaque = true;
        self.structure = Some(opaque(&self.row));
        Ok(None)
    }

    fn find_structure(&mut self) -> Progress {
        let (finding, ask) = Finding::begin(self.row.uid);
        self.doing = Doing::Finding(finding);
        Progress::Ask(ask)
    }

    fn find(&mut self, mut finding: Finding, answer: Option<Answer>) -> Result<Option<Progress>, Fault> {
        match finding.take(&self.row, answer)? {
            Got::NotYet(ask) => {
                self.doing = Doing::Finding(finding);
                return Ok(Some(Progress::Ask(ask)));
            }
            Got::Structure(structure) => self.structure = Some(structure),
            Got::Unreadable(structure, why) => {
                self.structure = Some(structure);
                self.trouble = Some(why);
            }
            Got::Panicked => return self.distrust(finding.under_way()).map(Some),
        }
        Ok(None)
    }

    fn pass(
        &mut self,
        mut download: Download,
        item: &FetchItem,
        answer: Option<Answer>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Progress>, Fault> {
        // after a flush there is no answer, and nothing to take
        if let Some(answer) = answer {
            match download.take(Some(answer))? {
                Came::Refused(why) => return self.refused(item, why, out),
                Came::Announced(length) => {
                    tracing::debug!(id = %self.row.id, bytes = length, "served");
                    self.announce(item, length, out)?;
                }
                Came::Bytes(bytes) => {
                    without_nul(&bytes, out);
                    if !download.is_complete() {
                        self.doing = Doing::Passing(download);
                        return Ok(Some(Progress::Flush));
                    }
                }
            }
        }
        if download.is_complete() {
            self.at = self.at.saturating_add(1);
            return Ok(None);
        }
        self.doing = Doing::Passing(download);
        Ok(Some(Progress::Ask(Ask::Chunk)))
    }

    fn collect(
        &mut self,
        mut download: Download,
        mut header: Vec<u8>,
        (names, how): (Vec<FieldName>, Pick),
        item: &FetchItem,
        answer: Option<Answer>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Progress>, Fault> {
        match download.take(answer)? {
            Came::Refused(why) => return self.refused(item, why, out),
            Came::Announced(_) => {}
            Came::Bytes(bytes) => header.extend_from_slice(&bytes),
        }
        if !download.is_complete() {
            self.doing = Doing::Collecting { download, header, names, pick: how };
            return Ok(Some(Progress::Ask(Ask::Chunk)));
        }
        self.doing = Doing::Picking;
        // each field is held against each name
        let octets = header.len().saturating_mul(names.len().max(1));
        let work = Work::new(octets, move || {
            let names: Vec<&[u8]> = names.iter().map(|name| name.as_str().as_bytes()).collect();
            Product::Fields(pick(&header, &names, how))
        });
        Ok(Some(Progress::Ask(Ask::Work(work))))
    }

    fn picked(
        &mut self,
        item: &FetchItem,
        answer: Option<Answer>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Progress>, Fault> {
        let picked = match answer {
            Some(Answer::Product(Product::Fields(picked))) => picked,
            other => return Err(fault(other.as_ref())),
        };
        let whole = Span { offset: 0, len: u64::try_from(picked.len()).unwrap_or(u64::MAX) };
        let Span { offset, len } = clip(whole, partial(item));
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let clipped = picked.iter().skip(place(offset)).take(place(len)).copied().collect::<Vec<u8>>();
        self.tell(item, Some(&clipped), out)?;
        Ok(None)
    }

    fn refused(
        &mut self,
        item: &FetchItem,
        why: Refusal,
        out: &mut Vec<u8>,
    ) -> Result<Option<Progress>, Fault> {
        self.trouble = Some(why);
        self.tell(item, None, out)?;
        Ok(None)
    }

    /// Tells a text that is at hand, or `NIL`, and goes to the next item.
    fn tell(&mut self, item: &FetchItem, text: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.at = self.at.saturating_add(1);
        let Some(text) = text else {
            let line = self.line.as_mut().ok_or(Fault::OutOfPhase)?;
            match Name::of(item).ok_or(Fault::OutOfPhase)? {
                Name::Section(section, partial) => line.body_text(section, partial, None, out),
                Name::Rfc822(name) => line.rfc822_absent(name, out),
            }
            return Ok(());
        };
        self.announce(item, u32::try_from(text.len()).unwrap_or(u32::MAX), out)?;
        without_nul(text, out);
        Ok(())
    }

    /// The name, and a literal of that length up to its octets.
    fn announce(&mut self, item: &FetchItem, length: u32, out: &mut Vec<u8>) -> Result<(), Fault> {
        let line = self.line.as_mut().ok_or(Fault::OutOfPhase)?;
        match Name::of(item).ok_or(Fault::OutOfPhase)? {
            Name::Section(section, partial) => line.body(section, partial, length.into(), out),
            Name::Rfc822(name) => line.rfc822(name, length.into(), out),
        }
        Ok(())
    }
}

impl Doing {
    /// What of the message is being read.
    fn under_way(self) -> Option<Download> {
        match self {
            Doing::Finding(finding) => finding.under_way(),
            _ => None,
        }
    }
}

fn opaque(row: &MessageRow) -> Box<Structure> {
    Box::new(Structure::opaque(row.size.into()))
}

/// No literal can hold NUL (CHAR8, RFC 3501 section 9); mail that came without IMAP may.
fn without_nul(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.contains(&0) {
        out.extend(bytes.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }));
    } else {
        out.extend_from_slice(bytes);
    }
}
