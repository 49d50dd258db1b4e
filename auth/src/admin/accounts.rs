//! Accounts: add, list, change the password of, remove.

use std::collections::{HashSet, VecDeque};

use ipc::mail::{Address, Password};
use ipc::service::admin::{AuthReply, Credential, NewAccount, ROWS_MAX};
use ipc::service::login::PASSWORD_MAX;
use tokio::sync::oneshot;

use super::Refusal;
use crate::address;
use crate::auth::{Auth, now};
use crate::database::{Added, NewRow};
use crate::hashing::{Hash, HashError, Pool};
use crate::store::{self, Owed};

/// Adds accounts, all or none: everything that can be refused is looked at before the first hash is computed.
pub(super) async fn add(auth: &Auth, accounts: Vec<NewAccount>) -> Result<AuthReply, Refusal> {
    let addresses = vet(auth, &accounts)?;
    let credentials = accounts.into_iter().map(|account| account.credential).collect();
    let hashes = hash_all(auth.credentials.pool(), credentials).await?;
    let rows: Vec<_> =
        addresses.into_iter().zip(hashes).map(|(address, hash)| NewRow { address, hash }).collect();
    match auth.database.add_accounts(&rows, now())? {
        Added::All => {}
        Added::Taken(address) => return Err(Refusal::Taken(address)),
        Added::NoDomain(domain) => return Err(Refusal::NoDomain(domain)),
    }
    for row in rows {
        tracing::info!(address = %row.address, "account added");
    }
    if let Err(error) = store::create(auth).await {
        tracing::warn!(%error, "the store will be told of new accounts later; until then their mail is put off");
        auth.store.owe();
    }
    Ok(AuthReply::Done)
}

pub(super) fn list(auth: &Auth, after: Option<&str>) -> Result<AuthReply, Refusal> {
    let page = auth.database.accounts(after.unwrap_or_default(), ROWS_MAX)?;
    Ok(AuthReply::Accounts { rows: page.rows, more: page.more })
}

/// Changes the password. Sessions that stand go on; what was verified with the old one counts no longer.
pub(super) async fn set_password(
    auth: &Auth,
    address: &str,
    credential: Credential,
) -> Result<AuthReply, Refusal> {
    let address = address::parse(address)?.to_string();
    if auth.database.account(&address)?.is_none() {
        return Err(Refusal::NoAccount(address));
    }
    vet_credential(&address, &credential)?;
    let hash = hash_all(auth.credentials.pool(), vec![credential]).await?.pop().ok_or(Refusal::NotHashed)?;
    match auth.database.set_hash(&address, &hash)? {
        Some(account) => {
            auth.credentials.forget(account);
            tracing::info!(address, account = account.0, "password changed");
            // Whoever knew the old one is not to go on.
            store::revoke(auth, account).await;
            Ok(AuthReply::Done)
        }
        None => Err(Refusal::NoAccount(address)),
    }
}

/// Removes an account: for its owner and its senders it is gone when its mark is durable. That the store has not
/// removed the mail yet is no reason to say that it was not done; it will be.
pub(super) async fn remove(auth: &Auth, address: &str) -> Result<AuthReply, Refusal> {
    let address = address::parse(address)?.to_string();
    let Some(account) = auth.database.begin_removal(&address, now())? else {
        return Err(Refusal::NoAccount(address));
    };
    auth.credentials.forget(account);
    tracing::info!(address, account = account.0, "account marked as removed");
    if let Err(error) = store::remove(auth, account).await {
        tracing::warn!(account = account.0, %error, "the removal will be finished later");
        auth.store.owe();
    }
    Ok(AuthReply::Done)
}

/// Goes on without the accounts that only the store knows.
pub(super) async fn give_up_lost(auth: &Auth) -> Result<AuthReply, Refusal> {
    match store::give_up_lost(auth).await {
        Ok(_) => Ok(AuthReply::Done),
        Err(Owed::Store) => Err(Refusal::StoreAway),
        Err(Owed::Database(error)) => Err(error.into()),
    }
}

fn vet(auth: &Auth, accounts: &[NewAccount]) -> Result<Vec<Address>, Refusal> {
    if accounts.len() > ROWS_MAX {
        return Err(Refusal::Rows { most: ROWS_MAX });
    }
    let mut seen = HashSet::new();
    let mut addresses = Vec::with_capacity(accounts.len());
    for account in accounts {
        let address = address::parse(&account.address)?;
        let text = address.to_string();
        vet_credential(&text, &account.credential)?;
        if !auth.database.has_domain(&address.domain)? {
            return Err(Refusal::NoDomain(address.domain));
        }
        if auth.database.is_taken(&text)? {
            return Err(Refusal::Taken(text));
        }
        if !seen.insert(text.clone()) {
            return Err(Refusal::Twice(text));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn vet_credential(address: &str, credential: &Credential) -> Result<(), Refusal> {
    match credential {
        Credential::Password(Password(bytes)) => {
            let sendable = !bytes.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'));
            let sized = (1..=PASSWORD_MAX).contains(&bytes.len());
            if sendable && sized { Ok(()) } else { Err(Refusal::Password(address.to_owned())) }
        }
        Credential::Hash(text) => {
            Hash::parse(text).map(drop).map_err(|error| Refusal::Hash(address.to_owned(), error))
        }
    }
}

/// A hash that is there, or on its way.
enum Hashing {
    Made(String),
    Making(oneshot::Receiver<Result<String, HashError>>),
}

/// Hashes what is to be hashed, no more at once than there are threads, so that many new accounts neither fill the
/// queue nor stand before a login in it.
async fn hash_all(pool: &Pool, credentials: Vec<Credential>) -> Result<Vec<String>, Refusal> {
    let mut hashes = Vec::with_capacity(credentials.len());
    let mut under_way = VecDeque::new();
    for credential in credentials {
        if under_way.len() >= pool.threads()
            && let Some(oldest) = under_way.pop_front()
        {
            hashes.push(made(oldest).await?);
        }
        under_way.push_back(match credential {
            Credential::Password(password) => Hashing::Making(pool.make(password)?),
            Credential::Hash(text) => Hashing::Made(text),
        });
    }
    for one in under_way {
        hashes.push(made(one).await?);
    }
    Ok(hashes)
}

async fn made(hashing: Hashing) -> Result<String, Refusal> {
    match hashing {
        Hashing::Made(text) => Ok(text),
        Hashing::Making(told) => told.await.map_err(|_| Refusal::NotHashed)?.map_err(|_| Refusal::NotHashed),
    }
}
