//! A parser panicked on a message: the store is told, and from then on it is text that nobody parses.

use ipc::mail::Uid;
use ipc::service::mailbox::{MailboxRequest, MessageRow};

use super::fetch::Download;
use super::{Answer, Ask, Fault, reply};

/// On its way to the store.
#[derive(Debug)]
pub(super) struct Distrust {
    uid: Uid,
    /// What is still to come of the message, and of no use any more.
    left: Option<Download>,
}

impl Distrust {
    /// The question that begins it; `under_way` was being read when the panic came.
    pub(super) fn begin(row: &MessageRow, under_way: Option<Download>) -> (Self, Ask) {
        tracing::error!(id = %row.id, "a parser panicked on a message; it is text from now on");
        let left = under_way.filter(|download| !download.is_complete());
        let distrust = Distrust { uid: row.uid, left };
        let ask = distrust.ask();
        (distrust, ask)
    }

    /// Takes an answer. `None`: it is done.
    pub(super) fn take(&mut self, answer: Option<Answer>) -> Result<Option<Ask>, Fault> {
        let Some(download) = &mut self.left else {
            // Whether or not it could be noted (the message may be gone): this session parses it no more.
            reply(answer)?;
            return Ok(None);
        };
        download.take(answer)?;
        if download.is_complete() {
            self.left = None;
        }
        Ok(Some(self.ask()))
    }

    fn ask(&self) -> Ask {
        match self.left {
            Some(_) => Ask::Chunk,
            None => Ask::Request(MailboxRequest::Distrust { uid: self.uid }),
        }
    }
}
