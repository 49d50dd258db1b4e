//! EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315 section 2.1). Which messages went is told as news.

use std::vec;

use ipc::mail::{SystemFlags, UidRange};
use ipc::service::mailbox::{MailboxReply, MailboxRequest};

use super::flags::batches;
use super::{Access, Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{By, SequenceSet};
use crate::proto::response::Code;

#[derive(Debug)]
pub(super) struct Expunge {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start { only: Option<SequenceSet> },
    Asked(vec::IntoIter<Vec<UidRange>>),
}

impl Expunge {
    pub(super) fn all() -> Self {
        Expunge { stage: Stage::Start { only: None } }
    }

    pub(super) fn only(set: SequenceSet) -> Self {
        Expunge { stage: Stage::Start { only: Some(set) } }
    }

    fn start(&mut self, only: Option<SequenceSet>, context: &mut Context) -> Result<Turn, Fault> {
        let view = context.view()?;
        if view.access == Access::ReadOnly {
            return Ok(Completion::no(Code::ReadOnly, "The mailbox is selected for reading only.").into());
        }
        let Some(set) = only else {
            self.stage = Stage::Asked(Vec::new().into_iter());
            return Ok(MailboxRequest::Expunge { uids: None }.into());
        };
        let Ok(numbers) = view.resolve(By::Uid, &set) else { return Ok(done()) };
        let deleted = |row: &ipc::service::mailbox::MessageRow| row.flags.has(SystemFlags::DELETED);
        let mut left = batches(view.runs(By::Uid, &numbers, deleted));
        let next = left.next();
        self.stage = Stage::Asked(left);
        Ok(next.map_or_else(done, request))
    }
}

impl Running for Expunge {
    fn resume(
        &mut self,
        context: &mut Context,
        _: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Start { only } => {
                let only = only.take();
                self.start(only, context)
            }
            Stage::Asked(left) => match reply(answer)? {
                MailboxReply::Done => Ok(left.next().map_or_else(done, request)),
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}

fn request(runs: Vec<UidRange>) -> Turn {
    MailboxRequest::Expunge { uids: Some(runs) }.into()
}

fn done() -> Turn {
    Completion::ok("Expunged.").into()
}
