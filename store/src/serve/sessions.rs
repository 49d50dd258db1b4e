//! `sessions`, the server: makes the socket pair of a session, which is bound to its account for good.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::AccountId;
use ipc::rpc;
use ipc::service::sessions::{CREATE_MAX, IN_FLIGHT, Sessions, SessionsReply, SessionsRequest};
use tokio::task::spawn_local;

use super::mailbox::Kind;
use super::registry::{Entered, Registry};
use super::{Store, mailbox, submit};
use crate::plan::{Operation, Outcome};

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    rpc::serve::<Sessions>(socket, IN_FLIGHT, move |request, responder| {
        let store = Rc::clone(&store);
        spawn_local(async move {
            let (reply, descriptors) = answer(&store, request).await;
            responder.reply(reply, descriptors);
        });
    })
    .await
}

async fn answer(store: &Rc<Store>, request: SessionsRequest) -> (SessionsReply, Vec<OwnedFd>) {
    match request {
        SessionsRequest::Create { accounts } if accounts.len() > CREATE_MAX => {
            (SessionsReply::Unavailable, vec![])
        }
        SessionsRequest::Create { accounts } => (create(store, accounts).await, vec![]),
        SessionsRequest::Accounts { after } => {
            (SessionsReply::Accounts(store.engine.index().accounts_behind(after, CREATE_MAX)), vec![])
        }
        SessionsRequest::OpenMailbox { account } => {
            open(store, account, |entered, ours| drop(spawn_local(mailbox::run(entered, ours, Kind::User))))
                .await
        }
        SessionsRequest::OpenImport { account } => {
            open(store, account, |entered, ours| drop(spawn_local(mailbox::run(entered, ours, Kind::Import))))
                .await
        }
        SessionsRequest::OpenSubmit { senders, .. } if !senders.are_in_form() => {
            (SessionsReply::Unavailable, vec![])
        }
        SessionsRequest::OpenSubmit { account, senders } => {
            open(store, account, |entered, ours| drop(spawn_local(submit::run(entered, senders, ours)))).await
        }
        SessionsRequest::Revoke { account } => {
            store.registry.end(account);
            (SessionsReply::Done, vec![])
        }
        SessionsRequest::Remove { account } => {
            let outcome = store.engine.submit(Operation::Remove { account }).await;
            store.registry.end(account);
            tracing::info!(account = account.0, ?outcome, "account removed");
            (if outcome == Outcome::Done { SessionsReply::Done } else { SessionsReply::Unavailable }, vec![])
        }
    }
}

async fn create(store: &Store, accounts: Vec<AccountId>) -> SessionsReply {
    match store.engine.submit(Operation::Create { accounts }).await {
        Outcome::Done => SessionsReply::Done,
        Outcome::NoAccount => SessionsReply::Removed,
        _ => SessionsReply::Unavailable,
    }
}

/// Opens a session that `begin` starts, with the store's end of its channel.
async fn open(
    store: &Rc<Store>,
    account: AccountId,
    begin: impl FnOnce(Entered, OwnedFd),
) -> (SessionsReply, Vec<OwnedFd>) {
    // Registered before anything is waited for: a session that is revoked, or whose account is removed, while it is being
    // opened has to end as well.
    let entered = Registry::enter(store, account);
    let known = store.engine.index().account(account).is_some();
    let there = if known { SessionsReply::Done } else { create(store, vec![account]).await };
    if there != SessionsReply::Done {
        return (there, vec![]);
    }
    match ipc::socket::pair() {
        Ok((ours, theirs)) => {
            begin(entered, ours);
            (SessionsReply::Opened, vec![theirs])
        }
        Err(error) => {
            tracing::error!(%error, "no session can be opened");
            (SessionsReply::Unavailable, vec![])
        }
    }
}
