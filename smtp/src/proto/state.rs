//! Where a session stands. Each state holds what is known there, and nothing of another.

use std::collections::BTreeSet;

use super::address::{Address, ForwardPath, ReversePath};
use super::ask::{Ask, Body, Target, TransactionId};
use super::incoming::{Discarded, Incoming};
use super::parse::{ClientName, MailFrom};
use super::reply::Reply;

/// All states of a session.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing has been said.
    Connected,
    /// The client is to send a command.
    Command(Dialog),
    /// An answer is outstanding.
    Waiting(Waiting),
    /// The client sends a message.
    Receiving(Hello, Box<Incoming>),
    /// The client sends a message that nobody wants any more.
    Discarding(Hello, Discarded),
    /// TLS is being negotiated.
    Securing,
    /// Everything is said.
    Closed,
}

/// What commands have brought about.
#[derive(Debug)]
pub(super) enum Dialog {
    /// No EHLO or HELO yet.
    Greeted,
    /// No MAIL yet.
    Ready(Hello),
    /// MAIL, and perhaps RCPT.
    Mail(Hello, Transaction),
}

impl Dialog {
    /// The same without a transaction.
    pub(super) fn reset(self) -> Dialog {
        match self {
            Dialog::Greeted => Dialog::Greeted,
            Dialog::Ready(hello) | Dialog::Mail(hello, _) => Dialog::Ready(hello),
        }
    }
}

/// What the outstanding answer is to.
#[derive(Debug)]
pub(super) enum Waiting {
    Recipient(Hello, Transaction, ForwardPath),
    Begin(Hello, Transaction),
    Chunk(Hello, Box<Incoming>),
    Commit(Hello, TransactionId),
    Abort(Hello, Discarded),
}

/// What a command leads to.
#[derive(Debug)]
pub(super) enum Next {
    /// A reply.
    Reply(Dialog, Reply),
    /// A reply to something that a sane client doesn't do.
    Refuse(Dialog, Reply),
    /// A question.
    Ask(Waiting, Ask),
    /// A reply, and TLS.
    StartTls(Reply),
    /// A reply, and the end.
    Close(Reply),
}

/// What the client said of itself.
#[derive(Debug)]
pub(super) struct Hello {
    name: ClientName,
    protocol: Protocol,
}

/// Which of the two greetings it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Smtp,
    Esmtp,
}

impl Hello {
    pub(super) fn new(name: ClientName, protocol: Protocol) -> Self {
        Hello { name, protocol }
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }
}

/// A transaction before DATA.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) number: u32,
    pub(super) reverse_path: ReversePath,
    pub(super) declared_size: Option<u64>,
    pub(super) body: Body,
    pub(super) recipients: Recipients,
}

impl Transaction {
    pub(super) fn new(number: u32, mail: MailFrom) -> Self {
        let MailFrom { reverse_path, size, body } = mail;
        Transaction { number, reverse_path, declared_size: size, body, recipients: Recipients::default() }
    }
}

/// Recipients that were accepted.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    count: usize,
    first: Option<ForwardPath>,
    targets: BTreeSet<Target>,
}

impl Recipients {
    /// Takes one more.
    pub(super) fn add(&mut self, path: ForwardPath, targets: Vec<Target>) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert(path);
        self.targets.extend(targets);
    }

    /// How many targets there would be with these as well.
    pub(super) fn with(&self, more: &[Target]) -> usize {
        let new: BTreeSet<_> = more.iter().filter(|target| !self.targets.contains(target)).collect();
        self.targets.len().saturating_add(new.len())
    }

    /// How many RCPT commands were accepted.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The address of the recipient, if there is one only.
    pub(super) fn only(&self) -> Option<&Address> {
        match (self.count, &self.first) {
            (1, Some(ForwardPath::Mailbox(address))) => Some(address),
            _ => None,
        }
    }

    /// Where the mail goes, each target once.
    pub(super) fn targets(&self) -> &BTreeSet<Target> {
        &self.targets
    }

    pub(super) fn into_targets(self) -> BTreeSet<Target> {
        self.targets
    }
}
