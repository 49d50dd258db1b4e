//! Networks: an address and the length of a prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IP network (RFC 4632, RFC 4291 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part in front of the slash.
    #[error("it is no address, nor one with a prefix length")]
    Address,
    /// The part behind it.
    #[error("its prefix is longer than its address")]
    Prefix,
    /// 10.1.2.3/8
    #[error("it has bits behind its prefix")]
    Host,
}

impl Network {
    /// The network of that prefix length that the address is in. An IPv4 address in its IPv6 form counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr, prefix: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(four) => {
                let prefix = prefix.min(32);
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
                Network { address: Ipv4Addr::from_bits(four.to_bits() & mask).into(), prefix }
            }
            IpAddr::V6(six) => {
                let prefix = prefix.min(128);
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
                Network { address: Ipv6Addr::from_bits(six.to_bits() & mask).into(), prefix }
            }
        }
    }

    /// Is the address in it?
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && Network::of(address, self.prefix) == *self
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|p| *p <= longest).ok_or(NetworkError::Prefix)?,
            None => longest,
        };
        let network = Network::of(address, prefix);
        if network.address == address { Ok(network) } else { Err(NetworkError::Host) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_in_it() {
        for (written, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"),
        ] {
            assert!(network(written).contains(inside.parse().unwrap()), "{written} {inside}");
            assert!(!network(written).contains(outside.parse().unwrap()), "{written} {outside}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("10.0.0.0/33", NetworkError::Prefix),
            ("10.0.0.0/-1", NetworkError::Prefix),
            ("::/129", NetworkError::Prefix),
            ("10.0.0.1/8", NetworkError::Host),
            ("localhost", NetworkError::Address),
            ("", NetworkError::Address),
        ] {
            assert_eq!(text.parse::<Network>(), Err(why), "{text}");
        }
        assert_eq!(network("192.0.2.0/24").to_string(), "192.0.2.0/24");
    }
}
