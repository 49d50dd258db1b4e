//! What delivering and submitting have in common: names of transactions, and what becomes of a message.

use std::time::{SystemTime, UNIX_EPOCH};

use ipc::mail::{self, TransactionId};
use ipc::service::upload::{Delivered, STRUCTURE_MAX};

use crate::proto::{self, Begun, Failure, Outcome, Scanned, Target};

/// The present transaction of a connection: its count there, and its name everywhere.
#[derive(Debug, Default)]
pub(super) struct Present(Option<(u32, TransactionId)>);

impl Present {
    /// The name of the connection's n-th transaction, made when it is first needed.
    pub(super) fn id(&mut self, count: u32) -> Option<TransactionId> {
        match self.0 {
            Some((present, id)) if present == count => Some(id),
            _ => {
                let id = TransactionId::random()
                    .inspect_err(|error| tracing::error!(%error, "no randomness for a transaction id"))
                    .ok()?;
                self.0 = Some((count, id));
                Some(id)
            }
        }
    }

    /// It is over.
    pub(super) fn end(&mut self) -> Option<TransactionId> {
        self.0.take().map(|(_, id)| id)
    }
}

/// What a session is told of a message that the store takes.
pub(super) fn begun(id: TransactionId) -> Begun {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Begun { id: proto::TransactionId(id.0), now: i64::try_from(since.as_secs()).unwrap_or(i64::MAX) }
}

/// The structure as the store keeps it; what is left out is computed by whoever needs it.
pub(super) fn structure(id: TransactionId, scanned: &Scanned) -> Vec<u8> {
    match scanned {
        Scanned::Structure(structure) => ipc::codec::encode_record(structure)
            .ok()
            .filter(|encoded| encoded.len() <= STRUCTURE_MAX)
            .unwrap_or_default(),
        Scanned::Panicked => {
            tracing::error!(%id, "finding the structure of a message panicked: it is stored without");
            Vec::new()
        }
    }
}

/// What a session is told of a commit.
pub(super) fn outcome(delivered: Option<Delivered>) -> Outcome {
    match delivered {
        Some(Delivered::Stored) => Outcome::Stored,
        Some(why) => Outcome::Refused(failure(why)),
        None => Outcome::Unknown,
    }
}

/// What a session is told of a message that the store gave up.
pub(super) fn failure(why: Delivered) -> Failure {
    match why {
        Delivered::Full | Delivered::TooLarge => Failure::Full,
        Delivered::NotAllowed => Failure::Sender,
        Delivered::TooMany => Failure::TooMany,
        Delivered::Stored | Delivered::NoAccount | Delivered::NotStored => Failure::Temporary,
    }
}

/// For the log.
pub(super) fn word(delivered: Option<Delivered>) -> &'static str {
    match delivered {
        Some(Delivered::Stored) => "stored",
        Some(Delivered::NoAccount) => "an account is gone",
        Some(Delivered::Full) => "no space",
        Some(Delivered::TooLarge) => "too large",
        Some(Delivered::NotStored) => "not stored",
        Some(Delivered::NotAllowed) => "not the account's address",
        Some(Delivered::TooMany) => "the account sends too much",
        None => "unknown",
    }
}

pub(super) fn wire_target(target: Target) -> mail::Target {
    match target {
        Target::Account(account) => mail::Target::Account(mail::AccountId(account)),
        Target::Forward(forward) => mail::Target::Forward(mail::ForwardId(forward)),
    }
}
