//! The fields that are put in front of a message, RFC 5321 section 4.4.

use std::net::IpAddr;

use listener::session::TlsInfo;

use super::address::{Address, Domain, ReversePath};
use super::ask::Begun;
use super::service::Service;
use super::state::{Hello, Protocol};

/// How the bytes came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    Plain,
    Tls(Option<TlsInfo>),
}

/// Everything that the trace fields tell.
pub(super) struct Trace<'a> {
    pub(super) service: Service,
    pub(super) reverse_path: &'a ReversePath,
    pub(super) hello: &'a Hello,
    pub(super) peer: IpAddr,
    pub(super) security: &'a Security,
    pub(super) hostname: &'a str,
    pub(super) begun: Begun,
    /// The recipient, if there is one only: more would tell each of the others.
    pub(super) recipient: Option<&'a Address>,
}

impl Trace<'_> {
    /// The fields as they are stored: folded, printable ASCII, CRLF.
    pub(super) fn fields(&self) -> Vec<u8> {
        let (return_path, client) = match self.service {
            Service::Mx | Service::Lmtp => {
                let (name, peer) = (printable(self.hello.name()), Domain::Literal(self.peer.to_canonical()));
                (format!("Return-Path: {}\r\n", self.reverse_path), format!("{name} ({peer})"))
            }
            // Where somebody sits who sends a mail, and what his machine is called, is nobody's business; the log has it,
            // with the transaction's id. The return path is for the last host to put there (RFC 5321 section 4.4).
            Service::Submission => (String::new(), "submission".to_owned()),
        };
        let recipient = self.recipient.map(|address| format!("\r\n\tfor <{address}>")).unwrap_or_default();
        format!(
            "{return_path}Received: from {client}\r\n\tby {} with {}\r\n\tid {}{recipient}{};\r\n\t{}\r\n",
            self.hostname,
            self.with(),
            self.begun.id,
            self.tls(),
            mime::date::format_mail_date(self.begun.now),
        )
        .into_bytes()
    }

    /// RFC 3848: ESMTPS for EHLO and TLS, ESMTPSA for a login within. There is no name for HELO and TLS.
    fn with(&self) -> String {
        let protocol = match (self.service, self.hello.protocol(), self.security) {
            (_, Protocol::Smtp, _) => "SMTP",
            (_, Protocol::Lmtp, Security::Plain) => "LMTP",
            (_, Protocol::Lmtp, Security::Tls(_)) => "LMTPS",
            (Service::Submission, Protocol::Esmtp, Security::Tls(_)) => "ESMTPSA",
            (_, Protocol::Esmtp, Security::Plain) => "ESMTP",
            (_, Protocol::Esmtp, Security::Tls(_)) => "ESMTPS",
        };
        match self.security {
            Security::Tls(Some(tls)) => format!("{protocol} ({})", tls.version),
            _ => protocol.to_owned(),
        }
    }

    /// RFC 8314 section 4.3: the clause that names the cipher suite.
    fn tls(&self) -> String {
        match self.security {
            Security::Tls(Some(tls)) => format!("\r\n\ttls {}", tls.cipher),
            _ => String::new(),
        }
    }
}

/// A client's name is its own choice: nothing in it may end a comment or begin another clause of the field.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_:[]".contains(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Command, TransactionId, parse};

    fn fields(line: &str, peer: &str, security: Security) -> String {
        let hello = match parse(line.as_bytes()) {
            Ok(Command::Ehlo(name)) => Hello::new(name, Protocol::Esmtp),
            Ok(Command::Helo(name)) => Hello::new(name, Protocol::Smtp),
            other => panic!("{other:?}"),
        };
        let trace = Trace {
            service: Service::Mx,
            reverse_path: &ReversePath::Null,
            hello: &hello,
            peer: peer.parse().unwrap(),
            security: &security,
            hostname: "mx.here.example",
            begun: Begun { id: TransactionId(u128::MAX), now: 0 },
            recipient: Some(&Address::new("a b".to_owned(), Domain::Name("here.example".to_owned()))),
        };
        String::from_utf8(trace.fields()).unwrap()
    }

    #[test]
    fn the_fields_whole() {
        assert_eq!(
            fields("EHLO [IPv6:2001:db8::1]", "2001:db8::7", Security::Tls(None)),
            "Return-Path: <>\r\nReceived: from [IPv6:2001:db8::1] ([IPv6:2001:db8::7])\r\n\
             \tby mx.here.example with ESMTPS\r\n\tid ffffffffffffffffffffffffffffffff\r\n\
             \tfor <\"a b\"@here.example>;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n"
        );
    }

    #[test]
    fn a_mapped_address_is_the_one_it_maps() {
        assert!(fields("HELO c", "::ffff:192.0.2.7", Security::Plain).contains("from c ([192.0.2.7])\r\n"));
    }

    #[test]
    fn no_name_ends_its_clause() {
        let fields = fields("HELO a)(;by<>\"\\@b,id", "192.0.2.7", Security::Tls(None));
        assert!(
            fields.contains("from a???by?????b?id ([192.0.2.7])\r\n\tby mx.here.example with SMTP\r\n"),
            "{fields}"
        );
    }
}
