//! Command lines, RFC 1939 sections 3, 5 to 7, RFC 2449, RFC 2595, RFC 5034.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ipc::mail::Password;
use zeroize::Zeroizing;

/// Clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A command, in form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `USER name`
    User(String),
    /// `PASS string`: all behind the one space.
    Pass(Password),
    /// `AUTH mechanism [initial-response]`
    Auth {
        /// In upper case.
        mechanism: String,
        /// The response, still in base64.
        initial: Option<Password>,
    },
    /// `STLS`
    Stls,
    /// `CAPA`
    Capa,
    /// `STAT`
    Stat,
    /// `LIST [number]`
    List(Option<u32>),
    /// `UIDL [number]`
    Uidl(Option<u32>),
    /// `RETR number`
    Retr(u32),
    /// `TOP number lines`
    Top(u32, u32),
    /// `DELE number`
    Dele(u32),
    /// `NOOP`
    Noop,
    /// `RSET`
    Rset,
    /// `QUIT`
    Quit,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// There is no such command.
    Unknown,
    /// Its arguments are missing, too many, or not of their form.
    Arguments,
}

impl Syntax {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Syntax::Unknown => "Unknown command.",
            Syntax::Arguments => "Wrong arguments.",
        }
    }
}

/// What a line says; with or without its end.
///
/// # Errors
/// It is no command.
pub fn parse(line: &[u8]) -> Result<Command, Syntax> {
    let line = without_end(line);
    let split = line.iter().position(|byte| *byte == b' ');
    let (keyword, rest) = match split.and_then(|at| line.split_at_checked(at)) {
        Some((keyword, rest)) => (keyword, rest.strip_prefix(b" ")),
        None => (line, None),
    };
    let keyword = keyword.to_ascii_uppercase();
    if rest.is_some_and(|rest| rest.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))) {
        return Err(Syntax::Arguments);
    }
    match keyword.as_slice() {
        b"USER" => text(rest).map(Command::User),
        b"PASS" => secret(rest).map(Command::Pass),
        b"AUTH" => auth(rest),
        b"STLS" => none(rest, Command::Stls),
        b"CAPA" => none(rest, Command::Capa),
        b"STAT" => none(rest, Command::Stat),
        b"LIST" => optional(rest).map(Command::List),
        b"UIDL" => optional(rest).map(Command::Uidl),
        b"RETR" => one(rest).map(Command::Retr),
        b"TOP" => two(rest).map(|(number, lines)| Command::Top(number, lines)),
        b"DELE" => one(rest).map(Command::Dele),
        b"NOOP" => none(rest, Command::Noop),
        b"RSET" => none(rest, Command::Rset),
        b"QUIT" => none(rest, Command::Quit),
        _ => Err(Syntax::Unknown),
    }
}

/// The message of the mechanism PLAIN, RFC 4616 section 2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// Whom to act for; empty: the same as `user`.
    pub(super) authorize: String,
    pub(super) user: String,
    pub(super) password: Password,
}

impl Plain {
    /// From base64, where `=` is an empty response (RFC 5034 section 4).
    pub(super) fn parse(base64: &[u8]) -> Result<Self, Syntax> {
        let message = match without_end(base64) {
            b"=" => Zeroizing::new(Vec::new()),
            base64 => Zeroizing::new(BASE64.decode(base64).map_err(|_| Syntax::Arguments)?),
        };
        let mut fields = message.split(|byte| *byte == 0);
        let mut field = || fields.next().ok_or(Syntax::Arguments);
        let (authorize, user, password) = (field()?, field()?, field()?);
        if fields.next().is_some() || user.is_empty() || password.is_empty() {
            return Err(Syntax::Arguments);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Syntax::Arguments);
        Ok(Plain { authorize: text(authorize)?, user: text(user)?, password: Password(password.to_vec()) })
    }
}

/// A line without CRLF. LF alone is taken, too: nothing of a third party is ever in what a client of POP3 sends.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn text(rest: Option<&[u8]>) -> Result<String, Syntax> {
    let name = std::str::from_utf8(rest.unwrap_or_default()).map_err(|_| Syntax::Arguments)?.trim();
    if name.is_empty() { Err(Syntax::Arguments) } else { Ok(name.to_owned()) }
}

fn secret(rest: Option<&[u8]>) -> Result<Password, Syntax> {
    rest.filter(|rest| !rest.is_empty()).map(|rest| Password(rest.to_vec())).ok_or(Syntax::Arguments)
}

fn auth(rest: Option<&[u8]>) -> Result<Command, Syntax> {
    let mut words = words(rest);
    let mechanism = words.next().ok_or(Syntax::Arguments)?.to_ascii_uppercase();
    let mechanism = String::from_utf8(mechanism).map_err(|_| Syntax::Arguments)?;
    let initial = words.next().map(|word| Password(word.to_vec()));
    if words.next().is_some() { Err(Syntax::Arguments) } else { Ok(Command::Auth { mechanism, initial }) }
}

fn none(rest: Option<&[u8]>, command: Command) -> Result<Command, Syntax> {
    if words(rest).next().is_none() { Ok(command) } else { Err(Syntax::Arguments) }
}

fn optional(rest: Option<&[u8]>) -> Result<Option<u32>, Syntax> {
    if words(rest).next().is_none() { Ok(None) } else { one(rest).map(Some) }
}

fn one(rest: Option<&[u8]>) -> Result<u32, Syntax> {
    let mut words = words(rest);
    match (words.next(), words.next()) {
        (Some(word), None) => number(word),
        _ => Err(Syntax::Arguments),
    }
}

fn two(rest: Option<&[u8]>) -> Result<(u32, u32), Syntax> {
    let mut words = words(rest);
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Ok((number(first)?, number(second)?)),
        _ => Err(Syntax::Arguments),
    }
}

fn words(rest: Option<&[u8]>) -> impl Iterator<Item = &[u8]> {
    rest.unwrap_or_default().split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}

/// Digits; more than a number holds is the largest one, which no message has.
fn number(word: &[u8]) -> Result<u32, Syntax> {
    word.iter().try_fold(0_u32, |number, byte| match byte {
        b'0'..=b'9' => Ok(number.saturating_mul(10).saturating_add(u32::from(byte.saturating_sub(b'0')))),
        _ => Err(Syntax::Arguments),
    })
}

#[cfg(test)]
mod tests;
