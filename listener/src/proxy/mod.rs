//! The PROXY protocol, versions 1 and 2: what a proxy says about the connection it passes on, before its first byte.
//!
//! The parser never asks for a byte that could belong to what comes behind the header.

mod receive;
mod v1;
mod v2;

use std::io;
use std::net::SocketAddr;

use ipc::budget;

pub(crate) use receive::receive;

/// How far the header has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes more belong to it at least.
    More(usize),
    /// This is all of it.
    Done(Header),
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The connection is the proxy's own, or it does not know whose.
    Local,
    /// The connection it passes on.
    Proxied {
        /// Who connected to the proxy.
        source: SocketAddr,
        /// To which of its addresses.
        destination: SocketAddr,
    },
}

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// It begins with something else.
    #[error("no PROXY protocol header")]
    None,
    /// It is longer than [`budget::PROXY_V1`] or [`budget::PROXY_V2`].
    #[error("a PROXY protocol header that is too long")]
    TooLong,
    /// It has another form than its version has.
    #[error("a PROXY protocol header out of form: {0}")]
    Form(&'static str),
    /// It did not come within [`budget::PROXY`].
    #[error("no PROXY protocol header within {} s", budget::PROXY.as_secs())]
    Late,
    /// The connection ended, or broke.
    #[error("PROXY protocol: {0}")]
    Io(#[from] io::Error),
}

/// The shortest header: `PROXY UNKNOWN` and CRLF. Version 2 has one byte more.
const SHORTEST: usize = 15;

/// Reads what has come of a header, from its first byte.
///
/// # Errors
/// When it can become none.
pub fn parse(bytes: &[u8]) -> Result<Progress, ProxyError> {
    let begins = |start: &[u8]| bytes.iter().zip(start).all(|(is, should)| is == should);
    let (one, two) = (begins(v1::START), begins(v2::SIGNATURE));
    match SHORTEST.checked_sub(bytes.len()) {
        _ if !one && !two => Err(ProxyError::None),
        Some(missing @ 1..) => Ok(Progress::More(missing)),
        _ if one => v1::parse(bytes),
        _ => v2::parse(bytes),
    }
}

#[cfg(test)]
mod tests;
