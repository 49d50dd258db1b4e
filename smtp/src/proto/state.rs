//! Where a session stands. Each state holds what is known there, and nothing of another.

use std::collections::BTreeSet;

use ipc::service::submit::{Remote, Return, SubmitEnd};

use super::address::{Address, ForwardPath, ReversePath};
use super::ask::{Ask, Body, Target, TransactionId};
use super::discarded::Discarded;
use super::incoming::{Envelope, Incoming, Intake};
use super::limits::MAX_TARGETS;
use super::parse::{ClientName, MailFrom, RcptTo};
use super::reply::Reply;
use super::service::Service;

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
    /// The client sends a chunk of no message.
    Skipping(Skip),
    /// The same reply is due several times more; without a dialog behind them the connection is closed.
    Repeating(Option<Dialog>, Reply, usize),
    /// The client is to send a line of a SASL exchange.
    Authenticating(Hello, Exchange),
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
    Mail(Hello, Box<Transaction>),
    /// BDAT, and not the last one.
    Chunks(Hello, Box<Incoming>),
    /// BDAT, but the message is refused.
    Refused(Hello, Remains),
}

/// A message in chunks of which nothing is wanted any more.
#[derive(Debug)]
pub(super) struct Remains {
    /// How many replies its end has.
    pub(super) replies: usize,
    /// Octets of it that were skipped.
    pub(super) skipped: u64,
}

/// A chunk whose octets come whether they are wanted or not.
#[derive(Debug)]
pub(super) struct Skip {
    /// Octets to come.
    pub(super) left: u64,
    /// What is said then, and how often.
    pub(super) reply: Reply,
    pub(super) replies: usize,
    /// And what is the case then.
    pub(super) dialog: Dialog,
}

/// How far a SASL exchange is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// PLAIN (RFC 4616): the one response is to come.
    Plain,
    /// LOGIN: the name is to come.
    LoginName,
    /// LOGIN: the password is to come.
    LoginPassword(String),
}

impl Dialog {
    /// The same without a transaction.
    pub(super) fn reset(self) -> Dialog {
        match self {
            Dialog::Greeted => Dialog::Greeted,
            Dialog::Ready(hello)
            | Dialog::Mail(hello, _)
            | Dialog::Chunks(hello, _)
            | Dialog::Refused(hello, _) => Dialog::Ready(hello),
        }
    }
}

/// What the outstanding answer is to.
#[derive(Debug)]
pub(super) enum Waiting {
    Login(Hello),
    Recipient(Hello, Box<Transaction>, RcptTo),
    Begin(Hello, Box<Transaction>, Intake),
    Chunk(Hello, Box<Incoming>),
    /// The commit, with how many replies it has.
    Commit(Hello, TransactionId, usize),
    Abort(Hello, Discarded),
    /// The same, of a message that the client gave up itself.
    Forget(Dialog, Reply),
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
    /// The next chunk of a message.
    Receive(Hello, Box<Incoming>),
    /// A chunk of no message.
    Skip(Skip),
    /// A challenge of SASL.
    Challenge(Hello, Exchange, Reply),
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

/// Which of the greetings it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Smtp,
    Esmtp,
    Lmtp,
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
    ret: Option<Return>,
    envid: Option<String>,
}

impl Transaction {
    pub(super) fn new(number: u32, mail: MailFrom) -> Self {
        let MailFrom { reverse_path, size, body, ret, envid, sender: _ } = mail;
        let recipients = Recipients::default();
        Transaction { number, reverse_path, declared_size: size, body, recipients, ret, envid }
    }

    /// What the store is told in the end.
    pub(super) fn into_envelope(self, service: Service) -> Envelope {
        let Recipients { count, first: _, targets, mut end } = self.recipients;
        end.reverse_path = match &self.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(address) => Some(address.as_wire()),
        };
        (end.ret, end.envid) = (self.ret, self.envid);
        Envelope { targets, end, replies: service.replies(count) }
    }
}

/// Recipients that were accepted.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    count: usize,
    first: Option<ForwardPath>,
    targets: BTreeSet<Target>,
    /// Those elsewhere; its targets stay empty.
    end: SubmitEnd,
}

impl Recipients {
    /// Takes one more of this host.
    pub(super) fn add(&mut self, path: ForwardPath, targets: Vec<Target>) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert(path);
        self.targets.extend(targets);
    }

    /// Takes one more elsewhere; who is among them already is no one more.
    pub(super) fn add_remote(&mut self, path: ForwardPath, remote: Remote) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert(path);
        if !self.has_remote(&remote) {
            self.end.remote.push(remote);
        }
    }

    /// Can these be added?
    pub(super) fn has_room(&self, more: &[Target]) -> bool {
        let new: BTreeSet<_> = more.iter().filter(|target| !self.targets.contains(target)).collect();
        let targets = self.targets.len().saturating_add(new.len());
        targets <= MAX_TARGETS && self.end.has_room(targets, None)
    }

    /// Can that one be added?
    pub(super) fn has_room_for(&self, remote: &Remote) -> bool {
        self.has_remote(remote) || self.end.has_room(self.targets.len(), Some(remote))
    }

    fn has_remote(&self, remote: &Remote) -> bool {
        self.end.remote.iter().any(|known| known.address == remote.address)
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

    /// How many different targets there are, and addresses elsewhere.
    pub(super) fn targets(&self) -> usize {
        self.targets.len().saturating_add(self.end.remote.len())
    }
}
