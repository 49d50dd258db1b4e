//! Do we know every account the store has? If not, the account database was lost, or is an older one: an address that is
//! not in it may well be somebody's, and its mail must not be sent back for good.

use ipc::mail::AccountId;
use ipc::service::sessions::{PATIENCE, SessionsReply, SessionsRequest};

use super::Owed;
use crate::auth::Auth;

/// What is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knowledge {
    /// No store was asked yet.
    #[default]
    Unasked,
    /// Every account of the store is known here.
    Whole,
    /// The store has accounts that nobody here knows.
    Lacking,
}

/// Asks the present store.
///
/// # Errors
/// When it is to be asked again; until then it is as it was.
pub async fn learn(auth: &Auth) -> Result<(), Owed> {
    let unknown = unknown(auth).await?;
    let knowledge = if unknown.is_empty() { Knowledge::Whole } else { Knowledge::Lacking };
    if knowledge == Knowledge::Lacking {
        tracing::error!(
            accounts = unknown.len(),
            "the store has mail of accounts that the account database does not know: it was lost, or is an older one. \
             Until it is restored, or `bulkhead account give-up-lost` says to go on without them, mail for unknown \
             addresses is put off"
        );
    }
    auth.store.knowledge.set(knowledge);
    Ok(())
}

/// Goes on without the accounts that only the store knows. Their mail stays there, and their ids are nobody else's.
///
/// # Errors
/// When it cannot be done now.
pub async fn give_up_lost(auth: &Auth) -> Result<usize, Owed> {
    let lost = unknown(auth).await?;
    auth.database.give_up(&lost)?;
    auth.store.knowledge.set(Knowledge::Whole);
    tracing::warn!(accounts = lost.len(), "accounts that only the store knows are given up");
    Ok(lost.len())
}

/// Those the store has and we do not know. One that was being removed while we looked is in the first look only.
async fn unknown(auth: &Auth) -> Result<Vec<AccountId>, Owed> {
    let suspects = look(auth).await?;
    if suspects.is_empty() {
        return Ok(suspects);
    }
    let again = look(auth).await?;
    Ok(suspects.into_iter().filter(|account| again.binary_search(account).is_ok()).collect())
}

async fn look(auth: &Auth) -> Result<Vec<AccountId>, Owed> {
    let mut unknown = Vec::new();
    let mut after = AccountId(0);
    loop {
        let page = match auth.store.sessions.insist(PATIENCE, SessionsRequest::Accounts { after }).await {
            Ok((SessionsReply::Accounts(page), _)) => page,
            Ok(_) | Err(_) => return Err(Owed::Store),
        };
        // Rising, or it would have no end.
        let Some(last) = page.last().copied().filter(|last| *last > after) else { return Ok(unknown) };
        for account in page {
            if !auth.database.knows(account)? {
                unknown.push(account);
            }
        }
        after = last;
    }
}
