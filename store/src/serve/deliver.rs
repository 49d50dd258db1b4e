//! `deliver`, the server: a message goes into a folder of each target's account, or of none.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::{AccountId, Target, TransactionId};
use ipc::service::deliver::{DeliverEnd, Delivered, TARGETS_MAX};
use ipc::service::mailbox::Refusal;
use ipc::service::upload::STRUCTURE_MAX;

use super::Store;
use super::body::Upload;
use super::streams::{self, Intake};
use crate::plan::{Operation, Outcome};

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    let (memory, deliver) = (store.channel_budget(), Rc::new(Deliver { store: Rc::clone(&store) }));
    streams::serve(store, deliver, memory, socket).await
}

struct Deliver {
    store: Rc<Store>,
}

impl Intake for Deliver {
    type End = DeliverEnd;

    fn admits(&self, end: &DeliverEnd) -> bool {
        (1..=TARGETS_MAX).contains(&end.targets.len()) && end.structure.len() <= STRUCTURE_MAX
    }

    fn size(&self, end: &DeliverEnd) -> usize {
        end.structure.len().saturating_add(size_of_val(end.targets.as_slice()))
    }

    async fn commit(self: Rc<Self>, upload: Upload, end: DeliverEnd) -> Delivered {
        deliver(&self.store, upload, end).await
    }
}

async fn deliver(store: &Store, mut upload: Upload, end: DeliverEnd) -> Delivered {
    let transaction = upload.transaction;
    let Some(accounts) = accounts(&end.targets) else {
        tracing::warn!(id = %transaction, "a delivery names a forward that does not exist");
        return Delivered::NoAccount;
    };
    let (raw, count) = (std::mem::take(&mut upload.bytes), accounts.len());
    let (bytes, folder) = (raw.len(), end.folder);
    let outcome = store
        .engine
        .add(transaction, raw, end.structure, |message| Operation::Deliver { message, accounts, folder })
        .await;
    note(transaction, bytes, count, &outcome);
    delivered(&outcome)
}

/// What a client is told of the outcome.
pub(super) fn delivered(outcome: &Outcome) -> Delivered {
    match outcome {
        Outcome::Done => Delivered::Stored,
        Outcome::NoAccount => Delivered::NoAccount,
        Outcome::Refused(Refusal::Full) => Delivered::Full,
        // Of what can be refused to an operation of ours, this is all else.
        _ => Delivered::TooLarge,
    }
}

fn note(transaction: TransactionId, bytes: usize, accounts: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Done => tracing::info!(id = %transaction, bytes, accounts, "stored"),
        other => tracing::warn!(id = %transaction, bytes, accounts, outcome = ?other, "not stored"),
    }
}

/// The accounts among the targets, each once. `None`: a forward is named that `auth` has not told of (there are none yet).
pub(super) fn accounts(targets: &[Target]) -> Option<Vec<AccountId>> {
    let mut accounts: Vec<AccountId> = targets
        .iter()
        .map(|target| match target {
            Target::Account(account) => Some(*account),
            Target::Forward(_) => None,
        })
        .collect::<Option<_>>()?;
    accounts.sort_unstable();
    accounts.dedup();
    Some(accounts)
}
