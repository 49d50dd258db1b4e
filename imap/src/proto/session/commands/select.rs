//! SELECT and EXAMINE, RFC 3501 sections 6.3.1 and 6.3.2.

use ipc::mail::{MailboxId, SystemFlags, Uid};
use ipc::service::mailbox::{MailboxReply, MailboxRequest, MailboxStatus, MessageRow};

use super::lookup::{Found, Lookup};
use super::{Access, Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::MailboxName;
use crate::proto::response::{self, Code, Condition};
use crate::proto::session::context::State;
use crate::proto::view::{Keywords, View};

#[derive(Debug)]
pub(super) struct Select {
    access: Access,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Finding(Lookup),
    Selecting(MailboxId),
    /// Messages come by rising UID, a page at a time.
    Filling(Box<View>, MailboxStatus),
    /// There is no such mailbox; the store is still to forget the one that was selected.
    Leaving(Option<Completion>),
}

impl Select {
    pub(super) fn new(name: MailboxName, access: Access) -> Self {
        Select { access, stage: Stage::Finding(Lookup::new(name)) }
    }

    /// RFC 3501 section 6.3.1: "if a mailbox is selected and a SELECT command that fails is attempted, no mailbox is
    /// selected."
    fn fail(&mut self, why: Completion) -> Turn {
        self.stage = Stage::Leaving(Some(why));
        MailboxRequest::Unselect.into()
    }

    fn selected(
        &mut self,
        mailbox: MailboxId,
        reply: MailboxReply,
        context: &Context,
    ) -> Result<Turn, Fault> {
        match reply {
            MailboxReply::Selected { status, first_recent, keywords } => {
                let keywords = Keywords::new(&keywords);
                let share = context.share()?;
                let view =
                    View::new(mailbox, self.access, keywords, first_recent, status.highest_modseq, share);
                self.stage = Stage::Filling(Box::new(view), status);
                Ok(MailboxRequest::Messages { after: 0 }.into())
            }
            MailboxReply::Refused(why) => Ok(self.fail(Completion::refused(why))),
            _ => Err(Fault::OutOfPhase),
        }
    }

    fn fill(&mut self, reply: MailboxReply, context: &mut Context, io: &mut Io<'_>) -> Result<Turn, Fault> {
        let Stage::Filling(view, status) = &mut self.stage else { return Err(Fault::OutOfPhase) };
        let MailboxReply::Messages { rows, more } = reply else { return Err(Fault::OutOfPhase) };
        let last = rows.last().map(|row| row.uid);
        if !take_rows(view, rows, status.uid_next) {
            return Err(Fault::OutOfPhase);
        }
        if !view.fits() {
            return Ok(self.fail(Completion::no(Code::Limit, "Too many messages in the selected mailboxes.")));
        }
        match last.filter(|last| more && *last < status.uid_next) {
            Some(after) => Ok(MailboxRequest::Messages { after }.into()),
            None => {
                tell(view, status, io.output);
                let Stage::Filling(view, _) = std::mem::replace(&mut self.stage, Stage::Leaving(None)) else {
                    return Err(Fault::OutOfPhase);
                };
                context.state = State::Selected(view);
                Ok(match self.access {
                    Access::ReadWrite => Completion::ok_with(Code::ReadWrite, "Selected.").into(),
                    Access::ReadOnly => Completion::ok_with(Code::ReadOnly, "Examined.").into(),
                })
            }
        }
    }
}

impl Running for Select {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Finding(lookup) if answer.is_none() => {
                context.state = State::Authenticated;
                Ok(lookup.ask().into())
            }
            Stage::Finding(lookup) => Ok(match lookup.take(answer)? {
                Found::NotYet(ask) => ask.into(),
                Found::Nothing => self.fail(Completion::no(Code::Nonexistent, "No such mailbox.")),
                Found::Mailbox(mailbox) => {
                    self.stage = Stage::Selecting(mailbox);
                    MailboxRequest::Select { mailbox, write: self.access == Access::ReadWrite }.into()
                }
            }),
            Stage::Selecting(mailbox) => {
                let mailbox = *mailbox;
                self.selected(mailbox, reply(answer)?, context)
            }
            Stage::Filling(..) => self.fill(reply(answer)?, context, io),
            Stage::Leaving(why) => match reply(answer)? {
                MailboxReply::Done => why.take().map(Turn::Done).ok_or(Fault::OutOfPhase),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}

/// Messages that arrived since the mailbox was selected are left out: they are told as news, as any other. `false` when
/// the UIDs do not rise.
fn take_rows(view: &mut View, rows: Vec<MessageRow>, uid_next: Uid) -> bool {
    rows.into_iter().take_while(|row| row.uid < uid_next).all(|row| view.fill(row))
}

fn tell(view: &View, status: &MailboxStatus, out: &mut Vec<u8>) {
    view.keywords.tell(view.access, out);
    response::exists(view.exists(), out);
    response::recent(view.recent(), out);
    let mut say = |code, text| response::untagged(Condition::Ok, Some(code), text, out);
    if let Some(first) = view.first_without(SystemFlags::SEEN) {
        say(Code::Unseen(first), "The first that is unseen.");
    }
    say(Code::UidValidity(status.uid_validity), "UIDs are valid.");
    say(Code::UidNext(status.uid_next), "The next UID.");
}
