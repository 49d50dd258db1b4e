//! `submit`: one logged-in user's channel to the store, over which it sends mail: to accounts here, and to addresses
//! anywhere, for which the store keeps a queue entry. It is bound to one account and to whom that account may send as.
//!
//! A message is a *stream* as in [`deliver`](super::deliver), with another end: [`SubmitEnd`]. One commit covers the
//! mailboxes of local recipients and the queue entry of the others: all or none. The store holds every commit to the
//! session's senders and answers [`Delivered::NotAllowed`] to any other reverse path; the null reverse path is always
//! allowed (RFC 6409 section 6.1 speaks of reports a mail program sends). More recipients or larger parameters than
//! the limits here end the session: an honest reader has refused them before.
//!
//! When the store dies the session has ended, and the user logs in again. What became of a commit that was not answered,
//! the reader asks the next store over its standing channel [`outcome`](super::outcome): stored is 250, not stored and
//! unknown are 451. The body was not kept, so the mail program sends it again: nothing is lost and nothing doubled.

use serde::{Deserialize, Serialize};

use super::upload::{Answered, Ending, Upload, UploadClient, UploadReply, UploadRequest};
use crate::mail::{Address, Target};

pub use super::upload::{COMMIT_PATIENCE, Delivered};

/// Streams a session may have open: one message, and the last ones whose commit takes long.
pub const STREAMS_MAX: usize = 4;
/// Local targets of one transaction.
pub const TARGETS_MAX: usize = 4096;
/// Remote recipients of one transaction.
pub const REMOTE_MAX: usize = 1000;
/// The most bytes of an envelope, as [`SubmitEnd::envelope`] counts them: a hundred recipients (RFC 5321 section
/// 4.5.3.1.8) of the largest kind, and more of the usual ones. A recipient too many is refused with 452 at RCPT.
pub const ENVELOPE_MAX: usize = 104 * 1024;
/// The most bytes of a local part or a domain of an address (RFC 5321 section 4.5.3.1 says 64 and 255).
pub const ADDRESS_PART_MAX: usize = 255;
/// The most characters of an ORCPT parameter (RFC 3461 section 4.2).
pub const ORCPT_MAX: usize = 500;
/// The most characters of an ENVID parameter (RFC 3461 section 4.4).
pub const ENVID_MAX: usize = 100;

/// About what of its own a recipient takes, encoded, beside its texts.
const RECIPIENT_OVERHEAD: usize = 32;
/// The same of a local target.
const TARGET_BYTES: usize = 12;
/// What a commit has room for: envelope and structure, with something left for the frame around them.
const END_MAX: usize = crate::codec::MESSAGE_MAX - 512;

/// Which reports a sender wants of a recipient (RFC 3461 section 4.1): a bit each, none of them for `NEVER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify(pub u8);

impl Notify {
    /// `NEVER`
    pub const NEVER: Notify = Notify(0);
    /// `SUCCESS`
    pub const SUCCESS: Notify = Notify(1);
    /// `FAILURE`
    pub const FAILURE: Notify = Notify(2);
    /// `DELAY`
    pub const DELAY: Notify = Notify(4);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Notify) -> Notify {
        Notify(self.0 | other.0)
    }

    /// Are all of the other's in it?
    #[must_use]
    pub const fn has(self, other: Notify) -> bool {
        self.0 & other.0 == other.0
    }

    /// Has every bit a meaning?
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 < 8
    }
}

/// How much of the message a report returns (RFC 3461 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Return {
    /// `FULL`
    Full,
    /// `HDRS`
    Headers,
}

/// A recipient elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Where to; both of its parts are there, each of at most [`ADDRESS_PART_MAX`] bytes.
    pub address: Address,
    /// Which reports are wanted, if the client said so.
    pub notify: Option<Notify>,
    /// The original recipient as the client gave it (`rfc822;` and xtext), at most [`ORCPT_MAX`] bytes of printable ASCII.
    pub orcpt: Option<String>,
}

impl Remote {
    /// What it takes of [`ENVELOPE_MAX`].
    #[must_use]
    pub fn weight(&self) -> usize {
        let orcpt = self.orcpt.as_ref().map_or(0, String::len);
        address_weight(&self.address).saturating_add(orcpt).saturating_add(RECIPIENT_OVERHEAD)
    }

