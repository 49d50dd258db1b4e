//! AUTH (RFC 4954) and what is said in its exchanges: the mechanisms PLAIN (RFC 4616) and LOGIN, which has no standard.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ipc::mail::Password;
use zeroize::Zeroizing;

use super::{Command, Refusal};

/// Clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a client wants to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN.
    Plain,
    /// LOGIN.
    Login,
    /// None of ours.
    Unknown,
}

/// `AUTH mechanism [initial response]`, RFC 4954 section 4.
pub(super) fn auth(arguments: &[u8]) -> Result<Command, Refusal> {
    let mut words = arguments.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let mechanism = match words.next().map(<[u8]>::to_ascii_uppercase).as_deref() {
        Some(b"PLAIN") => Mechanism::Plain,
        Some(b"LOGIN") => Mechanism::Login,
        Some(_) => Mechanism::Unknown,
        None => return Err(Refusal::Arguments),
    };
    let initial = words.next().map(|word| Password(word.to_vec()));
    if words.next().is_some() { Err(Refusal::Arguments) } else { Ok(Command::Auth { mechanism, initial }) }
}

/// A line of the client in an exchange.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::proto) enum Response {
    /// `*`: it does not want to go on.
    Cancelled,
    /// What it says.
    Text(Zeroizing<Vec<u8>>),
}

impl Response {
    /// Reads a line without its CRLF; `None` when it is not base64.
    pub(in crate::proto) fn parse(line: &[u8]) -> Option<Self> {
        match line {
            b"*" => Some(Response::Cancelled),
            base64 => decode(base64).map(Response::Text),
        }
    }
}

/// From base64. An initial response that is empty is written as `=` (RFC 4954 section 4).
pub(in crate::proto) fn decode(base64: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let base64 = if base64 == b"=" { b"" } else { base64 };
    BASE64.decode(base64).ok().map(Zeroizing::new)
}

/// The message of the mechanism PLAIN, RFC 4616 section 2.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::proto) struct Plain {
    /// Whom to act for; empty: the same as `login`.
    pub(in crate::proto) authorize: String,
    pub(in crate::proto) login: String,
    pub(in crate::proto) password: Password,
}

impl Plain {
    /// `[authzid] NUL authcid NUL passwd`; `None` when it is not of that form.
    pub(in crate::proto) fn parse(message: &[u8]) -> Option<Self> {
        let mut fields = message.split(|byte| *byte == 0);
        let (authorize, login, password) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() || login.is_empty() || password.is_empty() {
            return None;
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(Plain {
            authorize: text(authorize)?,
            login: text(login)?,
            password: Password(password.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command() {
        let parsed = |mechanism, initial: Option<&str>| {
            Ok(Command::Auth { mechanism, initial: initial.map(|text| Password(text.as_bytes().to_vec())) })
        };
        assert_eq!(auth(b"plain AGEAYg=="), parsed(Mechanism::Plain, Some("AGEAYg==")));
        assert_eq!(auth(b"LOGIN"), parsed(Mechanism::Login, None));
        assert_eq!(auth(b"CRAM-MD5"), parsed(Mechanism::Unknown, None));
        assert_eq!(auth(b""), Err(Refusal::Arguments));
        assert_eq!(auth(b"PLAIN a b"), Err(Refusal::Arguments));
    }

    #[test]
    fn plain() {
        let parsed = Plain::parse(b"\0ann\0pass word").unwrap();
        assert_eq!((parsed.authorize.as_str(), parsed.login.as_str()), ("", "ann"));
        assert_eq!(parsed.password.0, b"pass word");
        for bad in [&b""[..], b"ann\0p", b"\0\0p", b"\0ann\0", b"\0ann\0p\0", b"\0\xff\0p"] {
            assert_eq!(Plain::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn responses() {
        assert_eq!(Response::parse(b"*"), Some(Response::Cancelled));
        assert_eq!(Response::parse(b"YW5u"), Some(Response::Text(Zeroizing::new(b"ann".to_vec()))));
        assert_eq!(Response::parse(b"YW4"), Response::parse(b"YW4="));
        for bad in [&b"a b"[..], b"****", b"YW5u\r", b"=YW5"] {
            assert_eq!(Response::parse(bad), None, "{bad:?}");
        }
    }
}
