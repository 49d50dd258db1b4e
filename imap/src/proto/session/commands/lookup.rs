//! Mailboxes by name: the store knows them by number.

use ipc::mail::MailboxId;
use ipc::service::mailbox::{MailboxReply, MailboxRequest, MailboxRow};

use super::{Answer, Ask, Fault, reply};
use crate::proto::parse::MailboxName;

/// Mailboxes of one account that are looked at.
pub(super) const MAILBOXES_MAX: usize = 20_000;

/// A walk through all mailboxes of the account.
#[derive(Debug, Default)]
pub(super) struct Walk {
    after: Option<MailboxId>,
    seen: usize,
}

impl Walk {
    /// The next page.
    pub(super) fn ask(&self) -> Ask {
        Ask::Request(MailboxRequest::List { after: self.after })
    }

    /// Its rows, and whether another page follows.
    pub(super) fn take(&mut self, answer: Option<Answer>) -> Result<(Vec<MailboxRow>, bool), Fault> {
        let MailboxReply::Mailboxes { rows, more } = reply(answer)? else { return Err(Fault::OutOfPhase) };
        self.seen = self.seen.saturating_add(rows.len());
        let last = rows.last().map(|row| row.id);
        // ids rise, or the walk would never end
        let more = more && last > self.after && self.seen < MAILBOXES_MAX;
        self.after = last.or(self.after);
        Ok((rows, more))
    }
}

/// The search for one name.
#[derive(Debug)]
pub(super) struct Lookup {
    name: MailboxName,
    walk: Walk,
}

/// How far it is.
pub(super) enum Found {
    NotYet(Ask),
    Mailbox(MailboxId),
    Nothing,
}

impl Lookup {
    pub(super) fn new(name: MailboxName) -> Self {
        Lookup { name, walk: Walk::default() }
    }

    pub(super) fn ask(&self) -> Ask {
        self.walk.ask()
    }

    pub(super) fn take(&mut self, answer: Option<Answer>) -> Result<Found, Fault> {
        let (rows, more) = self.walk.take(answer)?;
        Ok(match rows.iter().find(|row| row.name == self.name.as_str()) {
            Some(row) => Found::Mailbox(row.id),
            None if more => Found::NotYet(self.walk.ask()),
            None => Found::Nothing,
        })
    }
}
