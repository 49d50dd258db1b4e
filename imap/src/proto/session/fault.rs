//! Why a session cannot go on.

use crate::proto::response::Code;

const STORE_GONE: &str = "The mail store is being restarted, please come back.";

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The store is gone, and the mailbox session with it.
    Lost,
    /// The same in the middle of a response, which cannot be finished.
    LostWithin,
    /// An answer to what was not asked: a mistake of ours.
    OutOfPhase,
    /// The client sends more than anyone wants to read.
    Unwanted,
    /// Another session removed the selected mailbox.
    Removed,
    /// The mailbox has grown beyond what a view can hold.
    Overfull,
}

impl Fault {
    /// What is said in BYE, where something can be said.
    pub(super) fn goodbye(self) -> Option<(Code<'static>, &'static str)> {
        match self {
            Fault::Lost => Some((Code::Unavailable, STORE_GONE)),
            Fault::LostWithin => None,
            Fault::OutOfPhase => Some((Code::ServerBug, "Internal error.")),
            Fault::Unwanted => Some((Code::TooBig, "Larger than is accepted.")),
            Fault::Removed => Some((Code::Nonexistent, "The selected mailbox was removed.")),
            Fault::Overfull => Some((Code::Limit, "Too many messages in the selected mailboxes.")),
        }
    }
}
