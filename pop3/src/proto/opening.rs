//! From a name and a password to a maildrop: the login, the search for INBOX, its messages.

use ipc::mail::{AccountId, MailboxId, Password};
use ipc::service::login::{LOGIN_MAX, PASSWORD_MAX};
use ipc::service::mailbox::{MailboxReply, MailboxRequest, MailboxStatus};

use super::ask::{Answer, Ask, LoginOutcome};
use super::limits::MAILBOXES;
use super::maildrop::{Maildrop, Unfit};
use super::share::{Share, Shares};
use super::state::{Fault, Turn, reply};

/// A maildrop on its way.
#[derive(Debug)]
pub(super) enum Opening {
    Login { login: String, password: Password },
    Deciding,
    Finding { account: AccountId, after: Option<MailboxId>, seen: usize },
    Selecting(AccountId),
    Filling { maildrop: Box<Maildrop>, status: MailboxStatus },
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Opened {
    Maildrop(Box<Maildrop>),
    /// The name or the password is wrong.
    Denied,
    /// Nobody looked at it: too many were wrong.
    Blocked,
    /// Nobody could say.
    Unavailable,
    /// The password is right, and the maildrop is not to be had.
    Broken(&'static str),
}

impl Opening {
    pub(super) fn new(login: String, password: Password) -> Self {
        Opening::Login { login, password }
    }

    /// Goes on: at first, or with the answer to what was asked.
    pub(super) fn resume(&mut self, shares: &Shares, answer: Option<Answer>) -> Result<Turn<Opened>, Fault> {
        match self {
            Opening::Login { login, password } => {
                if login.len() > LOGIN_MAX || password.0.len() > PASSWORD_MAX {
                    return Ok(Turn::Done(Opened::Denied));
                }
                let password = std::mem::replace(password, Password(Vec::new()));
                let login = std::mem::take(login);
                *self = Opening::Deciding;
                Ok(Turn::Ask(Ask::Login { login, password }))
            }
            Opening::Deciding => match answer {
                Some(Answer::Login(LoginOutcome::Welcome(account))) => Ok(self.find(account, None, 0)),
                Some(Answer::Login(LoginOutcome::Denied)) => Ok(Turn::Done(Opened::Denied)),
                Some(Answer::Login(LoginOutcome::Blocked)) => Ok(Turn::Done(Opened::Blocked)),
                Some(Answer::Login(LoginOutcome::Unavailable)) => Ok(Turn::Done(Opened::Unavailable)),
                Some(Answer::Lost) => Err(Fault::Lost),
                _ => Err(Fault::OutOfPhase),
            },
            Opening::Finding { .. } => self.found(reply(answer)?),
            Opening::Selecting(account) => {
                let share = shares.of(*account);
                self.selected(share, reply(answer)?)
            }
            Opening::Filling { .. } => self.fill(reply(answer)?),
        }
    }

    fn find(&mut self, account: AccountId, after: Option<MailboxId>, seen: usize) -> Turn<Opened> {
        *self = Opening::Finding { account, after, seen };
        request(MailboxRequest::List { after })
    }

    fn found(&mut self, reply: MailboxReply) -> Result<Turn<Opened>, Fault> {
        let (Opening::Finding { account, after, seen }, MailboxReply::Mailboxes { rows, more }) =
            (&*self, reply)
        else {
            return Err(Fault::OutOfPhase);
        };
        if let Some(row) = rows.iter().find(|row| row.name == "INBOX") {
            *self = Opening::Selecting(*account);
            return Ok(request(MailboxRequest::Select { mailbox: row.id, write: true }));
        }
        let (last, seen) = (rows.last().map(|row| row.id), seen.saturating_add(rows.len()));
        // ids rise, or the search would never end
        if more && last > *after && seen < MAILBOXES {
            let account = *account;
            return Ok(self.find(account, last, seen));
        }
        Ok(Turn::Done(Opened::Broken("There is no INBOX.")))
    }

    fn selected(&mut self, share: Share, reply: MailboxReply) -> Result<Turn<Opened>, Fault> {
        match reply {
            MailboxReply::Selected { status, .. } => {
                *self = Opening::Filling {
                    maildrop: Box::new(Maildrop::new(status.uid_validity, share)),
                    status,
                };
                Ok(request(MailboxRequest::Messages { after: 0 }))
            }
            MailboxReply::Refused(_) => Ok(Turn::Done(Opened::Broken("INBOX cannot be opened."))),
            _ => Err(Fault::OutOfPhase),
        }
    }

    fn fill(&mut self, reply: MailboxReply) -> Result<Turn<Opened>, Fault> {
        let (Opening::Filling { maildrop, status }, MailboxReply::Messages { rows, more }) =
            (&mut *self, reply)
        else {
            return Err(Fault::OutOfPhase);
        };
        match maildrop.fill(&rows, status.uid_next) {
            Ok(()) => {}
            Err(Unfit::Order) => return Err(Fault::OutOfPhase),
            Err(Unfit::Many) => return Ok(Turn::Done(Opened::Broken("There are too many messages."))),
        }
        let last = rows.last().map(|row| row.uid);
        if let Some(after) = last.filter(|last| more && *last < status.uid_next) {
            return Ok(request(MailboxRequest::Messages { after }));
        }
        maildrop.filled();
        match std::mem::replace(self, Opening::Deciding) {
            Opening::Filling { maildrop, .. } => Ok(Turn::Done(Opened::Maildrop(maildrop))),
            _ => Err(Fault::OutOfPhase),
        }
    }
}

fn request(request: MailboxRequest) -> Turn<Opened> {
    Turn::Ask(Ask::Request(request))
}
