//! A run of a message's bytes on its way from the store.

use ipc::mail::Uid;
use ipc::service::mailbox::{MailboxReply, Refusal};
use mime::Span;

use crate::proto::ask::{Answer, Ask};
use crate::proto::session::fault::Fault;
use crate::proto::session::running::{fault, reply};

/// A run that was asked for.
#[derive(Debug)]
pub(in crate::proto::session::commands) struct Download {
    /// Bytes that have not come yet; `None` before the store has said how many.
    left: Option<u32>,
}

/// What came.
pub(in crate::proto::session::commands) enum Came {
    /// So many will come.
    Announced(u32),
    /// Some of them.
    Bytes(Vec<u8>),
    /// None will.
    Refused(Refusal),
}

impl Download {
    /// The question that begins it.
    pub(in crate::proto::session::commands) fn begin(uid: Uid, span: Span) -> (Self, Ask) {
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let ask = Ask::Body { uid, offset: number(span.offset), length: number(span.len) };
        (Download { left: None }, ask)
    }

    /// Of nothing: it is here already.
    pub(in crate::proto::session::commands) fn complete() -> Self {
        Download { left: Some(0) }
    }

    /// Takes an answer.
    pub(in crate::proto::session::commands) fn take(
        &mut self,
        answer: Option<Answer>,
    ) -> Result<Came, Fault> {
        let Some(left) = &mut self.left else {
            return match reply(answer)? {
                MailboxReply::Body { length } => {
                    self.left = Some(length);
                    Ok(Came::Announced(length))
                }
                MailboxReply::Refused(why) => Ok(Came::Refused(why)),
                _ => Err(Fault::OutOfPhase),
            };
        };
        match answer {
            Some(Answer::Chunk(bytes)) => {
                let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                // an empty piece before the end would be asked for again and again
                *left = left.checked_sub(count).filter(|_| count > 0).ok_or(Fault::OutOfPhase)?;
                Ok(Came::Bytes(bytes))
            }
            other => Err(fault(other.as_ref())),
        }
    }

    /// Has everything come?
    pub(in crate::proto::session::commands) fn is_complete(&self) -> bool {
        self.left == Some(0)
    }
}
