//! `directory`: a reader asks `auth` where mail for an address goes.
//!
//! When `auth` dies the client asks the next one within [`PATIENCE`]: a look-up changes nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::{Address, Target, TransactionId};
use crate::rpc::Procedure;

/// How long a client waits for `auth` to be there and to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Look-ups a worker may have outstanding.
pub const IN_FLIGHT: usize = 4096;

/// The service.
#[derive(Debug)]
pub enum Directory {}

/// Where does this recipient go?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DirectoryRequest {
    /// The recipient. A subaddress (`user+detail`) is resolved by `auth`.
    pub recipient: Address,
    /// The transaction that asks, for the log.
    pub transaction: TransactionId,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryReply {
    /// Into these; at least one, at most 100.
    Deliver(Vec<Target>),
    /// The domain is ours, the address is not there.
    Unknown,
    /// The domain is not ours.
    NotLocal,
    /// Cannot tell now.
    Unavailable,
}

impl Procedure for Directory {
    type Request = DirectoryRequest;
    type Reply = DirectoryReply;
    const IN_FLIGHT: usize = IN_FLIGHT;
}
