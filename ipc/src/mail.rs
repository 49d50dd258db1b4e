//! The nouns that several services share.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// An account: 64 bits, minted by `auth`, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub u64);

/// An address elsewhere that `auth` told the store mail may be forwarded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForwardId(pub u64);

/// A mailbox (a folder) of one account: never used again within the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailboxId(pub u64);

/// A message that waits in the queue to be sent on: never used again; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueueId(pub u64);

/// A UID (RFC 9051 section 2.3.1.1); 0 is none.
pub type Uid = u32;

/// A mod-sequence (RFC 7162 section 3.1): grows with each change of a mailbox.
pub type ModSeq = u64;

/// Seconds since 1970-01-01 UTC.
pub type Seconds = i64;

/// Names one transaction (a delivery, a submission, an append) from its reader to the log and ever after: it is the
/// id that follows a message through every compartment, and asking twice with it neither loses nor doubles.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransactionId(pub u128);

impl TransactionId {
    /// A new one, from the system's random source.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(TransactionId(u128::from_le_bytes(bytes)))
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a local recipient's mail goes: what the directory answered, and all the deliver channel can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// Into this account.
    Account(AccountId),
    /// To this forward.
    Forward(ForwardId),
}

/// The system flags of a message (RFC 9051 section 2.3.2), one bit each. `\Recent` is no property of the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SystemFlags(pub u8);

impl SystemFlags {
    /// `\Seen`
    pub const SEEN: SystemFlags = SystemFlags(1);
    /// `\Answered`
    pub const ANSWERED: SystemFlags = SystemFlags(2);
    /// `\Flagged`
    pub const FLAGGED: SystemFlags = SystemFlags(4);
    /// `\Deleted`
    pub const DELETED: SystemFlags = SystemFlags(8);
    /// `\Draft`
    pub const DRAFT: SystemFlags = SystemFlags(16);

    /// Every flag with its name on the wire.
    pub const NAMES: [(SystemFlags, &'static str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
    ];

    /// Are all flags of `other` set?
    #[must_use]
    pub const fn has(self, other: SystemFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: SystemFlags) -> Self {
        SystemFlags(self.0 | other.0)
    }

    /// This set less the other.
    #[must_use]
    pub const fn without(self, other: SystemFlags) -> Self {
        SystemFlags(self.0 & !other.0)
    }
}

/// A run of UIDs, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UidRange {
    /// The first.
    pub first: Uid,
    /// The last, not below the first.
    pub last: Uid,
}

impl UidRange {
    /// Is the UID within?
    #[must_use]
    pub const fn contains(self, uid: Uid) -> bool {
        self.first <= uid && uid <= self.last
    }

    /// Sorted UIDs as runs.
    #[must_use]
    pub fn of(uids: impl IntoIterator<Item = Uid>) -> Vec<UidRange> {
        let mut runs: Vec<UidRange> = Vec::new();
        for uid in uids {
            match runs.last_mut() {
                Some(run) if run.last.checked_add(1) == Some(uid) => run.last = uid,
                _ => runs.push(UidRange { first: uid, last: uid }),
            }
        }
        runs
    }
}

/// A mail address whose domain is in lower case (A-labels); the local part is as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// Before the last `@`, quotes removed.
    pub local: String,
    /// After it; empty only for the bare `postmaster` of RFC 5321 section 4.5.1.
    pub domain: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.domain.is_empty() {
            f.write_str(&self.local)
        } else {
            write!(f, "{}@{}", self.local, self.domain)
        }
    }
}

/// The addresses an account may send as: what `auth` knows, what the reader answers by, and what the store holds it to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Senders {
    /// Addresses that lead to this account, alone or with others, local parts in lower case, sorted; an empty local part stands
    /// for any of the domain. At most [`Senders::MAX`].
    pub addresses: Vec<Address>,
    /// Addresses among those that lead to others: an account's or an alias of its own goes before a subaddress and before
    /// the rest of a domain. At most [`Senders::MAX`].
    pub except: Vec<Address>,
}

impl Senders {
    /// The most addresses of one account.
    pub const MAX: usize = 1000;

    /// May it send as this one? Upper and lower case are one. As for mail that arrives, what counts is whose the address is as
    /// it stands; if nobody's, whose it is without its detail (`user+detail`); and then whose the rest of the domain is.
    #[must_use]
    pub fn allow(&self, address: &Address) -> bool {
        let local = address.local.to_lowercase();
        let base = local.split_once('+').map(|(base, _detail)| base).filter(|base| !base.is_empty());
        let is_among = |all: &[Address], spelling: &str| {
            let is = |known: &Address| {
                known.local == spelling && known.domain.eq_ignore_ascii_case(&address.domain)
            };
            all.iter().any(is)
        };
        for spelling in [Some(local.as_str()), base, Some("")].into_iter().flatten() {
            if is_among(&self.addresses, spelling) {
                return true;
            }
            if is_among(&self.except, spelling) {
                return false;
            }
        }
        false
    }

    /// Are there no more of them than there may be?
    #[must_use]
    pub fn are_in_form(&self) -> bool {
        self.addresses.len() <= Self::MAX && self.except.len() <= Self::MAX
    }
}

/// A password on its way to `auth`: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Password(pub Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_as_runs() {
        let runs = UidRange::of([1, 2, 3, 7, 9, 10]);
        assert_eq!(
            runs.iter().map(|run| (run.first, run.last)).collect::<Vec<_>>(),
            [(1, 3), (7, 7), (9, 10)]
        );
    }

    #[test]
    fn who_may_be_sent_as() {
        let address = |local: &str, domain: &str| Address { local: local.into(), domain: domain.into() };
        let senders = Senders {
            addresses: vec![address("ann", "a.example"), address("", "b.example")],
            except: vec![address("ann+bob", "a.example"), address("bob", "b.example")],
        };
        for (local, domain) in [("ann", "a.example"), ("Ann+x", "A.example"), ("any", "b.example")] {
            assert!(senders.allow(&address(local, domain)), "{local}@{domain}");
        }
        for (local, domain) in [
            ("bob", "a.example"),
            ("+ann", "a.example"),
            ("ann", "c.example"),
            ("", ""),
            ("Ann+Bob", "a.example"),
            ("bob", "B.example"),
            ("bob+x", "b.example"),
        ] {
            assert!(!senders.allow(&address(local, domain)), "{local}@{domain}");
        }
        assert!(!Senders::default().allow(&address("", "")));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", Password(b"hunter2".to_vec())).contains("hunter"));
    }
}
