//! Version 1: a line of text.

use std::net::{IpAddr, SocketAddr};

use ipc::budget;

use super::{Header, Progress, ProxyError};

pub(super) const START: &[u8] = b"PROXY ";

/// Byte by byte up to its CRLF: how long it is shows nowhere else.
pub(super) fn parse(bytes: &[u8]) -> Result<Progress, ProxyError> {
    match bytes.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) if end.saturating_add(2) == bytes.len() => {
            line(bytes.get(..end).unwrap_or_default()).map(Progress::Done)
        }
        Some(_) => Err(ProxyError::Form("a line that ends too early")),
        None if bytes.len() >= budget::PROXY_V1 => Err(ProxyError::TooLong),
        None => Ok(Progress::More(1)),
    }
}

fn line(line: &[u8]) -> Result<Header, ProxyError> {
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Form("no text"))?;
    let mut fields = line.split(' ').skip(1);
    let family = fields.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(Header::Local);
    }
    let rest: Vec<&str> = fields.collect();
    let &[source, destination, source_port, destination_port] = rest.as_slice() else {
        return Err(ProxyError::Form("two addresses and two ports are wanted"));
    };
    Ok(Header::Proxied {
        source: SocketAddr::new(address(family, source)?, number(source_port)?),
        destination: SocketAddr::new(address(family, destination)?, number(destination_port)?),
    })
}

fn address(family: &str, text: &str) -> Result<IpAddr, ProxyError> {
    let address = match family {
        "TCP4" => text.parse().map(IpAddr::V4).ok(),
        "TCP6" => text.parse().map(IpAddr::V6).ok(),
        _ => return Err(ProxyError::Form("neither TCP4 nor TCP6 nor UNKNOWN")),
    };
    address.ok_or(ProxyError::Form("no address of that family"))
}

fn number(text: &str) -> Result<u16, ProxyError> {
    let plain = text.bytes().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or(ProxyError::Form("no port"))
}
