//! Domains and address literals, RFC 5321 sections 4.1.2 and 4.1.3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cursor::Cursor;
use crate::proto::address::Domain;
use crate::proto::limits::{DOMAIN, LABEL};

/// Reads a domain name or an address literal; `None` when there is none, or a wrong one.
pub(super) fn domain(cursor: &mut Cursor<'_>) -> Option<Domain> {
    if cursor.eat(b'[') { literal(cursor).map(Domain::Literal) } else { name(cursor).map(Domain::Name) }
}

/// `Domain = sub-domain *("." sub-domain)`
fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    let name = cursor.take_while(|byte| is_label_byte(byte) || byte == b'.');
    let right = name.len() <= DOMAIN && name.split(|byte| *byte == b'.').all(is_label);
    let name = str::from_utf8(name).ok()?;
    right.then(|| name.to_owned())
}

fn is_label(label: &[u8]) -> bool {
    let hyphen_outside = label.first() == Some(&b'-') || label.last() == Some(&b'-');
    (1..=LABEL).contains(&label.len()) && !hyphen_outside
}

/// Letters, digits and hyphens; and the underscore, which no host name has and many a real sender's domain does.
fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// `"[" ( IPv4-address-literal / IPv6-address-literal ) "]"`; there is no other kind (`General-address-literal`) yet.
fn literal(cursor: &mut Cursor<'_>) -> Option<IpAddr> {
    let inside = str::from_utf8(cursor.take_while(|byte| byte != b']')).ok()?;
    if !cursor.eat(b']') {
        return None;
    }
    match inside.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
            address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => inside.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}
