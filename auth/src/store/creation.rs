//! Telling the store of accounts: it takes no mail for one it was not told of.

use ipc::mail::AccountId;
use ipc::service::sessions::{CREATE_MAX, PATIENCE, SessionsReply, SessionsRequest};

use super::{Owed, Told};
use crate::auth::Auth;

/// Tells the present store of all accounts it was not told of yet. What it knows already stays as it is.
///
/// # Errors
/// When it is to be tried again.
pub async fn create(auth: &Auth) -> Result<(), Owed> {
    loop {
        let told = auth.store.told.get();
        let accounts = auth.database.account_ids(told.up_to, CREATE_MAX)?;
        let Some(last) = accounts.last().copied() else { return Ok(()) };
        tell(auth, accounts).await?;
        // a store that came meanwhile may know none of them: then all is told again
        if auth.store.told.get().channel == told.channel {
            auth.store.told.set(Told { up_to: last, ..told });
        }
    }
}

/// A page is made as a whole; with one in it that the store has removed, the others are named alone.
async fn tell(auth: &Auth, accounts: Vec<AccountId>) -> Result<(), Owed> {
    if ask(auth, accounts.clone()).await? == Known::Yes {
        return Ok(());
    }
    for account in accounts {
        if ask(auth, vec![account]).await? == Known::Removed && auth.database.has_account(account)? {
            tracing::error!(
                account = account.0,
                "the store has removed this account for good: remove it here, too, and make it anew"
            );
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Known {
    Yes,
    Removed,
}

async fn ask(auth: &Auth, accounts: Vec<AccountId>) -> Result<Known, Owed> {
    match auth.store.sessions.insist(PATIENCE, SessionsRequest::Create { accounts }).await {
        Ok((SessionsReply::Done, _)) => Ok(Known::Yes),
        Ok((SessionsReply::Removed, _)) => Ok(Known::Removed),
        Ok((SessionsReply::Opened | SessionsReply::Accounts(_) | SessionsReply::Unavailable, _)) | Err(_) => {
            Err(Owed::Store)
        }
    }
}
