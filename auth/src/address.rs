//! The form of addresses and domains here: one spelling for each, so that equal addresses are equal strings.
//!
//! Domains are compared without case (RFC 5321 section 2.4), and so are our local parts: whoever writes to `Bob@` means
//! `bob@`.

use ipc::mail::Address;

/// The most bytes of a local part (RFC 5321 section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// The most bytes of a domain name without its final dot (RFC 1035 section 2.3.4).
const DOMAIN_MAX: usize = 253;
/// The most bytes of one label of it.
const LABEL_MAX: usize = 63;
/// What stands between a user and a detail (RFC 5233 section 1).
const SEPARATOR: char = '+';
/// The local part that always leads to somebody (RFC 5321 section 4.5.1).
pub const POSTMASTER: &str = "postmaster";

/// Why a text is no address or domain.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`, or nothing around it.
    #[error("{0:?} is no address: user@domain is expected")]
    Incomplete(String),
    /// The local part is no dot-string.
    #[error(
        "{0:?} cannot stand before the @: letters, digits and !#$%&'*+-/=?^_`{{|}}~ are possible, and single dots between them, at most 64"
    )]
    Local(String),
    /// The domain is no host name.
    #[error("{0:?} is no domain name (names beyond ASCII are written as A-labels, xn--…)")]
    Domain(String),
}

/// Reads an address that is to be kept: `user@domain`, the user an RFC 5321 section 4.1.2 dot-string.
///
/// # Errors
/// When it is none.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
            Ok(Address { local: local_part(local)?, domain: parse_domain(domain)? })
        }
        _ => Err(AddressError::Incomplete(shortened(text))),
    }
}

/// Reads the name of an alias: an address, or `@domain`, whose local part is empty.
///
/// # Errors
/// When it is neither.
pub fn parse_alias(text: &str) -> Result<Address, AddressError> {
    match text.strip_prefix('@') {
        Some(domain) => Ok(Address { local: String::new(), domain: parse_domain(domain)? }),
        None => parse(text),
    }
}

/// Reads a domain name: letters, digits and hyphens in labels (RFC 5321 section 4.1.2).
///
/// # Errors
/// When it is none.
pub fn parse_domain(text: &str) -> Result<String, AddressError> {
    if text.len() <= DOMAIN_MAX && text.split('.').all(is_label) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(AddressError::Domain(shortened(text)))
    }
}

/// What a login name means: the address of an account, if it can be one. Without a domain it is one of `domain`.
#[must_use]
pub fn of_login(login: &str, domain: &str) -> Option<String> {
    let address =
        if login.contains('@') { parse(login) } else { parse(&format!("{login}@{domain}")) }.ok()?;
    Some(address.to_string())
}

/// The local parts under which a recipient is looked for, in order: as it stands, then without its detail.
pub fn spellings(local: &str) -> impl Iterator<Item = &str> {
    let user = local.split_once(SEPARATOR).map(|(user, _detail)| user).filter(|user| !user.is_empty());
    std::iter::once(local).chain(user)
}

fn local_part(text: &str) -> Result<String, AddressError> {
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
    if text.len() <= LOCAL_MAX && text.split('.').all(is_atom) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(AddressError::Local(shortened(text)))
    }
}

/// RFC 5322 section 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// As much of a text from outside as belongs into a sentence.
#[must_use]
pub fn shortened(text: &str) -> String {
    const SHOWN: usize = 100;
    match text.chars().nth(SHOWN) {
        Some(_) => text.chars().take(SHOWN).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        assert_eq!(parse("Bob.Smith@Example.ORG").unwrap().to_string(), "bob.smith@example.org");
        assert_eq!(parse_alias("@Example.org").unwrap().to_string(), "@example.org");
        assert_eq!(parse("a+b@localhost").unwrap().local, "a+b");
    }

    #[test]
    fn what_is_no_address() {
        let long = format!("{}@example.org", "a".repeat(65));
        let wide = format!("a@{}", vec!["abcdefghi"; 30].join("."));
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@c",
            "a..b@c",
            ".a@c",
            "a.@c",
            "\"a b\"@c",
            "a@b..c",
            "a@-b",
            "a@b-",
            "a@[127.0.0.1]",
            "a@b.",
            "a\n@b",
            "a@b\0",
            "ä@b",
            "a@ä.org",
            "a@b@c d",
            &long,
            &wide,
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse_alias("@").is_err());
        assert!(parse_alias("@a@b").is_err());
    }

    #[test]
    fn errors_are_short_and_escaped() {
        let sentence = parse(&"\u{1b}".repeat(5000)).unwrap_err().to_string();
        assert!(sentence.len() < 1000 && !sentence.contains('\u{1b}'), "{sentence}");
    }

    #[test]
    fn logins() {
        assert_eq!(of_login("Bob", "example.org").as_deref(), Some("bob@example.org"));
        assert_eq!(of_login("Bob@X.org", "example.org").as_deref(), Some("bob@x.org"));
        assert_eq!(of_login("", "example.org"), None);
        assert_eq!(of_login("a b", "example.org"), None);
    }

    #[test]
    fn details() {
        assert_eq!(spellings("bob+x+y").collect::<Vec<_>>(), ["bob+x+y", "bob"]);
        assert_eq!(spellings("bob").collect::<Vec<_>>(), ["bob"]);
        assert_eq!(spellings("+x").collect::<Vec<_>>(), ["+x"]);
    }
}
