//! The envelope of a message as IMAP means it (RFC 9051 section 2.3.5): what its header says of who wrote to whom.

use serde::{Deserialize, Serialize};

use super::{Text, capped};
use crate::limits::MAX_ADDRESSES;

/// The envelope structure of RFC 9051 section 7.5.2. Strings are unfolded and trimmed, nothing is decoded. A field
/// that is there but empty is an empty string; one that is absent is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// `Date`
    pub date: Option<Text>,
    /// `Subject`
    pub subject: Option<Text>,
    /// `From`
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub from: Vec<Address>,
    /// `Sender` as written; [`sender_or_from`](Self::sender_or_from) is what IMAP reports.
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub sender: Vec<Address>,
    /// `Reply-To` as written; [`reply_to_or_from`](Self::reply_to_or_from) is what IMAP reports.
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub reply_to: Vec<Address>,
    /// `To`, of all such fields
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub to: Vec<Address>,
    /// `Cc`, of all such fields
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub cc: Vec<Address>,
    /// `Bcc`, of all such fields
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_ADDRESSES>")]
    pub bcc: Vec<Address>,
    /// `In-Reply-To`
    pub in_reply_to: Option<Text>,
    /// `Message-ID`
    pub message_id: Option<Text>,
}

impl Envelope {
    /// The sender, which is `From` when there is none or it is empty.
    #[must_use]
    pub fn sender_or_from(&self) -> &[Address] {
        if self.sender.is_empty() { &self.from } else { &self.sender }
    }

    /// Where to reply, which is `From` when nothing is said or it is empty.
    #[must_use]
    pub fn reply_to_or_from(&self) -> &[Address] {
        if self.reply_to.is_empty() { &self.from } else { &self.reply_to }
    }

    /// Every list of addresses.
    pub(crate) fn lists(&self) -> [&[Address]; 6] {
        [&self.from, &self.sender, &self.reply_to, &self.to, &self.cc, &self.bcc]
    }

    /// Every string that is no address.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Text> {
        [&self.date, &self.subject, &self.in_reply_to, &self.message_id].into_iter().flatten()
    }
}

/// An address structure of RFC 9051 section 7.5.2, out of its quotes, nothing decoded.
///
/// A group begins with an address that has a mailbox (the group's name) and no host, and ends with one that has
/// neither. An address that lacks a host or a mailbox in the message has an empty string there, never `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The display name, or the comment that stands in for it.
    pub name: Option<Text>,
    /// The obsolete source route, `@a,@b`.
    pub adl: Option<Text>,
    /// The local part, or a group's name.
    pub mailbox: Option<Text>,
    /// The domain.
    pub host: Option<Text>,
}

impl Address {
    /// The mark that begins a group.
    pub(crate) fn group_start(name: Text) -> Self {
        Address { mailbox: Some(name), ..Address::default() }
    }

    /// The mark that ends a group.
    pub(crate) fn group_end() -> Self {
        Address::default()
    }

    /// Every string.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Text> {
        [&self.name, &self.adl, &self.mailbox, &self.host].into_iter().flatten()
    }
}
