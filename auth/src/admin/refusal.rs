//! Why an administrator's request is not done, as sentences.

use ipc::service::admin::{AuthReply, RefusalKind};
use ipc::service::login::PASSWORD_MAX;

use crate::address::AddressError;
use crate::database::DatabaseError;
use crate::hashing::{Full, HashError};
use crate::resolve::TARGETS_MAX;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An address or domain is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The domain of a new address is not ours.
    #[error("{0} is not one of the domains here (add it first: bulkhead domain add {0})")]
    NoDomain(String),
    /// The address is an account or an alias.
    #[error("{0} is an account or an alias already")]
    Taken(String),
    /// The address is twice in one request.
    #[error("{0} is named twice")]
    Twice(String),
    /// There is no such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// There is no such alias.
    #[error("there is no alias {0}")]
    NoAlias(String),
    /// An account's address was to become an alias.
    #[error("{0} is an account, and cannot be an alias as well")]
    IsAccount(String),
    /// An alias without targets.
    #[error("an alias needs an address to lead to")]
    NoTargets,
    /// A target is not there.
    #[error("{0} is no account or alias here; make it first")]
    NoTarget(String),
    /// A target is elsewhere.
    #[error("{0} is not in one of the domains here, and mail cannot be forwarded to other servers yet")]
    Elsewhere(String),
    /// The alias would lead to too many.
    #[error("{0} would lead to more than {TARGETS_MAX} accounts, or through too many other aliases")]
    TooWide(String),
    /// There is no such domain.
    #[error("{0} is not one of the domains here")]
    UnknownDomain(String),
    /// Accounts or aliases are in it.
    #[error("{0} still has accounts or aliases; remove them first")]
    DomainInUse(String),
    /// It stands in the configuration.
    #[error("{0} is the domain of the configuration file, which is always one of the domains here")]
    ConfiguredDomain(String),
    /// There are as many as can be listed.
    #[error("there are too many domains already")]
    TooManyDomains,
    /// The password cannot be one.
    #[error("{0}: a password has 1 to {PASSWORD_MAX} bytes, none of them NUL, CR or LF")]
    Password(String),
    /// The hash is none we check passwords against.
    #[error("{0}: {1}")]
    Hash(String, HashError),
    /// More rows than one request has.
    #[error("more than {most} in one request")]
    Rows {
        /// How many can be.
        most: usize,
    },
    /// More requests at once than one connection has.
    #[error("too many requests at once")]
    TooMany,
    /// The threads have too much to do.
    #[error("{0}; try again")]
    Busy(#[from] Full),
    /// Hashing failed.
    #[error("the password could not be hashed; try again")]
    NotHashed,
    /// The store is away, or opens no session.
    #[error("the store opens no session now; try again")]
    NoSession,
    /// The store is away.
    #[error("the store does not answer now; try again")]
    StoreAway,
    /// The database failed; nothing was changed.
    #[error("{0}")]
    Database(#[from] DatabaseError),
}

impl Refusal {
    /// What the administrator is told.
    #[must_use]
    pub fn reply(&self) -> AuthReply {
        let kind = match self {
            Refusal::NoAccount(_) | Refusal::NoAlias(_) | Refusal::UnknownDomain(_) => RefusalKind::NotThere,
            Refusal::TooMany
            | Refusal::Busy(_)
            | Refusal::NotHashed
            | Refusal::NoSession
            | Refusal::StoreAway
            | Refusal::Database(_) => RefusalKind::NotNow,
            _ => RefusalKind::Input,
        };
        AuthReply::Refused { kind, why: self.to_string() }
    }
}
