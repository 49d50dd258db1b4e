//! `submit`, the server: one session's mail, held to whom its account may send as and to how much of it.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use ipc::channel::ChannelError;
use ipc::mail::{AccountId, Senders, TransactionId};
use ipc::service::submit::{Delivered, SubmitEnd};

use super::Store;
use super::body::Upload;
use super::deliver::{accounts, delivered};
use super::registry::Entered;
use super::streams::{self, Intake};
use crate::plan::{Envelope, Operation, Outcome};

/// Runs a session until its client goes, or it is ended: its account was removed, or its password changed.
pub(super) async fn run(entered: Entered, senders: Senders, socket: OwnedFd) {
    let Entered { store, account, signals, .. } = &entered;
    let account = *account;
    let _counted = store.gauge.enter();
    let submit = Rc::new(Submit { store: Rc::clone(store), account, senders });
    let memory = Rc::clone(&store.appends);
    let ended = tokio::select! {
        biased;
        () = signals.end.notified() => Ok(()),
        ended = streams::serve(Rc::clone(store), submit, memory, socket) => ended,
    };
    match ended {
        Ok(()) | Err(ChannelError::Gone) => tracing::debug!(account = account.0, "submit session closed"),
        Err(error) => tracing::warn!(account = account.0, %error, "submit session ended"),
    }
}

struct Submit {
    store: Rc<Store>,
    account: AccountId,
    senders: Senders,
}

impl Intake for Submit {
    type End = SubmitEnd;

    fn admits(&self, end: &SubmitEnd) -> bool {
        end.is_in_form()
    }

    fn size(&self, end: &SubmitEnd) -> usize {
        let lists = size_of_val(end.targets.as_slice()).saturating_add(size_of_val(end.remote.as_slice()));
        lists.saturating_add(end.envelope()).saturating_add(end.structure.len())
    }

    async fn commit(self: Rc<Self>, upload: Upload, end: SubmitEnd) -> Delivered {
        self.submit(upload, end).await
    }
}

impl Submit {
    async fn submit(&self, mut upload: Upload, end: SubmitEnd) -> Delivered {
        let (transaction, account) = (upload.transaction, self.account);
        if let Some(address) = end.reverse_path.as_ref().filter(|address| !self.senders.allow(address)) {
            // The reader has checked it before: either it is not what it should be, or the account lost the address meanwhile.
            let address = address.to_string();
            tracing::warn!(id = %transaction, account = account.0, ?address, "not the account's to send as");
            return Delivered::NotAllowed;
        }
        let Some(accounts) = accounts(&end.targets) else {
            tracing::warn!(id = %transaction, "a submission names a forward that does not exist");
            return Delivered::NoAccount;
        };
        let remote = end.remote.len();
        if !self.store.rates.take(account, remote, Instant::now()) {
            tracing::warn!(id = %transaction, account = account.0, remote, "the account sends to too many");
            return Delivered::TooMany;
        }
        // What is in no mailbox has nobody who would ask for its structure.
        let structure = if accounts.is_empty() { Vec::new() } else { end.structure };
        let (raw, local) = (std::mem::take(&mut upload.bytes), accounts.len());
        let SubmitEnd { reverse_path, remote: recipients, ret, envid, .. } = end;
        let envelope = Envelope { reverse_path, accounts, remote: recipients, ret, envid };
        let bytes = raw.len();
        let submit = |message| Operation::Submit { message, sender: account, envelope };
        let outcome = self.store.engine.add(transaction, raw, structure, submit).await;
        if outcome != Outcome::Done {
            self.store.rates.give_back(account, remote);
        }
        note(transaction, account, (bytes, local, remote), &outcome);
        delivered(&outcome)
    }
}

fn note(
    transaction: TransactionId,
    account: AccountId,
    (bytes, local, remote): (usize, usize, usize),
    outcome: &Outcome,
) {
    let account = account.0;
    match outcome {
        Outcome::Done => tracing::info!(id = %transaction, account, bytes, local, remote, "submitted"),
        other => {
            tracing::warn!(id = %transaction, account, bytes, local, remote, outcome = ?other, "not submitted")
        }
    }
}
