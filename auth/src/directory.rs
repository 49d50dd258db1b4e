//! The service `directory`: where mail for an address goes.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::mail::Target;
use ipc::rpc;
use ipc::service::directory::{Directory, DirectoryReply, DirectoryRequest, IN_FLIGHT};

use crate::address::shortened;
use crate::auth::Auth;
use crate::resolve::{Destination, resolve};
use crate::store::Knowledge;

/// Serves one worker until it goes.
///
/// # Errors
/// Why the channel ended.
pub async fn serve(auth: Rc<Auth>, socket: OwnedFd) -> Result<(), ChannelError> {
    rpc::serve::<Directory>(socket, IN_FLIGHT, |request, responder| {
        let _entered = auth.gauge.enter();
        responder.reply(answer(&auth, &request), Vec::new());
    })
    .await
}

fn answer(auth: &Auth, request: &DirectoryRequest) -> DirectoryReply {
    let transaction = request.transaction;
    let recipient = shortened(&request.recipient.to_string());
    match resolve(&auth.database, &auth.domain, &request.recipient) {
        Ok(Destination::Accounts(accounts)) => {
            tracing::info!(%transaction, ?recipient, ?accounts, "recipient");
            DirectoryReply::Deliver(accounts.into_iter().map(Target::Account).collect())
        }
        Ok(Destination::Unknown | Destination::NotLocal) if auth.store.knowledge() != Knowledge::Whole => {
            tracing::warn!(%transaction, ?recipient, "not known, but accounts may have been lost: put off");
            DirectoryReply::Unavailable
        }
        Ok(Destination::Unknown) => {
            tracing::info!(%transaction, ?recipient, "no such recipient");
            DirectoryReply::Unknown
        }
        Ok(Destination::NotLocal) => {
            tracing::info!(%transaction, ?recipient, "recipient elsewhere");
            DirectoryReply::NotLocal
        }
        Ok(Destination::TooWide) => {
            tracing::warn!(%transaction, ?recipient, "its aliases lead to too many accounts: put off");
            DirectoryReply::Unavailable
        }
        Err(error) => {
            tracing::error!(%transaction, %error, "recipient put off");
            DirectoryReply::Unavailable
        }
    }
}
