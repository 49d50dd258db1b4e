//! Where mail for an address goes.

use std::collections::{BTreeSet, HashSet};

use ipc::mail::{AccountId, Address};

use crate::address::{POSTMASTER, spellings};
use crate::database::{Database, DatabaseError};

/// The most accounts one address leads to.
pub const TARGETS_MAX: usize = 100;
/// The most aliases that are followed one after the other.
const DEPTH_MAX: usize = 8;
/// The most addresses that are looked at for one recipient.
const SEEN_MAX: usize = 512;

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into these, at least one.
    Accounts(Vec<AccountId>),
    /// The domain is ours, the address leads to nobody.
    Unknown,
    /// The domain is not ours.
    NotLocal,
    /// Its aliases lead to too many accounts or through too many aliases.
    TooWide,
}

/// What an address leads to through its aliases.
#[derive(Debug, PartialEq, Eq)]
pub enum Expansion {
    /// These; none when its aliases lead only to each other.
    Accounts(Vec<AccountId>),
    /// More than [`TARGETS_MAX`], or too many aliases.
    TooWide,
}

/// Resolves a recipient. What is looked for, first found: the address as it stands, the address without its detail
/// (RFC 5233), the domain's catch-all; and for the postmaster (RFC 5321 section 4.5.1) the oldest account.
///
/// # Errors
/// When the database cannot be read.
pub fn resolve(database: &Database, ours: &str, recipient: &Address) -> Result<Destination, DatabaseError> {
    let local = recipient.local.to_ascii_lowercase();
    let is_postmaster = spellings(&local).any(|spelling| spelling == POSTMASTER);
    let domain = match recipient.domain.to_ascii_lowercase() {
        bare if bare.is_empty() && is_postmaster => ours.to_owned(),
        domain => domain,
    };
    if !database.has_domain(&domain)? {
        return Ok(Destination::NotLocal);
    }
    let expansion = match entry(database, &local, &domain)? {
        Some(address) => expand(database, &address)?,
        None => Expansion::Accounts(Vec::new()),
    };
    Ok(match expansion {
        Expansion::TooWide => Destination::TooWide,
        Expansion::Accounts(accounts) if !accounts.is_empty() => Destination::Accounts(accounts),
        Expansion::Accounts(_) if is_postmaster => {
            database.first_account()?.map_or(Destination::Unknown, |first| Destination::Accounts(vec![first]))
        }
        Expansion::Accounts(_) => Destination::Unknown,
    })
}

/// Follows aliases from an address, each once, to the accounts at their ends.
///
/// # Errors
/// When the database cannot be read.
pub fn expand(database: &Database, address: &str) -> Result<Expansion, DatabaseError> {
    let mut accounts = BTreeSet::new();
    let mut seen = HashSet::from([address.to_owned()]);
    let mut level = vec![address.to_owned()];
    for _ in 0..=DEPTH_MAX {
        let mut next = Vec::new();
        for address in level {
            let targets = database.alias_targets(&address)?;
            if targets.is_empty() {
                accounts.extend(database.account(&address)?.map(|account| account.id));
            }
            next.extend(targets.into_iter().filter(|target| seen.insert(target.clone())));
            if accounts.len() > TARGETS_MAX || seen.len() > SEEN_MAX {
                return Ok(Expansion::TooWide);
            }
        }
        level = next;
        if level.is_empty() {
            return Ok(Expansion::Accounts(accounts.into_iter().collect()));
        }
    }
    Ok(Expansion::TooWide)
}

/// The address under which the recipient is known, if any.
fn entry(database: &Database, local: &str, domain: &str) -> Result<Option<String>, DatabaseError> {
    for spelling in spellings(local).chain([""]) {
        let address = format!("{spelling}@{domain}");
        if database.is_taken(&address)? {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
