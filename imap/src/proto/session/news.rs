//! Telling the client what changed in the selected mailbox.

use ipc::service::mailbox::MailboxReply;

use super::context::Context;
use super::fault::Fault;
use super::running::{Completion, Io, Running, Turn, fault};
use crate::proto::ask::{Answer, Ask, Look};
use crate::proto::view::{Gathered, Overfull};

/// Asks for changes, page by page, and tells them.
#[derive(Debug)]
pub(super) struct Telling {
    look: Look,
    gathered: Gathered,
}

/// How far it is.
pub(super) enum Told {
    More(Ask),
    All,
}

impl Telling {
    pub(super) fn new(look: Look) -> Self {
        Telling { look, gathered: Gathered::default() }
    }

    pub(super) fn ask(&self, context: &mut Context) -> Result<Ask, Fault> {
        Ok(Ask::News { since: context.view()?.since, look: self.look })
    }

    /// Takes the answer.
    pub(super) fn take(
        &mut self,
        answer: Answer,
        context: &mut Context,
        out: &mut Vec<u8>,
    ) -> Result<Told, Fault> {
        let (rows, expunged, until, more, keywords) = match answer {
            Answer::Quiet => return Ok(Told::All),
            Answer::Reply(MailboxReply::Changes { rows, expunged, until, more, keywords }) => {
                (rows, expunged, until, more, keywords)
            }
            // IMAP4rev1 cannot say that no mailbox is selected any more
            Answer::Reply(MailboxReply::Gone) => return Err(Fault::Removed),
            other => return Err(fault(Some(&other))),
        };
        let view = context.view()?;
        view.keywords.update(&keywords, view.access, out);
        view.tell_page(rows, &expunged, &mut self.gathered, out).map_err(|Overfull| Fault::Overfull)?;
        // a store that says `more` and gets nowhere would keep us here for ever
        let more = more && until > view.since;
        view.since = until.max(view.since);
        if more {
            self.look = Look::Always;
            return Ok(Told::More(self.ask(context)?));
        }
        view.tell_arrived(std::mem::take(&mut self.gathered), out);
        Ok(Told::All)
    }
}

/// The end of a command whose completion comes with news.
#[derive(Debug)]
pub(super) struct Finish {
    telling: Telling,
    completion: Option<Completion>,
}

impl Finish {
    pub(super) fn new(look: Look, completion: Completion) -> Self {
        Finish { telling: Telling::new(look), completion: Some(completion) }
    }
}

impl Running for Finish {
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault> {
        let told = match answer {
            None => return Ok(self.telling.ask(context)?.into()),
            Some(answer) => self.telling.take(answer, context, io.output)?,
        };
        match told {
            Told::More(ask) => Ok(ask.into()),
            Told::All => self.completion.take().map(Turn::Done).ok_or(Fault::OutOfPhase),
        }
    }
}
