//! CLOSE (RFC 3501 section 6.4.2) and UNSELECT (RFC 3691).

use ipc::service::mailbox::{MailboxReply, MailboxRequest};

use super::{Access, Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::session::context::State;

#[derive(Debug)]
pub(super) struct Close {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Expunge,
    Expunged,
    Leave,
    Left,
}

impl Close {
    /// CLOSE: what is flagged \Deleted goes, in silence.
    pub(super) fn expunging() -> Self {
        Close { stage: Stage::Expunge }
    }

    /// UNSELECT: nothing goes.
    pub(super) fn leaving() -> Self {
        Close { stage: Stage::Leave }
    }
}

impl Running for Close {
    fn resume(
        &mut self,
        context: &mut Context,
        _: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match self.stage {
            Stage::Expunge if context.view()?.access == Access::ReadWrite => {
                self.stage = Stage::Expunged;
                return Ok(MailboxRequest::Expunge { uids: None }.into());
            }
            Stage::Expunge | Stage::Leave => {}
            // The mailbox is left in any case; RFC 3501 section 6.4.2 knows no NO.
            Stage::Expunged => match reply(answer)? {
                MailboxReply::Done => {}
                MailboxReply::Refused(why) => tracing::warn!(?why, "messages were not expunged at CLOSE"),
                _ => return Err(Fault::OutOfPhase),
            },
            Stage::Left => {
                return match reply(answer)? {
                    MailboxReply::Done => {
                        context.state = State::Authenticated;
                        Ok(Completion::ok("Mailbox closed.").into())
                    }
                    _ => Err(Fault::OutOfPhase),
                };
            }
        }
        self.stage = Stage::Left;
        Ok(MailboxRequest::Unselect.into())
    }
}
