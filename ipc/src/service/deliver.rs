//! `deliver`: a reader appends one message to accounts and forwards. It cannot read, and it cannot name an address.
//!
//! Many transactions run over one channel, each a *stream*: [`DeliverRequest::Begin`], chunks under credits,
//! [`DeliverRequest::Commit`], one [`DeliverReply::Finished`]. One commit covers every target: all or none. The store
//! remembers transaction ids for ten minutes. When the store dies between commit and reply, the client asks the next
//! store with [`DeliverRequest::Outcome`] for up to [`PATIENCE`]: stored is 250, not stored is 451 (the body was not
//! kept, the peer sends it again), so nothing is lost and nothing doubled.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::upload::{Answered, Ending, Upload, UploadClient, UploadReply, UploadRequest};
use crate::mail::{Target, TransactionId};
use crate::rpc::Link;

pub use super::upload::{COMMIT_PATIENCE, Delivered};

/// How long a client asks for the outcome of a transaction whose store died.
pub const PATIENCE: Duration = Duration::from_secs(10);
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

/// Where a delivered message goes: no address is among it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliverEnd {
    /// At most [`TARGETS_MAX`], without repeats.
    pub targets: Vec<Target>,
    /// Where to.
    pub folder: Folder,
    /// The encoded structure, opaque to the store, at most [`super::upload::STRUCTURE_MAX`] bytes; empty if unknown.
    pub structure: Vec<u8>,
}

impl Ending for DeliverEnd {
    const STREAMS_MAX: usize = STREAMS_MAX;
}

/// What a reader asks.
pub type DeliverRequest = UploadRequest<DeliverEnd>;
/// What the store answers.
pub type DeliverReply = UploadReply;
/// One worker's client.
pub type DeliverClient = UploadClient<DeliverEnd>;
/// One message on its way.
pub type Delivery = Upload<DeliverEnd>;

impl Delivery {
    /// Makes it durable. `link` is where the next store appears if this one dies meanwhile. `None`: the outcome is
    /// unknown; the peer has to be told to try again.
    pub async fn commit(
        mut self,
        link: &Link<DeliverClient>,
        targets: Vec<Target>,
        folder: Folder,
        structure: Vec<u8>,
    ) -> Option<Delivered> {
        match self.finish(DeliverEnd { targets, folder, structure }).await {
            Answered::Outcome(outcome) => Some(outcome),
            Answered::Gone => ask_next(link, self.transaction()).await,
            Answered::Late => None,
        }
    }
}

async fn ask_next(link: &Link<DeliverClient>, transaction: TransactionId) -> Option<Delivered> {
    let asking = async {
        loop {
            let client = link.get(PATIENCE, |client| !client.is_gone()).await?;
            match client.outcome(transaction).await {
                Ok(outcome) => return Some(outcome),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
}
