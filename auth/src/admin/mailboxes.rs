//! A session with an account's mailboxes, for an administrator who brings mail along or takes it out.

use std::os::fd::OwnedFd;

use ipc::service::admin::AuthReply;
use ipc::service::sessions::{PATIENCE, SessionsReply, SessionsRequest};

use super::Refusal;
use crate::address;
use crate::auth::Auth;

pub(super) async fn open(auth: &Auth, address: &str) -> Result<(AuthReply, Vec<OwnedFd>), Refusal> {
    let address = address::parse(address)?.to_string();
    let Some(account) = auth.database.account(&address)? else { return Err(Refusal::NoAccount(address)) };
    let request = SessionsRequest::OpenImport { account: account.id };
    match auth.store.sessions.insist(PATIENCE, request).await {
        Ok((SessionsReply::Opened, session)) => {
            tracing::warn!(
                address,
                account = account.id.0,
                "an administrator opened a session with its mailboxes"
            );
            Ok((AuthReply::Opened, session))
        }
        Ok((SessionsReply::Removed, _)) => Err(Refusal::NoAccount(address)),
        Ok(_) | Err(_) => Err(Refusal::NoSession),
    }
}
