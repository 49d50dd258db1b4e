//! DELETE, RFC 3501 section 6.3.4.

use ipc::mail::MailboxId;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, Refusal};

use super::lookup::{Found, Lookup};
use super::{Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::MailboxName;
use crate::proto::session::context::State;

#[derive(Debug)]
pub(super) struct Delete {
    name: MailboxName,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Finding(Lookup),
    Asked(MailboxId),
    /// It was the selected one, which the store is still to forget.
    Leaving,
}

impl Delete {
    pub(super) fn new(name: MailboxName) -> Self {
        let stage = Stage::Finding(Lookup::new(name.clone()));
        Delete { name, stage }
    }

    fn found(&mut self, found: Found) -> Turn {
        match found {
            Found::NotYet(ask) => ask.into(),
            // "It is an error to attempt to delete INBOX or a mailbox name that does not exist."
            Found::Mailbox(_) if self.name.is_inbox() => Completion::refused(Refusal::Inbox).into(),
            Found::Nothing => Completion::refused(Refusal::NoMailbox).into(),
            Found::Mailbox(mailbox) => {
                self.stage = Stage::Asked(mailbox);
                MailboxRequest::Delete { mailbox }.into()
            }
        }
    }

    /// Who deletes the mailbox that it has selected has none selected then.
    fn deleted(&mut self, mailbox: MailboxId, context: &mut Context) -> Turn {
        match &context.state {
            State::Selected(view) if view.mailbox == mailbox => {
                context.state = State::Authenticated;
                self.stage = Stage::Leaving;
                MailboxRequest::Unselect.into()
            }
            _ => done(),
        }
    }
}

impl Running for Delete {
    fn resume(
        &mut self,
        context: &mut Context,
        _: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Finding(lookup) if answer.is_none() => Ok(lookup.ask().into()),
            Stage::Finding(lookup) => {
                let found = lookup.take(answer)?;
                Ok(self.found(found))
            }
            Stage::Asked(mailbox) => match reply(answer)? {
                MailboxReply::Done => {
                    let mailbox = *mailbox;
                    Ok(self.deleted(mailbox, context))
                }
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
            Stage::Leaving => match reply(answer)? {
                MailboxReply::Done | MailboxReply::Gone => Ok(done()),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}

fn done() -> Turn {
    Completion::ok("Deleted.").into()
}
