//! Removing an account: first the durable mark here, then its mail in the store, then the mark goes. Cut off anywhere,
//! it is taken up again: at the next start, when a store comes, and every now and then.

use std::rc::Rc;
use std::time::Duration;

use ipc::mail::AccountId;
use ipc::service::sessions::{PATIENCE, SessionsReply, SessionsRequest};

use crate::auth::Auth;
use crate::database::DatabaseError;

/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(30);

/// Why a removal is not finished.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The store did not answer, or not that it is done.
    #[error("the store has not removed its mail yet")]
    Store,
    /// The mark could not be read or taken away.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Has the store remove what it has of an account that was marked as removed. To ask twice is to ask once.
///
/// # Errors
/// When it is to be tried again.
pub async fn finish(auth: &Auth, account: AccountId) -> Result<(), Unfinished> {
    match auth.sessions.insist(PATIENCE, SessionsRequest::Remove { account }).await {
        Ok((SessionsReply::Done | SessionsReply::Removed, _)) => {}
        Ok((SessionsReply::Opened | SessionsReply::Unavailable, _)) | Err(_) => {
            return Err(Unfinished::Store);
        }
    }
    auth.database.finish_removal(account)?;
    tracing::info!(account = account.0, "account removed with its mail");
    Ok(())
}

/// Finishes removals for as long as the role runs.
pub async fn finish_all(auth: Rc<Auth>) {
    loop {
        match finish_marked(&auth).await {
            Ok(()) => auth.removals.notified().await,
            Err(error) => {
                tracing::warn!(%error, "removals are left to be finished");
                // a new store, or a new removal, is a reason not to wait
                let _ = tokio::time::timeout(PAUSE, auth.removals.notified()).await;
            }
        }
    }
}

async fn finish_marked(auth: &Auth) -> Result<(), Unfinished> {
    for account in auth.database.removals()? {
        finish(auth, account).await?;
    }
    Ok(())
}
