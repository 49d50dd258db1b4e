//! CREATE, RFC 3501 section 6.3.3, with a special use, RFC 6154 section 3.

use ipc::service::mailbox::{MailboxReply, MailboxRequest, Refusal, SpecialUse};

use super::lookup::{Found, Lookup};
use super::{Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{MailboxName, WantedUse};
use crate::proto::response::Code;

#[derive(Debug)]
pub(super) struct Create {
    name: MailboxName,
    wanted: WantedUse,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start,
    Asked,
    /// The name or the special use is taken: which?
    Finding(Lookup),
}

impl Create {
    pub(super) fn new(name: MailboxName, wanted: WantedUse) -> Self {
        Create { name, wanted, stage: Stage::Start }
    }

    fn start(&mut self) -> Turn {
        let special_use: Option<SpecialUse> = match self.wanted {
            WantedUse::None => None,
            WantedUse::One(special_use) => Some(special_use),
            WantedUse::Unsupported => return use_refused(),
        };
        self.stage = Stage::Asked;
        MailboxRequest::Create { name: self.name.as_str().to_owned(), special_use }.into()
    }

    fn answered(&mut self, reply: MailboxReply) -> Result<Turn, Fault> {
        match reply {
            MailboxReply::Created { .. } => Ok(Completion::ok("Created.").into()),
            MailboxReply::Refused(Refusal::Exists) if self.wanted != WantedUse::None => {
                let lookup = Lookup::new(self.name.clone());
                let ask = lookup.ask();
                self.stage = Stage::Finding(lookup);
                Ok(ask.into())
            }
            MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
            _ => Err(Fault::OutOfPhase),
        }
    }
}

impl Running for Create {
    fn resume(&mut self, _: &mut Context, _: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        match &mut self.stage {
            Stage::Start => Ok(self.start()),
            Stage::Asked => self.answered(reply(answer)?),
            Stage::Finding(lookup) => Ok(match lookup.take(answer)? {
                Found::NotYet(ask) => ask.into(),
                Found::Mailbox(_) => Completion::refused(Refusal::Exists).into(),
                Found::Nothing => use_refused(),
            }),
        }
    }
}

/// RFC 6154 section 3: "the server MUST NOT create the mailbox and MUST respond with a NO response, which SHOULD include the
/// "USEATTR" response code".
fn use_refused() -> Turn {
    Completion::no(Code::UseAttr, "That special use cannot be had.").into()
}
