//! `[tls]`, `[limits]`, and what every section with ports has: who may connect, how often, and through which proxies.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::path::PathBuf;

use ipc::budget;
use ipc::network::Network;
use ipc::slice::{Blocks, Limits, Networks};
use toml::Spanned;

use super::resolve::Resolver;
use super::resolved::TlsFiles;
use super::written;

/// How many addresses' worth of connections one network may have, where nothing else is written.
const NETWORK_SHARE: u32 = 4;
/// Until `[limits]` is read.
pub(super) const NO_BLOCKS: Blocks = Blocks { after: 0, seconds: 0 };

/// Who may connect to a section's ports, as written.
pub(super) struct Access<'a> {
    pub(super) connections: &'a Option<Spanned<u32>>,
    pub(super) per_address: &'a Option<Spanned<u32>>,
    pub(super) per_network: &'a Option<Spanned<u32>>,
    pub(super) proxy_from: &'a [Spanned<String>],
}

/// The keys for it, which every section with ports has.
macro_rules! access {
    ($section:expr) => {
        $crate::config::resolve_access::Access {
            connections: &$section.max_connections,
            per_address: &$section.max_connections_per_address,
            per_network: &$section.max_connections_per_network,
            proxy_from: &$section.proxy_from,
        }
    };
}
pub(super) use access;

impl Resolver<'_> {
    /// `defaults`: connections in all, and from one address.
    pub(super) fn limits(&mut self, written: Access<'_>, defaults: (u32, u32)) -> Limits {
        let connections = self.number(written.connections.as_ref(), defaults.0, 1..=1_000_000);
        let default = defaults.1.min(connections);
        let per_address = self.number(written.per_address.as_ref(), default, 1..=connections);
        let default = per_address.saturating_mul(NETWORK_SHARE).min(connections);
        Limits {
            connections,
            connections_per_address: per_address,
            connections_per_network: self.number(written.per_network.as_ref(), default, 1..=connections),
            proxies: self.list(written.proxy_from),
            never_block: self.never_block,
            blocks: self.blocks,
        }
    }

    fn networks(&mut self, written: &[Spanned<String>]) -> Vec<Network> {
        let mut networks = Vec::new();
        for text in written {
            match text.get_ref().parse::<Network>() {
                Ok(network) => networks.push(network),
                Err(error) => {
                    let message = format!("`{}` is no network: {error}", text.get_ref());
                    let hint = "write it as \"192.0.2.0/24\" or \"2001:db8::7\"".to_owned();
                    self.complain(text.span(), (message, hint));
                }
            }
        }
        networks
    }

    /// The host itself, where nothing is written.
    pub(super) fn never_block(&mut self, written: &written::LimitsSection) -> Networks {
        if let Some(written) = &written.never_block {
            return self.list(written);
        }
        let host = [Network::of(Ipv4Addr::LOCALHOST.into(), 8), Network::of(Ipv6Addr::LOCALHOST.into(), 128)];
        Networks::new(&host).unwrap_or(Networks::NONE)
    }

    fn list(&mut self, written: &[Spanned<String>]) -> Networks {
        let networks = self.networks(written);
        Networks::new(&networks).unwrap_or_else(|count| {
            let span = written.first().map_or(0..0, Spanned::span);
            let hint = format!("there can be {}", budget::NETWORKS);
            self.complain(span, (format!("{count} networks are too many"), hint));
            Networks::NONE
        })
    }

    pub(super) fn blocks(&mut self, written: &written::LimitsSection) -> Blocks {
        let minutes = self.number(written.block_minutes.as_ref(), 5, 1..=1440);
        Blocks {
            after: self.number(written.block_after.as_ref(), 20, 0..=1_000_000),
            seconds: minutes.saturating_mul(60),
        }
    }

    /// The certificate of `[tls]` first, then those of `[[tls.certificates]]`.
    pub(super) fn tls(&mut self, written: Option<Spanned<written::Tls>>) -> Vec<TlsFiles> {
        let Some(section) = written else { return Vec::new() };
        let span = section.span();
        let written::Tls { certificate, key, certificates } = section.into_inner();
        if certificates.len() >= budget::CERTIFICATES {
            let message = format!("{} certificates are too many", certificates.len().saturating_add(1));
            self.complain(span.clone(), (message, format!("there can be {}", budget::CERTIFICATES)));
        }
        let mut files = vec![self.pair(certificate, key, ("[tls]", span))];
        for section in certificates {
            let span = section.span();
            let written::Certificate { certificate, key } = section.into_inner();
            files.push(self.pair(certificate, key, ("[[tls.certificates]]", span)));
        }
        files.into_iter().flatten().collect()
    }

    fn pair(
        &mut self,
        certificate: Option<Spanned<PathBuf>>,
        key: Option<Spanned<PathBuf>>,
        (section, span): (&str, Range<usize>),
    ) -> Option<TlsFiles> {
        let hint = "both are needed, or neither: without [tls] a certificate is made";
        let (span, message) = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                return Some(TlsFiles { certificate: self.absolute(certificate), key: self.absolute(key) });
            }
            (Some(one), None) => (one.span(), "`certificate` without `key`".into()),
            (None, Some(one)) => (one.span(), "`key` without `certificate`".into()),
            (None, None) => (span, format!("{section} without `certificate` and `key`")),
        };
        self.complain(span, (message, hint.into()));
        None
    }
}
