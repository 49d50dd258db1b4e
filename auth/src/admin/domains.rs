//! Domains: add, list, remove.

use ipc::codec::MESSAGE_MAX;
use ipc::service::admin::AuthReply;

use super::Refusal;
use crate::address::parse_domain;
use crate::auth::Auth;
use crate::database::DomainChange;

/// What all names may come to, with what each costs on the wire, so that one reply can list them.
const LISTED_MAX: usize = MESSAGE_MAX / 2;
const ROW_COST: usize = 8;

pub(super) fn add(auth: &Auth, domain: &str) -> Result<AuthReply, Refusal> {
    let domain = parse_domain(domain)?;
    let listed: usize = auth.database.domains()?.iter().map(|name| name.len().saturating_add(ROW_COST)).sum();
    if listed >= LISTED_MAX {
        return Err(Refusal::TooManyDomains);
    }
    if auth.database.add_domain(&domain)? == DomainChange::Done {
        tracing::info!(domain, "domain added");
    }
    Ok(AuthReply::Done)
}

pub(super) fn list(auth: &Auth) -> Result<AuthReply, Refusal> {
    Ok(AuthReply::Domains(auth.database.domains()?))
}

pub(super) fn remove(auth: &Auth, domain: &str) -> Result<AuthReply, Refusal> {
    let domain = parse_domain(domain)?;
    if domain == auth.domain {
        return Err(Refusal::ConfiguredDomain(domain));
    }
    match auth.database.remove_domain(&domain)? {
        DomainChange::Done => {
            tracing::info!(domain, "domain removed");
            Ok(AuthReply::Done)
        }
        DomainChange::AsBefore => Err(Refusal::UnknownDomain(domain)),
        DomainChange::InUse => Err(Refusal::DomainInUse(domain)),
    }
}
