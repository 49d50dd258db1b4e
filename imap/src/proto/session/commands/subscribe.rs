//! SUBSCRIBE and UNSUBSCRIBE, RFC 3501 sections 6.3.6 and 6.3.7.

use ipc::service::mailbox::{MailboxReply, MailboxRequest};

use super::{Answer, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::MailboxName;

#[derive(Debug)]
pub(super) enum Subscribe {
    Asking { name: MailboxName, subscribed: bool },
    Asked,
}

impl Subscribe {
    /// A name need not be that of a mailbox: section 6.3.6, "a server […] MUST NOT unilaterally remove an existing mailbox name
    /// from the subscription list even if a mailbox by that name no longer exists".
    pub(super) fn subscribing(name: MailboxName) -> Self {
        Subscribe::Asking { name, subscribed: true }
    }

    pub(super) fn leaving(name: MailboxName) -> Self {
        Subscribe::Asking { name, subscribed: false }
    }
}

impl Running for Subscribe {
    fn resume(&mut self, _: &mut Context, _: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        match std::mem::replace(self, Subscribe::Asked) {
            Subscribe::Asking { name, subscribed } => {
                let name = name.as_str().to_owned();
                Ok(MailboxRequest::Subscribe { name, subscribed }.into())
            }
            Subscribe::Asked => match reply(answer)? {
                MailboxReply::Done => Ok(Completion::ok("Noted.").into()),
                MailboxReply::Refused(why) => Ok(Completion::refused(why).into()),
                _ => Err(Fault::OutOfPhase),
            },
        }
    }
}
