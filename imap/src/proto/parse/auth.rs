//! LOGIN and AUTHENTICATE, RFC 3501 section 6.2, and the responses of SASL.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::command::Command;
use super::cursor::Cursor;
use super::literal::without_line_end;
use super::syntax::{Parsed, Syntax};

/// Clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Octets that are not to be shown, and are wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    fn from_base64(text: &[u8]) -> Parsed<Self> {
        BASE64.decode(text).map(Self::new).map_err(|_| Syntax::Sasl)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A line of the client during AUTHENTICATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaslReply {
    /// `*`: it does not want to go on.
    Cancelled,
    /// Base64, decoded.
    Response(Secret),
}

impl SaslReply {
    /// Octets of the longest line worth reading, with its end.
    pub const MAX_LINE: usize = 12 * 1024;

    /// A line, with or without its end.
    ///
    /// # Errors
    /// [`Syntax::Sasl`] when it is not base64.
    pub fn parse(line: &[u8]) -> Result<Self, Syntax> {
        match without_line_end(line).unwrap_or(line) {
            b"*" => Ok(SaslReply::Cancelled),
            base64 => Secret::from_base64(base64).map(SaslReply::Response),
        }
    }
}

/// The message of the PLAIN mechanism, RFC 4616.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Whom to act for; empty: the same as `user`.
    pub authorize: String,
    /// Whose password it is.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Plain {
    /// `[authzid] NUL authcid NUL passwd`, RFC 4616 section 2.
    ///
    /// # Errors
    /// [`Syntax::Sasl`] when it is not of that form, or a name is not UTF-8 or empty.
    pub fn parse(message: &Secret) -> Result<Self, Syntax> {
        let mut fields = message.as_bytes().split(|byte| *byte == 0);
        let mut field = || fields.next().ok_or(Syntax::Sasl);
        let (authorize, user, password) = (field()?, field()?, field()?);
        if fields.next().is_some() || user.is_empty() || password.is_empty() {
            return Err(Syntax::Sasl);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Syntax::Sasl);
        let password = Secret::new(password.to_vec());
        Ok(Plain { authorize: text(authorize)?, user: text(user)?, password })
    }
}

/// ` userid password`
pub(super) fn login(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let user = cursor.text()?;
    cursor.space()?;
    let password = Secret::new(cursor.astring()?.into_owned());
    Ok(Command::Login { user, password })
}

/// ` mechanism [initial-response]`; the response after RFC 4959, where `=` is an empty one.
pub(super) fn authenticate(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let mechanism = cursor.atom()?.to_ascii_uppercase();
    let initial = if cursor.skip(b' ') && !cursor.is_empty() {
        Some(match cursor.take_while(|byte| byte.is_ascii_graphic()) {
            b"=" => Secret::new(Vec::new()),
            base64 => Secret::from_base64(base64)?,
        })
    } else {
        None
    };
    Ok(Command::Authenticate { mechanism, initial })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        assert_eq!(SaslReply::parse(b"*\r\n"), Ok(SaslReply::Cancelled));
        for (line, want) in [(&b"AGEAYg==\r\n"[..], &b"\0a\0b"[..]), (b"AGEAYg\n", b"\0a\0b"), (b"\r\n", b"")]
        {
            assert_eq!(SaslReply::parse(line), Ok(SaslReply::Response(Secret::new(want.to_vec()))));
        }
        for line in [&b"**"[..], b" AGEAYg==", b"A", b"AGEA=Yg"] {
            assert_eq!(SaslReply::parse(line), Err(Syntax::Sasl), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn plain() {
        let good = Plain::parse(&Secret::new(b"z\0user@x\0pass word".to_vec())).unwrap();
        assert_eq!((good.authorize.as_str(), good.user.as_str()), ("z", "user@x"));
        assert_eq!(good.password.as_bytes(), b"pass word");
        for bad in [&b""[..], b"\0a", b"a\0b", b"\0\0p", b"\0u\0", b"\0u\0p\0", b"\0\xff\0p"] {
            assert_eq!(Plain::parse(&Secret::new(bad.to_vec())), Err(Syntax::Sasl), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn a_secret_does_not_show() {
        assert_eq!(format!("{:?}", Secret::new(b"hunter2".to_vec())), "Secret");
    }
}
