//! COPY (RFC 3501 section 6.4.7) and MOVE (RFC 6851), with the UIDs of the copies (RFC 4315 section 3).

use ipc::mail::{MailboxId, UidRange};
use ipc::service::mailbox::{COPY_MAX, MailboxReply, MailboxRequest, RANGES_MAX, Refusal};

use super::lookup::{Found, Lookup};
use super::{Access, Answer, Ask, Completion, Context, Copied, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{By, MailboxName, Original, SequenceSet};
use crate::proto::response::{self, Code, Condition};
use crate::proto::view::View;

#[derive(Debug)]
pub(super) struct Copy {
    by: By,
    set: SequenceSet,
    original: Original,
    name: MailboxName,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start,
    /// These are meant; where to?
    Finding(Vec<UidRange>, Lookup),
    Asked(Copied),
}

impl Copy {
    pub(super) fn new(by: By, set: SequenceSet, name: MailboxName, original: Original) -> Self {
        Copy { by, set, original, name, stage: Stage::Start }
    }

    fn start(&mut self, view: &View) -> Turn {
        if self.original == Original::Leaves && view.access == Access::ReadOnly {
            return Completion::no(Code::ReadOnly, "The mailbox is selected for reading only.").into();
        }
        let Ok(numbers) = view.resolve(self.by, &self.set) else {
            return Completion::bad("No message has that number.").into();
        };
        let runs = view.runs(self.by, &numbers, |_| true);
        if runs.len() > RANGES_MAX || view.count(self.by, &numbers) > COPY_MAX {
            return Completion::no(Code::Limit, "Too many messages at once.").into();
        }
        let lookup = Lookup::new(self.name.clone());
        let ask = lookup.ask();
        self.stage = Stage::Finding(runs, lookup);
        ask.into()
    }

    fn found(&mut self, mailbox: MailboxId) -> Turn {
        let Stage::Finding(uids, _) = std::mem::replace(&mut self.stage, Stage::Start) else {
            return try_create();
        };
        if uids.is_empty() {
            // a UID that is not there is no error, RFC 3501 section 6.4.8
            return Completion::ok("No message has that number.").into();
        }
        self.stage = Stage::Asked(Copied::default());
        MailboxRequest::Copy { uids, to: mailbox, remove: self.original == Original::Leaves }.into()
    }

    fn answered(&mut self, reply: MailboxReply, out: &mut Vec<u8>) -> Result<Turn, Fault> {
        let Stage::Asked(copied) = &mut self.stage else { return Err(Fault::OutOfPhase) };
        match reply {
            MailboxReply::Copied { uid_validity, source, copies, more } => {
                copied.validity = uid_validity;
                copied.source.extend(source);
                copied.copies.extend(copies);
                if more {
                    return Ok(Ask::More.into());
                }
                let copied = std::mem::take(copied);
                Ok(self.done(copied, out))
            }
            // it was removed meanwhile
            MailboxReply::Refused(Refusal::NoMailbox) => Ok(try_create()),
            MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
            _ => Err(Fault::OutOfPhase),
        }
    }

    fn done(&self, copied: Copied, out: &mut Vec<u8>) -> Turn {
        if copied.source.is_empty() {
            // all that were named are gone
            return Completion::no(Code::ExpungeIssued, "The messages are gone.").into();
        }
        match self.original {
            Original::Stays => Completion::copied(copied, "Copied.").into(),
            // RFC 6851 section 4.3: the client is to know where messages went before it hears that they are gone
            Original::Leaves => {
                response::untagged(Condition::Ok, Some(copied.code()), "Moved to there.", out);
                Completion::ok("Moved.").into()
            }
        }
    }
}

impl Running for Copy {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Start => Ok(self.start(context.view()?)),
            Stage::Finding(_, lookup) => Ok(match lookup.take(answer)? {
                Found::NotYet(ask) => ask.into(),
                Found::Nothing => try_create(),
                Found::Mailbox(mailbox) => self.found(mailbox),
            }),
            Stage::Asked(_) => self.answered(reply(answer)?, io.output),
        }
    }
}

/// RFC 3501 section 6.4.7: "Unless it is certain that the destination mailbox can not be created, the server MUST send the
/// response code "[TRYCREATE]"".
fn try_create() -> Turn {
    Completion::no(Code::TryCreate, "No such mailbox.").into()
}
