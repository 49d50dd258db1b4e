//! What a command in progress looks like to the session.

use std::fmt;

use ipc::mail::UidRange;
use ipc::service::mailbox::{MailboxReply, Refusal};
use listener::session::Input;

use super::context::Context;
use super::fault::Fault;
use crate::proto::ask::{Answer, Ask};
use crate::proto::response::{Code, Condition};

/// A command in progress.
pub(super) trait Running: fmt::Debug {
    /// Goes on: at first, with the answer to what was asked, after output was sent, or when input has come.
    fn resume(
        &mut self,
        context: &mut Context,
        io: &mut Io<'_>,
        answer: Option<Answer>,
    ) -> Result<Turn, Fault>;

    /// Does it wait for news of the mailbox (IDLE)?
    fn wants_notice(&self) -> bool {
        false
    }

    /// There is news.
    fn noticed(&mut self) {}
}

/// What the client sent, and what it is sent.
pub(super) struct Io<'a> {
    pub(super) input: &'a mut Input,
    pub(super) output: &'a mut Vec<u8>,
}

/// What a command wants next.
#[derive(Debug)]
pub(super) enum Turn {
    /// An answer.
    Ask(Ask),
    /// That its output is sent.
    Flush,
    /// More input.
    Read,
    /// Nothing more.
    Done(Completion),
}

/// The tagged response.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) condition: Condition,
    code: Coded,
    pub(super) text: &'static str,
}

/// The code of a tagged response.
#[derive(Debug)]
enum Coded {
    Without,
    With(Code<'static>),
    /// COPYUID
    Copied(Box<Copied>),
}

/// What became of copied messages: see [`Code::CopyUid`].
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) validity: u32,
    pub(super) source: Vec<UidRange>,
    pub(super) copies: Vec<UidRange>,
}

impl Copied {
    pub(super) fn code(&self) -> Code<'_> {
        Code::CopyUid { validity: self.validity, source: &self.source, copies: &self.copies }
    }
}

impl Completion {
    pub(super) fn ok(text: &'static str) -> Self {
        Completion { condition: Condition::Ok, code: Coded::Without, text }
    }

    pub(super) fn ok_with(code: Code<'static>, text: &'static str) -> Self {
        Completion { condition: Condition::Ok, code: Coded::With(code), text }
    }

    pub(super) fn copied(copied: Copied, text: &'static str) -> Self {
        Completion { condition: Condition::Ok, code: Coded::Copied(Box::new(copied)), text }
    }

    pub(super) fn no(code: Code<'static>, text: &'static str) -> Self {
        Completion { condition: Condition::No, code: Coded::With(code), text }
    }

    pub(super) fn bad(text: &'static str) -> Self {
        Completion { condition: Condition::Bad, code: Coded::Without, text }
    }

    pub(super) fn code(&self) -> Option<Code<'_>> {
        match &self.code {
            Coded::Without => None,
            Coded::With(code) => Some(*code),
            Coded::Copied(copied) => Some(copied.code()),
        }
    }

    /// What the store would not do.
    pub(super) fn refused(why: Refusal) -> Self {
        match why {
            Refusal::NoMailbox => Self::no(Code::Nonexistent, "No such mailbox."),
            Refusal::NoMessage => Self::no(Code::ExpungeIssued, "The message is gone."),
            Refusal::NotSelected => Self::no(Code::Cannot, "No mailbox is selected for that."),
            Refusal::Limit => Self::no(Code::Limit, "A limit is reached."),
            Refusal::Full => Self::no(Code::OverQuota, "No space is left."),
            Refusal::Damaged => Self::no(Code::ServerBug, "The message is damaged in the store."),
            Refusal::Exists => Self::no(Code::AlreadyExists, "It is there already."),
            Refusal::Name => Self::no(Code::Cannot, "That cannot be the name of a mailbox."),
            Refusal::Inbox => Self::no(Code::Cannot, "The inbox stays."),
        }
    }
}

/// The store's reply, or why there is none.
pub(super) fn reply(answer: Option<Answer>) -> Result<MailboxReply, Fault> {
    match answer {
        Some(Answer::Reply(reply)) => Ok(reply),
        other => Err(fault(other.as_ref())),
    }
}

/// What an unfitting answer means.
pub(super) fn fault(answer: Option<&Answer>) -> Fault {
    match answer {
        Some(Answer::Lost) => Fault::Lost,
        _ => Fault::OutOfPhase,
    }
}

impl From<Ask> for Turn {
    fn from(ask: Ask) -> Self {
        Turn::Ask(ask)
    }
}

impl From<ipc::service::mailbox::MailboxRequest> for Turn {
    fn from(request: ipc::service::mailbox::MailboxRequest) -> Self {
        Turn::Ask(Ask::Request(request))
    }
}

impl From<Completion> for Turn {
    fn from(completion: Completion) -> Self {
        Turn::Done(completion)
    }
}
