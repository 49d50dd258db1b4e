//! Version 2: binary.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipc::budget;

use super::{Header, Progress, ProxyError};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const FIXED: usize = 16;

pub(super) fn parse(bytes: &[u8]) -> Result<Progress, ProxyError> {
    let fixed = bytes.get(SIGNATURE.len()..FIXED);
    let Some(&[command, family, high, low]) = fixed else {
        return Ok(Progress::More(FIXED.saturating_sub(bytes.len())));
    };
    let length = FIXED.saturating_add(u16::from_be_bytes([high, low]).into());
    if length > budget::PROXY_V2 {
        return Err(ProxyError::TooLong);
    }
    let header = bytes.get(FIXED..length);
    match (command, header) {
        (0x20 | 0x21, None) => Ok(Progress::More(length.saturating_sub(bytes.len()))),
        (0x20 | 0x21, _) if bytes.len() > length => Err(ProxyError::Form("more than its length says")),
        (0x20, Some(_)) => Ok(Progress::Done(Header::Local)),
        (0x21, Some(rest)) => addresses(family, rest).map(Progress::Done),
        _ => Err(ProxyError::Form("neither LOCAL nor PROXY of version 2")),
    }
}

/// What follows the addresses, TLVs, is of no use here.
fn addresses(family: u8, rest: &[u8]) -> Result<Header, ProxyError> {
    const SHORT: ProxyError = ProxyError::Form("shorter than its addresses");
    match family {
        // TCP over IPv4
        0x11 => {
            let (source, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
            let (destination, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
            proxied(Ipv4Addr::from(*source).into(), Ipv4Addr::from(*destination).into(), rest).ok_or(SHORT)
        }
        // TCP over IPv6
        0x21 => {
            let (source, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let (destination, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            proxied(Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into(), rest).ok_or(SHORT)
        }
        // unknown, and a Unix socket of the proxy's host
        0x00 | 0x31 => Ok(Header::Local),
        _ => Err(ProxyError::Form("another transport than TCP")),
    }
}

fn proxied(source: IpAddr, destination: IpAddr, ports: &[u8]) -> Option<Header> {
    let (source_port, rest) = ports.split_first_chunk::<2>()?;
    let (destination_port, _) = rest.split_first_chunk::<2>()?;
    Some(Header::Proxied {
        source: SocketAddr::new(source, u16::from_be_bytes(*source_port)),
        destination: SocketAddr::new(destination, u16::from_be_bytes(*destination_port)),
    })
}
