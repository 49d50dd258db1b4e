//! What is said of bodies on their way in: requests and replies, the same for each service that takes messages. The
//! services differ in what ends a message, and so says where it goes.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::frame::Message;
use crate::mail::TransactionId;

/// What is said of a message when all of it was sent.
pub trait Ending: Serialize + DeserializeOwned + std::fmt::Debug + 'static {
    /// Streams a client may have open on one channel.
    const STREAMS_MAX: usize;
}

/// What a client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum UploadRequest<E> {
    /// A message follows in chunks of this stream number, which is not in use on the channel.
    Begin {
        /// The number the client chose.
        stream: u32,
        /// The transaction.
        transaction: TransactionId,
    },
    /// The message is complete: make it durable everywhere it is to go, or nowhere.
    Commit {
        /// Which.
        stream: u32,
        /// Where it goes.
        end: E,
    },
    /// Forget the stream.
    Abort {
        /// Which.
        stream: u32,
    },
    /// Was this transaction stored? The reply comes as [`UploadReply::Finished`] under the stream number given.
    Outcome {
        /// A number not in use on the channel.
        stream: u32,
        /// Which.
        transaction: TransactionId,
    },
}

impl<E: Ending> Message for UploadRequest<E> {}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivered {
    /// Durable, everywhere it was to go.
    Stored,
    /// Nowhere: an account is no longer there.
    NoAccount,
    /// Nowhere: no space on the disk, or no memory to take the body in.
    Full,
    /// Nowhere: larger than the store takes.
    TooLarge,
    /// Nowhere: the store knows nothing of it.
    NotStored,
    /// Nowhere: the session's account may not send with this reverse path (`submit` only).
    NotAllowed,
    /// Nowhere: the session's account has sent to as many recipients as it may for now (`submit` only).
    TooMany,
}

/// What the store answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum UploadReply {
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

impl Message for UploadReply {}
