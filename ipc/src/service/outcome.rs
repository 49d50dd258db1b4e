//! `outcome`: a reader whose session at the store ended between commit and reply asks the next store what became of its
//! transaction. Transaction ids are 128 random bits: who does not know one learns nothing, and who does learns one bit.
//!
//! When the store dies again the client asks the next one, until [`PATIENCE`] is over: a look-up changes nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::TransactionId;
use crate::rpc::{Client, Link, Procedure};

/// How long a client asks.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Look-ups a worker may have outstanding.
pub const IN_FLIGHT: usize = 4096;

/// The service.
#[derive(Debug)]
pub enum Outcomes {}

/// What became of it?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OutcomeRequest {
    /// Which.
    pub transaction: TransactionId,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeReply {
    /// It is durable, everywhere it was to go.
    Stored,
    /// The store knows nothing of it: it is nowhere.
    NotStored,
}

impl Procedure for Outcomes {
    type Request = OutcomeRequest;
    type Reply = OutcomeReply;
    const IN_FLIGHT: usize = IN_FLIGHT;
}

/// What became of a transaction, asked of whichever store is there within [`PATIENCE`]; `None`: none answered.
pub async fn ask(link: &Link<Client<Outcomes>>, transaction: TransactionId) -> Option<OutcomeReply> {
    link.insist(PATIENCE, OutcomeRequest { transaction }).await.ok().map(|(reply, _)| reply)
}
