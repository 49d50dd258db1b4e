//! The UPDATE state, RFC 1939 section 6: what was marked as deleted is removed, and nothing else.

use ipc::mail::{SystemFlags, UidRange};
use ipc::service::mailbox::{FlagChange, MailboxReply, MailboxRequest, RANGES_MAX};

use super::ask::{Answer, Ask};
use super::maildrop::Maildrop;
use super::state::{Fault, Turn, reply};

/// A removal under way: as many runs of UIDs as go into one request are flagged as deleted and then expunged, again and
/// again. What another session flagged as deleted stays, and so does what it has expunged already: gone.
#[derive(Debug)]
pub(super) struct Update {
    left: Vec<UidRange>,
    batch: Vec<UidRange>,
    stage: Stage,
    removed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Next,
    Flagging,
    Expunging,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Updated {
    /// So many messages are gone for good.
    Removed(usize),
    /// Some may still be there.
    Failed,
}

impl Update {
    pub(super) fn new(maildrop: Maildrop) -> Self {
        let (left, removed) = maildrop.into_deleted();
        Update { left, batch: Vec::new(), stage: Stage::Next, removed }
    }

    /// Goes on: at first, or with the answer to what was asked.
    pub(super) fn resume(&mut self, answer: Option<Answer>) -> Result<Turn<Updated>, Fault> {
        match self.stage {
            Stage::Next => Ok(self.next()),
            Stage::Flagging => match reply(answer)? {
                MailboxReply::Flagged { more: true, .. } => Ok(Turn::Ask(Ask::More)),
                MailboxReply::Flagged { more: false, .. } => {
                    self.stage = Stage::Expunging;
                    let uids = Some(std::mem::take(&mut self.batch));
                    Ok(Turn::Ask(Ask::Request(MailboxRequest::Expunge { uids })))
                }
                MailboxReply::Refused(_) => Ok(Turn::Done(Updated::Failed)),
                _ => Err(Fault::OutOfPhase),
            },
            Stage::Expunging => match reply(answer)? {
                MailboxReply::Done => Ok(self.next()),
                MailboxReply::Refused(_) => Ok(Turn::Done(Updated::Failed)),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }

    fn next(&mut self) -> Turn<Updated> {
        let rest = self.left.split_off(RANGES_MAX.min(self.left.len()));
        self.batch = std::mem::replace(&mut self.left, rest);
        if self.batch.is_empty() {
            return Turn::Done(Updated::Removed(self.removed));
        }
        self.stage = Stage::Flagging;
        Turn::Ask(Ask::Request(MailboxRequest::Flags {
            uids: self.batch.clone(),
            change: FlagChange::Add,
            flags: SystemFlags::DELETED,
            keywords: Vec::new(),
        }))
    }
}