    fn is_in_form(&self) -> bool {
        is_address(&self.address)
            && self.notify.is_none_or(Notify::is_known)
            && self.orcpt.as_ref().is_none_or(|orcpt| is_parameter(orcpt, ORCPT_MAX))
    }
}

/// Where a submitted message goes, and by whom it is sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SubmitEnd {
    /// Who gets reports; none is the null reverse path.
    pub reverse_path: Option<Address>,
    /// Local recipients, at most [`TARGETS_MAX`], without repeats.
    pub targets: Vec<Target>,
    /// The others, at most [`REMOTE_MAX`], without repeats; there are targets, or there are these.
    pub remote: Vec<Remote>,
    /// How much a report returns, if the client said so.
    pub ret: Option<Return>,
    /// What the client calls the transaction (xtext), at most [`ENVID_MAX`] bytes of printable ASCII.
    pub envid: Option<String>,
    /// The encoded structure, opaque to the store, at most [`super::upload::STRUCTURE_MAX`] bytes; empty if unknown.
    pub structure: Vec<u8>,
}

impl SubmitEnd {
    /// What its recipients take of [`ENVELOPE_MAX`].
    #[must_use]
    pub fn envelope(&self) -> usize {
        let remote = self.remote.iter().map(Remote::weight).fold(0, usize::saturating_add);
        remote.saturating_add(self.targets.len().saturating_mul(TARGET_BYTES))
    }

    /// May it become one recipient more, with that many targets or that remote address?
    #[must_use]
    pub fn has_room(&self, targets: usize, remote: Option<&Remote>) -> bool {
        let targets_all = self.targets.len().saturating_add(targets);
        let remote_all = self.remote.len().saturating_add(usize::from(remote.is_some()));
        let more = targets.saturating_mul(TARGET_BYTES).saturating_add(remote.map_or(0, Remote::weight));
        targets_all <= TARGETS_MAX
            && remote_all <= REMOTE_MAX
            && self.envelope().saturating_add(more) <= ENVELOPE_MAX
    }

    /// Does it keep to the limits that are named here, so that the store will look at it?
    #[must_use]
    pub fn is_in_form(&self) -> bool {
        let somewhere = !self.targets.is_empty() || !self.remote.is_empty();
        let bounded = self.targets.len() <= TARGETS_MAX
            && self.remote.len() <= REMOTE_MAX
            && self.envelope() <= ENVELOPE_MAX
            && self.structure.len() <= super::upload::STRUCTURE_MAX;
        somewhere
            && bounded
            && self.reverse_path.as_ref().is_none_or(is_address)
            && self.envid.as_ref().is_none_or(|envid| is_parameter(envid, ENVID_MAX))
            && self.remote.iter().all(Remote::is_in_form)
    }
}

impl Ending for SubmitEnd {
    const STREAMS_MAX: usize = STREAMS_MAX;
}

/// What a reader asks.
pub type SubmitRequest = UploadRequest<SubmitEnd>;
/// What the store answers.
pub type SubmitReply = UploadReply;
/// One session's client; started with the descriptor that came with the login.
pub type SubmitClient = UploadClient<SubmitEnd>;
/// One message on its way.
pub type Submission = Upload<SubmitEnd>;

impl Submission {
    /// Makes it durable. `None`: the store is gone, or takes longer than [`COMMIT_PATIENCE`]; what became of the
    /// transaction is to be asked with [`outcome::ask`](super::outcome::ask). A structure that there is no room for beside
    /// the recipients is left out: it is computed when it is needed.
    pub async fn commit(mut self, mut end: SubmitEnd) -> Option<Delivered> {
        if end.envelope().saturating_add(end.structure.len()) > END_MAX - ADDRESS_PART_MAX * 2 - ENVID_MAX {
            end.structure.clear();
        }
        match self.finish(end).await {
            Answered::Outcome(outcome) => Some(outcome),
            Answered::Gone | Answered::Late => None,
        }
    }
}

fn address_weight(address: &Address) -> usize {
    address.local.len().saturating_add(address.domain.len())
}

/// Has it both parts, of a bounded size, and nothing in them that would end a line of the protocol it is sent on with?
fn is_address(address: &Address) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.len() <= ADDRESS_PART_MAX && !part.chars().any(char::is_control)
    };
    is_part(&address.local) && is_part(&address.domain) && !address.domain.contains(char::is_whitespace)
}

fn is_parameter(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
