//! The service `admin`: what an administrator changes and lists. The master has checked who asks.

mod accounts;
mod aliases;
mod domains;
mod mailboxes;
mod refusal;

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::control::Entered;
use ipc::rpc::{self, Responder};
use ipc::service::admin::{AuthAdmin, AuthReply, AuthRequest};
use tokio::sync::mpsc;

use crate::auth::Auth;
pub use refusal::Refusal;

/// Requests of one connection that may wait.
const IN_FLIGHT: usize = 8;

/// Serves one administrator until the connection ends. Requests are done one after the other; what was asked is done
/// even if the connection ends meanwhile.
///
/// # Errors
/// Why the connection ended.
pub async fn serve(auth: Rc<Auth>, socket: OwnedFd) -> Result<(), ChannelError> {
    let (queue, waiting) = mpsc::channel(IN_FLIGHT);
    let gauge = auth.gauge.clone();
    tokio::task::spawn_local(answer_all(auth, waiting));
    rpc::serve::<AuthAdmin>(socket, IN_FLIGHT, |request, responder| {
        if let Err(error) = queue.try_send((request, responder, gauge.enter())) {
            let (_, responder, _) = error.into_inner();
            responder.reply(Refusal::TooMany.reply(), Vec::new());
        }
    })
    .await
}

type Waiting = (AuthRequest, Responder<AuthAdmin>, Entered);

async fn answer_all(auth: Rc<Auth>, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some((request, responder, _entered)) = waiting.recv().await {
        let answered = match request {
            AuthRequest::OpenMailboxes { address } => mailboxes::open(&auth, &address).await,
            request => answer(&auth, request).await.map(|reply| (reply, Vec::new())),
        };
        let (reply, descriptors) = answered.unwrap_or_else(|refusal| {
            if let Refusal::Database(error) = &refusal {
                tracing::error!(%error, "an administrator's request");
            }
            (refusal.reply(), Vec::new())
        });
        responder.reply(reply, descriptors);
    }
}

/// Does what is asked and answered by words alone.
///
/// # Errors
/// Why it is not done; nothing is changed then.
pub async fn answer(auth: &Auth, request: AuthRequest) -> Result<AuthReply, Refusal> {
    match request {
        AuthRequest::AddAccounts(accounts) => accounts::add(auth, accounts).await,
        AuthRequest::ListAccounts { after } => accounts::list(auth, after.as_deref()),
        AuthRequest::SetPassword { address, credential } => {
            accounts::set_password(auth, &address, credential).await
        }
        AuthRequest::RemoveAccount { address } => accounts::remove(auth, &address).await,
        AuthRequest::OpenMailboxes { .. } => Err(Refusal::NoSession),
        AuthRequest::GiveUpLost => accounts::give_up_lost(auth).await,
        AuthRequest::AddDomain { domain } => domains::add(auth, &domain),
        AuthRequest::ListDomains => domains::list(auth),
        AuthRequest::RemoveDomain { domain } => domains::remove(auth, &domain),
        AuthRequest::SetAlias { alias, targets } => aliases::set(auth, &alias, &targets),
        AuthRequest::ListAliases { after } => aliases::list(auth, after.as_deref()),
        AuthRequest::RemoveAlias { alias } => aliases::remove(auth, &alias),
    }
}
