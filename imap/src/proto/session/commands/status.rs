//! STATUS, RFC 3501 section 6.3.10.

use ipc::service::mailbox::{MailboxReply, MailboxRequest, MailboxStatus};

use super::lookup::{Found, Lookup};
use super::{Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{MailboxName, StatusItem};
use crate::proto::response::{self, Code};

#[derive(Debug)]
pub(super) struct Status {
    name: MailboxName,
    items: Vec<StatusItem>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Finding(Lookup),
    Asked,
}

impl Status {
    pub(super) fn new(name: MailboxName, items: Vec<StatusItem>) -> Self {
        let stage = Stage::Finding(Lookup::new(name.clone()));
        Status { name, items, stage }
    }

    fn tell(&self, status: &MailboxStatus, out: &mut Vec<u8>) {
        let number = |item: &StatusItem| match item {
            StatusItem::Messages => status.messages,
            StatusItem::Recent => status.recent,
            StatusItem::UidNext => status.uid_next,
            StatusItem::UidValidity => status.uid_validity,
            StatusItem::Unseen => status.unseen,
        };
        let items: Vec<(StatusItem, u32)> = self.items.iter().map(|item| (*item, number(item))).collect();
        response::status(&self.name, &items, out);
    }
}

impl Running for Status {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Finding(lookup) if answer.is_none() => Ok(lookup.ask().into()),
            Stage::Finding(lookup) => Ok(match lookup.take(answer)? {
                Found::NotYet(ask) => ask.into(),
                Found::Nothing => Completion::no(Code::Nonexistent, "No such mailbox.").into(),
                Found::Mailbox(mailbox) => {
                    self.stage = Stage::Asked;
                    MailboxRequest::Status { mailbox }.into()
                }
            }),
            Stage::Asked => match reply(answer)? {
                MailboxReply::Status(status) => {
                    self.tell(&status, io.output);
                    Ok(Completion::ok("Status told.").into())
                }
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}
