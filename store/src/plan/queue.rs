//! Submitted mail: into mailboxes here, into the queue for elsewhere, or nowhere.

use ipc::mail::{AccountId, Address, QueueId, Seconds};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::Refusal;
use ipc::service::submit::{Remote, Return};

use super::{Decision, NewMessage, Outcome, Staging, message};
use crate::change::{Change, Queued};
use crate::index::{Index, QUEUE_MAX};

/// Who sends a message, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Who gets reports; none is the null reverse path.
    pub reverse_path: Option<Address>,
    /// Accounts it is delivered to at once, each once.
    pub accounts: Vec<AccountId>,
    /// Recipients elsewhere.
    pub remote: Vec<Remote>,
    /// How much of the message a report returns.
    pub ret: Option<Return>,
    /// What the client calls it.
    pub envid: Option<String>,
}

pub(super) fn submit(
    message: &NewMessage,
    sender: AccountId,
    envelope: &Envelope,
    index: &Index,
    staging: &mut Staging,
    first_body: u16,
    now: Seconds,
) -> Decision {
    if index.transactions.outcome(message.transaction).is_some() {
        return Decision::Answer(Outcome::Done);
    }
    if staging.transacts(message.transaction) || !staging.may_use(sender) {
        return Decision::Later;
    }
    if index.account(sender).is_none() {
        return Decision::Answer(Outcome::NoAccount);
    }
    let id = match envelope.remote.is_empty() {
        true => None,
        false => match next_id(index, staging) {
            Some(id) => Some(id),
            None => return Decision::Answer(Outcome::Refused(Refusal::Full)),
        },
    };
    let added =
        message::additions(message, &envelope.accounts, Folder::Inbox, index, staging, first_body, now);
    let mut changes = match added {
        Ok(changes) => changes,
        Err(decision) => return decision,
    };
    if let Some(id) = id {
        staging.queue(id);
        let queued = queued(message, sender, envelope, (id, first_body), now);
        changes.push(Change::QueueAdded(Box::new(queued)));
    }
    staging.transact(message.transaction);
    changes.push(Change::TransactionDone { transaction: message.transaction, at: now, appended: None });
    Decision::Change(changes, Outcome::Done)
}

/// The next id; `None` when the queue is full.
fn next_id(index: &Index, staging: &Staging) -> Option<QueueId> {
    let (last, added) = staging.queued();
    let room = index.queue.len().saturating_add(added) < QUEUE_MAX;
    let last = last.max(index.queue.last());
    last.0.checked_add(1).filter(|_| room).map(QueueId)
}

fn queued(
    message: &NewMessage,
    account: AccountId,
    envelope: &Envelope,
    (id, body): (QueueId, u16),
    at: Seconds,
) -> Queued {
    Queued {
        id,
        transaction: message.transaction,
        account,
        reverse_path: envelope.reverse_path.clone(),
        recipients: envelope.remote.clone(),
        ret: envelope.ret,
        envid: envelope.envid.clone(),
        at,
        size: message.body.raw_length(),
        body,
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
