//! Addresses as SMTP names them: a local part at a domain, and the two kinds of path.

use std::fmt;
use std::net::IpAddr;

/// A mailbox address (RFC 5321 section 4.1.2 `Mailbox`): printable ASCII, syntactically right, within the limits.
///
/// Only the parser makes one. The local part is kept as it is meant, without quotes and backslashes, so that two
/// spellings of the same address are equal; [`fmt::Display`] quotes it again where it has to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    pub(super) fn new(local: String, domain: Domain) -> Self {
        Address { local, domain }
    }

    /// The local part, unquoted, in the client's case.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The address as other compartments are told of it.
    pub(super) fn as_wire(&self) -> ipc::mail::Address {
        ipc::mail::Address { local: self.local.clone(), domain: self.domain.to_string().to_ascii_lowercase() }
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for character in self.local.chars() {
            if matches!(character, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

/// What an address may stand at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// A domain name in the client's case, without a trailing dot.
    Name(String),
    /// An address literal, RFC 5321 section 4.1.3.
    Literal(IpAddr),
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Name(name) => f.write_str(name),
            Domain::Literal(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Domain::Literal(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

/// Where a message came from: the argument of `MAIL FROM`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: nobody wants to hear of a failure. Bounces carry it.
    Null,
    /// Failures are told to this address.
    Mailbox(Address),
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Mailbox(address) => write!(f, "<{address}>"),
        }
    }
}

/// Where a message is to go: the argument of `RCPT TO`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<postmaster>` without a domain: whoever looks after this host (RFC 5321 section 4.5.1).
    Postmaster,
    /// An ordinary address.
    Mailbox(Address),
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForwardPath::Postmaster => f.write_str("<postmaster>"),
            ForwardPath::Mailbox(address) => write!(f, "<{address}>"),
        }
    }
}

/// RFC 5321 section 4.1.2: `Dot-string = Atom *("." Atom)`.
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// RFC 5322 section 3.2.3: the characters of an atom.
pub(super) fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}
