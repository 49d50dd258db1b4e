//! The structure of a message: as it was stored, or computed anew.

use ipc::codec::decode_record;
use ipc::mail::Uid;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, MessageRow, Refusal};
use ipc::service::upload::STRUCTURE_MAX;
use mime::{Limits, Scanner, Span, Structure};

use super::download::{Came, Download};
use crate::proto::ask::{Answer, Ask};
use crate::proto::session::fault::Fault;
use crate::proto::session::running::reply;
use crate::proto::work::{Panicked, Product, Work, caught};

/// The way to a structure.
#[derive(Debug)]
pub(in crate::proto::session::commands) enum Finding {
    /// The store was asked for the one it has.
    Stored,
    /// The message streams by; the scanner is away while it is at work.
    Computing(Download, Option<Box<Scanner>>),
}

/// How far it is.
pub(in crate::proto::session::commands) enum Got {
    NotYet(Ask),
    Structure(Box<Structure>),
    /// The message cannot be read; this is the structure of an empty one.
    Unreadable(Box<Structure>, Refusal),
    /// The message is not to be parsed.
    Panicked,
}

impl Finding {
    /// The question that begins it.
    pub(in crate::proto::session::commands) fn begin(uid: Uid) -> (Self, Ask) {
        (Finding::Stored, Ask::Request(MailboxRequest::Structure { uid }))
    }

    /// Takes an answer.
    pub(in crate::proto::session::commands) fn take(
        &mut self,
        row: &MessageRow,
        answer: Option<Answer>,
    ) -> Result<Got, Fault> {
        match self {
            Finding::Stored => match reply(answer)? {
                MailboxReply::Structure(bytes) => match caught(|| decode(&bytes, row)) {
                    Ok(Some(structure)) => Ok(Got::Structure(Box::new(structure))),
                    Ok(None) => Ok(self.compute(row)),
                    Err(Panicked) => Ok(Got::Panicked),
                },
                MailboxReply::Refused(why) => Ok(unreadable(why)),
                _ => Err(Fault::OutOfPhase),
            },
            Finding::Computing(download, scanner) => match answer {
                Some(Answer::Product(Product::Scanner(back))) if scanner.is_none() => {
                    *scanner = Some(back);
                    Ok(Got::NotYet(Ask::Chunk))
                }
                Some(Answer::Product(Product::Structure(structure))) if scanner.is_none() => {
                    Ok(Got::Structure(structure))
                }
                answer => {
                    let bytes = match download.take(answer)? {
                        Came::Announced(length) if length > 0 => return Ok(Got::NotYet(Ask::Chunk)),
                        Came::Announced(_) => Vec::new(),
                        Came::Bytes(bytes) => bytes,
                        Came::Refused(why) => return Ok(unreadable(why)),
                    };
                    let scanner = scanner.take().ok_or(Fault::OutOfPhase)?;
                    let work = if download.is_complete() {
                        finish(scanner, bytes, row)
                    } else {
                        scan(scanner, bytes, row)
                    };
                    Ok(Got::NotYet(Ask::Work(work)))
                }
            },
        }
    }

    /// What of the message is being read.
    pub(in crate::proto::session::commands) fn under_way(self) -> Option<Download> {
        match self {
            Finding::Stored => None,
            Finding::Computing(download, _) => Some(download),
        }
    }

    fn compute(&mut self, row: &MessageRow) -> Got {
        let (download, ask) = Download::begin(row.uid, Span { offset: 0, len: row.size.into() });
        *self = Finding::Computing(download, Some(Box::new(Scanner::new(Limits::default()))));
        Got::NotYet(ask)
    }
}

/// Some of the message. Each piece counts as much as the whole: it is the whole that takes its time.
fn scan(mut scanner: Box<Scanner>, bytes: Vec<u8>, row: &MessageRow) -> Work {
    Work::new(size(row), move || {
        scanner.push(&bytes);
        Product::Scanner(scanner)
    })
}

/// The last of it.
fn finish(mut scanner: Box<Scanner>, bytes: Vec<u8>, row: &MessageRow) -> Work {
    Work::new(size(row), move || {
        scanner.push(&bytes);
        Product::Structure(Box::new(scanner.finish()))
    })
}

fn size(row: &MessageRow) -> usize {
    usize::try_from(row.size).unwrap_or(usize::MAX)
}

/// What is stored was computed by a process that read hostile input, and is hostile itself.
fn decode(bytes: &[u8], row: &MessageRow) -> Option<Structure> {
    if bytes.is_empty() {
        tracing::debug!(id = %row.id, "no structure is stored; computed");
        return None;
    }
    let structure = if bytes.len() > STRUCTURE_MAX { None } else { decode_record::<Structure>(bytes).ok() };
    let good = structure.filter(|structure| structure.check(row.size.into()).is_ok());
    if good.is_none() {
        tracing::warn!(id = %row.id, "the stored structure is wrong; computed anew");
    }
    good
}

fn unreadable(why: Refusal) -> Got {
    Got::Unreadable(Box::new(Scanner::new(Limits::default()).finish()), why)
}
