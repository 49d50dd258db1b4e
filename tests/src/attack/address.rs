//! Where strangers come from: all of 127.0.0.0/8 is this machine.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A supply of source addresses.
#[derive(Debug)]
pub struct Addresses {
    network: u8,
    each: u32,
    next: AtomicU32,
}

impl Addresses {
    /// Addresses of `127.NETWORK.0.0/16`, each given out `each` times before the next. The ones in a row are of different
    /// /24 networks.
    #[must_use]
    pub fn of(network: u8, each: u32) -> Addresses {
        Addresses { network, each: each.max(1), next: AtomicU32::new(0) }
    }

    /// The next.
    #[must_use]
    pub fn next(&self) -> Ipv4Addr {
        let number = self.next.fetch_add(1, Ordering::Relaxed) / self.each;
        let [.., host, net] = (number % 60_000).to_be_bytes();
        Ipv4Addr::new(127, self.network, net, host.wrapping_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_differ_in_their_network_first() {
        let addresses = Addresses::of(9, 2);
        let got: Vec<String> = (0..5).map(|_| addresses.next().to_string()).collect();
        assert_eq!(got, ["127.9.0.1", "127.9.0.1", "127.9.1.1", "127.9.1.1", "127.9.2.1"]);
        let all: std::collections::BTreeSet<_> = (0..10_000).map(|_| addresses.next()).collect();
        assert_eq!(all.len(), 5001);
    }
}
