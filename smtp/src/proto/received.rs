//! The fields that are put in front of a message, RFC 5321 section 4.4.

use std::net::IpAddr;

use super::address::{Domain, ForwardPath, ReversePath};
use super::ask::Begun;
use super::state::{Hello, Protocol};

/// What was negotiated, in rustls's words, for `Received`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsParameters {
    /// `TLSv1.3`
    pub version: &'static str,
    /// `TLS13_AES_256_GCM_SHA384`
    pub cipher: &'static str,
}

/// How the bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    Plain,
    Tls(Option<TlsParameters>),
}

/// Everything that the trace fields tell.
pub(super) struct Trace<'a> {
    pub(super) reverse_path: &'a ReversePath,
    pub(super) hello: &'a Hello,
    pub(super) peer: IpAddr,
    pub(super) security: Security,
    pub(super) hostname: &'a str,
    pub(super) begun: Begun,
    /// The recipient, if there is one only: more would tell each of the others.
    pub(super) recipient: Option<&'a ForwardPath>,
}

impl Trace<'_> {
    /// The fields as they are stored: folded, printable ASCII, CRLF.
    pub(super) fn fields(&self) -> Vec<u8> {
        let (client, peer) = (printable(self.hello.name()), Domain::Literal(self.peer.to_canonical()));
        let recipient = self.recipient.map(|path| format!("\r\n\tfor {path}")).unwrap_or_default();
        format!(
            "Return-Path: {}\r\nReceived: from {client} ({peer})\r\n\tby {} with {}\r\n\tid {}{recipient};\r\n\t{}\r\n",
            self.reverse_path,
            self.hostname,
            self.with(),
            self.begun.id,
            mime::date::format_mail_date(self.begun.now),
        )
        .into_bytes()
    }

    /// RFC 3848: ESMTPS for EHLO and TLS. There is no name for HELO and TLS.
    fn with(&self) -> String {
        let protocol = match (self.hello.protocol(), self.security) {
            (Protocol::Smtp, _) => "SMTP",
            (Protocol::Esmtp, Security::Plain) => "ESMTP",
            (Protocol::Esmtp, Security::Tls(_)) => "ESMTPS",
        };
        match self.security {
            Security::Tls(Some(TlsParameters { version, cipher })) => {
                format!("{protocol} ({version} {cipher})")
            }
            _ => protocol.to_owned(),
        }
    }
}

/// A client's name is its own choice: nothing in it may end a comment or begin another clause of the field.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_:[]".contains(c) { c } else { '?' }).collect()
}
