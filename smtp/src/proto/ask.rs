//! What a session asks of the other compartments, and what they answer.

use std::collections::BTreeSet;
use std::fmt;

use ipc::mail::{Password, Senders};
use ipc::service::submit::SubmitEnd;

use super::address::{ForwardPath, ReversePath};
use super::scan::Scanned;

/// A question. Whoever performs it hands the [`Answer`] variant of the same name to the session.
#[derive(Debug)]
pub enum Ask {
    /// Is this the password?
    Login {
        /// The name, as the client gave it.
        login: String,
        /// What is to be tried.
        password: Password,
    },
    /// Where does mail for this address go?
    Recipient {
        /// Counts the transactions of this connection, from 1.
        transaction: u32,
        /// The address, as the client gave it.
        address: ForwardPath,
    },
    /// Open a message at the store. Followed by chunks, and by `Commit` or `Abort`.
    Begin(Begin),
    /// The next bytes of the message, at most [`super::MAX_CHUNK`]. Answered when the store has room for more.
    Chunk(Vec<u8>),
    /// That was all of it: make it durable for everybody at once, or for nobody.
    Commit(Box<Commit>),
    /// Forget the open message. Also meant when a connection goes away between `Begin` and `Commit`.
    Abort,
}

/// What is known of a message before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Counts the transactions of this connection, from 1.
    pub transaction: u32,
    /// Who is told of failures.
    pub reverse_path: ReversePath,
    /// The client's `SIZE=`, octets. A hint: the client may lie.
    pub declared_size: Option<u64>,
    /// The client's `BODY=`. A hint: the client may lie.
    pub body: Body,
    /// How many different targets there are, and addresses elsewhere.
    pub targets: usize,
}

/// What is known of a message after its last byte.
#[derive(Debug)]
pub struct Commit {
    /// Where it goes within this host, each target once.
    pub targets: BTreeSet<Target>,
    /// The sender, and where else it goes; targets and structure are not in here. A message from elsewhere has a sender
    /// only.
    pub end: SubmitEnd,
    /// The structure of exactly the bytes that were sent as chunks.
    pub scanned: Scanned,
    /// How many bytes were sent as chunks.
    pub size: u64,
}

/// The client's declaration of what the message contains, RFC 6152 section 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// ASCII only.
    #[default]
    SevenBit,
    /// Octets above 127 occur.
    EightBit,
}

/// Where an accepted recipient's mail goes; the numbers are opaque here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An account of this host.
    Account(u64),
    /// A forward that the owner of an address set up.
    Forward(u64),
}

/// An answer.
#[derive(Debug)]
pub enum Answer {
    /// To [`Ask::Login`].
    Login(Login),
    /// To [`Ask::Recipient`].
    Recipient(Verdict),
    /// To [`Ask::Begin`].
    Begin(Result<Begun, Failure>),
    /// To [`Ask::Chunk`]. After a failure the message is gone, and neither chunk nor commit nor abort follows.
    Chunk(Result<(), Failure>),
    /// To [`Ask::Commit`].
    Commit(Outcome),
    /// To [`Ask::Abort`].
    Abort,
}

/// What came of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Yes: the client may send as these.
    Welcome(Senders),
    /// Unknown user or wrong password.
    Denied,
    /// Nobody could say.
    Unavailable,
    /// Too many wrong ones came from there: this one was not looked at.
    Blocked,
}

/// What becomes of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Mail for it goes to these, at least one.
    Accepted(Vec<Target>),
    /// The domain is ours and the address isn't there.
    Unknown,
    /// The domain is not ours.
    NotLocal,
    /// The address is there and takes no mail now.
    Rejected(Rejection),
    /// Nobody could say.
    TemporaryFailure,
}

/// Why an existing address takes no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The account is disabled.
    Disabled,
    /// The account is over its quota; that may change.
    Full,
    /// The address takes mail from some senders, and not from this one.
    Forbidden,
}

/// A message is open at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What the message is called from now on, in every log.
    pub id: TransactionId,
    /// The present time, seconds since 1970 UTC.
    pub now: i64,
}

/// A name of a transaction that no other one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub u128);

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Why the store didn't take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No reason that is the client's business.
    Temporary,
    /// No space, or no memory for another message.
    Full,
    /// The account may not send under that reverse path: it has lost the address meanwhile.
    Sender,
    /// The account has sent to as many recipients as it may for now.
    TooMany,
    /// The account's session at the store has ended; there is none without another login.
    Ended,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable for every target.
    Stored,
    /// Nothing was stored for anybody.
    Refused(Failure),
    /// The store went away without a word, and didn't come back in time.
    Unknown,
}
