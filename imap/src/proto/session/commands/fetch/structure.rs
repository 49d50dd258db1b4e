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

/// The way to a structure.
#[derive(Debug)]
pub(super) enum Finding {
    /// The store was asked for the one it has.
    Stored,
    /// The message streams by.
    Computing(Download, Box<Scanner>),
}

/// How far it is.
pub(super) enum Got {
    NotYet(Ask),
    Structure(Box<Structure>),
    /// The message cannot be read; this is the structure of an empty one.
    Unreadable(Box<Structure>, Refusal),
}

impl Finding {
    /// The question that begins it.
    pub(super) fn begin(uid: Uid) -> (Self, Ask) {
        (Finding::Stored, Ask::Request(MailboxRequest::Structure { uid }))
    }

    /// Takes an answer.
    pub(super) fn take(&mut self, row: &MessageRow, answer: Option<Answer>) -> Result<Got, Fault> {
        match self {
            Finding::Stored => match reply(answer)? {
                MailboxReply::Structure(bytes) => match decode(&bytes, row) {
                    Some(structure) => Ok(Got::Structure(Box::new(structure))),
                    None => Ok(self.compute(row)),
                },
                MailboxReply::Refused(why) => Ok(unreadable(why)),
                _ => Err(Fault::OutOfPhase),
            },
            Finding::Computing(download, scanner) => {
                match download.take(answer)? {
                    Came::Announced(_) => {}
                    Came::Bytes(bytes) => scanner.push(&bytes),
                    Came::Refused(why) => return Ok(unreadable(why)),
                }
                if !download.is_complete() {
                    return Ok(Got::NotYet(Ask::Chunk));
                }
                let scanner = std::mem::replace(scanner, Box::new(Scanner::new(Limits::default())));
                Ok(Got::Structure(Box::new(scanner.finish())))
            }
        }
    }

    fn compute(&mut self, row: &MessageRow) -> Got {
        let (download, ask) = Download::begin(row.uid, Span { offset: 0, len: row.size.into() });
        *self = Finding::Computing(download, Box::new(Scanner::new(Limits::default())));
        Got::NotYet(ask)
    }
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
