//! Removing an account: first the durable mark here, then its mail in the store, then the mark goes.

use ipc::mail::AccountId;
use ipc::service::sessions::{PATIENCE, SessionsReply, SessionsRequest};

use super::Owed;
use crate::auth::Auth;

/// Has the store remove what it has of an account that was marked as removed. To ask twice is to ask once.
///
/// # Errors
/// When it is to be tried again.
pub async fn remove(auth: &Auth, account: AccountId) -> Result<(), Owed> {
    match auth.store.sessions.insist(PATIENCE, SessionsRequest::Remove { account }).await {
        Ok((SessionsReply::Done | SessionsReply::Removed, _)) => {}
        Ok((SessionsReply::Opened | SessionsReply::Accounts(_) | SessionsReply::Unavailable, _)) | Err(_) => {
            return Err(Owed::Store);
        }
    }
    auth.database.finish_removal(account)?;
    tracing::info!(account = account.0, "account removed with its mail");
    Ok(())
}

/// Ends the account's sessions. A store that is away has none; one that does not answer is no reason to say that a password
/// was not changed, for it was.
pub async fn revoke(auth: &Auth, account: AccountId) {
    let request = SessionsRequest::Revoke { account };
    if let Err(error) = auth.store.sessions.insist(PATIENCE, request).await {
        tracing::warn!(account = account.0, %error, "sessions of the account may go on");
    }
}
