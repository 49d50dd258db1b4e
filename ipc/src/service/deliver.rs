//! `deliver`: a reader appends one message to accounts and forwards. It cannot read, and it cannot name an address.
//!
//! Many transactions run over one channel, each a *stream*: [`DeliverRequest::Begin`], chunks under credits,
//! [`DeliverRequest::Commit`], one [`DeliverReply::Finished`]. One commit covers every target: all or none. The store
//! remembers transaction ids for ten minutes. When the store dies between commit and reply, the client asks the next
//! store with [`DeliverRequest::Outcome`] for up to [`PATIENCE`]: stored is 250, not stored is 451 (the body was not
//! kept, the peer sends it again), so nothing is lost and nothing doubled.

mod client;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::frame::Message;
use crate::mail::{Target, TransactionId};

pub use client::{DeliverClient, Delivery};

/// How long a client asks for the outcome of a transaction whose store died.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long a commit may take before it is given up as unknown.
pub const COMMIT_PATIENCE: Duration = Duration::from_secs(120);
/// Streams a worker may have open.
pub const STREAMS_MAX: usize = 1024;
/// Targets of one transaction.
pub const TARGETS_MAX: usize = 4096;

/// Which of the two mailboxes that this channel can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folder {
    /// The inbox.
    Inbox,
    /// The mailbox with the special use `\Junk`.
    Junk,
}

/// What a reader asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliverRequest {
    /// A message follows in chunks of this stream number, which is not in use on the channel.
    Begin {
        /// The number the client chose.
        stream: u32,
        /// The transaction.
        transaction: TransactionId,
    },
    /// The message is complete: make it durable in every target, or in none.
    Commit {
        /// Which.
        stream: u32,
        /// At most [`TARGETS_MAX`], without repeats.
        targets: Vec<Target>,
        /// Where to.
        folder: Folder,
        /// The encoded structure, opaque to the store, at most [`super::upload::STRUCTURE_MAX`] bytes; empty if unknown.
        structure: Vec<u8>,
    },
    /// Forget the stream.
    Abort {
        /// Which.
        stream: u32,
    },
    /// Was this transaction stored? The reply comes as [`DeliverReply::Finished`] under the stream number given.
    Outcome {
        /// A number not in use on the channel.
        stream: u32,
        /// Which.
        transaction: TransactionId,
    },
}

impl Message for DeliverRequest {}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivered {
    /// Durable in every target.
    Stored,
    /// In none: an account is no longer there.
    NoAccount,
    /// In none: no space on the disk, or no memory to take the body in.
    Full,
    /// In none: larger than the store takes.
    TooLarge,
    /// In none: the store knows nothing of it.
    NotStored,
}

/// What the store answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliverReply {
    /// That many chunks of the stream have been taken in.
    Credit {
        /// Which.
        stream: u32,
        /// How many.
        chunks: u8,
    },
    /// The stream has ended; also comes before the commit when the store cannot go on with it.
    Finished {
        /// Which.
        stream: u32,
        /// How.
        outcome: Delivered,
    },
}

impl Message for DeliverReply {}
