//! Aliases: set, list, remove.

use ipc::codec::MESSAGE_MAX;
use ipc::mail::Address;
use ipc::service::admin::{AliasRow, AuthReply, ROWS_MAX};

use super::Refusal;
use crate::address::{parse, parse_alias};
use crate::auth::Auth;
use crate::database::AliasSet;
use crate::resolve::{Expansion, expand};

/// The bytes of one page, less than one more row could bring over the size of a message.
const PAGE_MAX: usize = MESSAGE_MAX / 2;

pub(super) fn set(auth: &Auth, alias: &str, targets: &[String]) -> Result<AuthReply, Refusal> {
    let alias = parse_alias(alias)?;
    let targets = vet(auth, targets)?;
    let name = alias.to_string();
    let narrow = |database: &_| Ok(matches!(expand(database, &name)?, Expansion::Accounts(_)));
    match auth.database.set_alias(&alias, &targets, narrow)? {
        AliasSet::Done => {
            tracing::info!(alias = name, targets = targets.len(), "alias set");
            Ok(AuthReply::Done)
        }
        AliasSet::NoDomain => Err(Refusal::NoDomain(alias.domain)),
        AliasSet::IsAccount => Err(Refusal::IsAccount(name)),
        AliasSet::NoTarget(target) => Err(Refusal::NoTarget(target)),
        AliasSet::Unwanted => Err(Refusal::TooWide(name)),
    }
}

pub(super) fn list(auth: &Auth, after: Option<&str>) -> Result<AuthReply, Refusal> {
    let mut page = auth.database.aliases(after.unwrap_or_default(), ROWS_MAX)?;
    let mut size = 0usize;
    let fitting = page.rows.iter().take_while(|row| {
        let fits = size < PAGE_MAX;
        size = size.saturating_add(cost(row));
        fits
    });
    let fitting = fitting.count();
    let more = page.more || fitting < page.rows.len();
    page.rows.truncate(fitting);
    Ok(AuthReply::Aliases { rows: page.rows, more })
}

pub(super) fn remove(auth: &Auth, alias: &str) -> Result<AuthReply, Refusal> {
    let alias = parse_alias(alias)?.to_string();
    if auth.database.remove_alias(&alias)? {
        tracing::info!(alias, "alias removed");
        Ok(AuthReply::Done)
    } else {
        Err(Refusal::NoAlias(alias))
    }
}

fn vet(auth: &Auth, targets: &[String]) -> Result<Vec<Address>, Refusal> {
    if targets.is_empty() {
        return Err(Refusal::NoTargets);
    }
    if targets.len() > ROWS_MAX {
        return Err(Refusal::Rows { most: ROWS_MAX });
    }
    let vet = |target: &String| {
        let target = parse(target)?;
        if auth.database.has_domain(&target.domain)? {
            Ok(target)
        } else {
            Err(Refusal::Elsewhere(target.to_string()))
        }
    };
    targets.iter().map(vet).collect()
}

/// What a row costs on the wire.
fn cost(row: &AliasRow) -> usize {
    const LENGTH: usize = 8;
    let text = |text: &String| text.len().saturating_add(LENGTH);
    row.targets.iter().map(text).sum::<usize>().saturating_add(text(&row.alias)).saturating_add(LENGTH)
}
