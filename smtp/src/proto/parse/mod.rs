//! A command line becomes a typed command, or the reason why it is none.

mod cursor;
mod domain;
mod dsn;
mod params;
mod path;
mod refusal;
pub(super) mod sasl;

use ipc::mail::Password;
use ipc::service::submit::{Notify, Return};

use cursor::Cursor;
pub use refusal::Refusal;
pub use sasl::Mechanism;

use super::address::{ForwardPath, ReversePath};
use super::ask::Body;
use super::limits::DOMAIN;

/// A command, syntactically right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `EHLO name`, RFC 5321 section 4.1.1.1.
    Ehlo(ClientName),
    /// `HELO name`.
    Helo(ClientName),
    /// `LHLO name`, RFC 2033 section 4.1.
    Lhlo(ClientName),
    /// `MAIL FROM:<reverse path> parameters`, section 4.1.1.2.
    Mail(MailFrom),
    /// `RCPT TO:<forward path> parameters`, section 4.1.1.3.
    Rcpt(RcptTo),
    /// `DATA`, section 4.1.1.4.
    Data,
    /// `BDAT octets [LAST]`, RFC 3030 section 2: so many octets follow that are no commands.
    Bdat {
        /// How many.
        size: u64,
        /// Is this the end of the message?
        last: bool,
    },
    /// `RSET`, section 4.1.1.5.
    Rset,
    /// `VRFY something`, section 4.1.1.6.
    Vrfy,
    /// `EXPN something`, section 4.1.1.7.
    Expn,
    /// `HELP`, section 4.1.1.8.
    Help,
    /// `NOOP`, section 4.1.1.9.
    Noop,
    /// `QUIT`, section 4.1.1.10.
    Quit,
    /// `STARTTLS`, RFC 3207 section 4.
    StartTls,
    /// `AUTH mechanism [initial response]`, RFC 4954 section 4.
    Auth {
        /// How.
        mechanism: Mechanism,
        /// The first response, in base64.
        initial: Option<Password>,
    },
}

/// What a client calls itself: printable ASCII without a space, at most 255 octets. RFC 5321 section 4.1.4 forbids to
/// refuse mail because the name is wrong, so nothing else is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName(String);

impl ClientName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The arguments of MAIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// Who is told of failures.
    pub reverse_path: ReversePath,
    /// `SIZE=`, RFC 1870.
    pub size: Option<u64>,
    /// `BODY=`, RFC 6152.
    pub body: Body,
    /// `RET=`, RFC 3461 section 4.3.
    pub ret: Option<Return>,
    /// `ENVID=`, RFC 3461 section 4.4.
    pub envid: Option<String>,
    /// `AUTH=`, RFC 4954 section 5: who handed the message in first. Whoever has logged in answers for it now.
    pub sender: Option<String>,
}

impl MailFrom {
    /// Are there parameters of extensions that only those have who log in?
    pub(super) fn has_submission_parameters(&self) -> bool {
        self.ret.is_some() || self.envid.is_some() || self.sender.is_some()
    }
}

/// The arguments of RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcptTo {
    /// Where to.
    pub path: ForwardPath,
    /// `NOTIFY=`, RFC 3461 section 4.1.
    pub notify: Option<Notify>,
    /// `ORCPT=`, RFC 3461 section 4.2.
    pub orcpt: Option<String>,
}

/// Reads a command line without its CRLF.
///
/// # Errors
/// A [`Refusal`] that says which reply is due.
pub fn parse(line: &[u8]) -> Result<Command, Refusal> {
    // RFC 5321 section 4.1.1: "receivers SHOULD tolerate trailing white space before the terminating <CRLF>"
    let line = line.trim_ascii_end();
    let at = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (verb, arguments) = line.split_at_checked(at).unwrap_or((line, b""));
    let arguments = arguments.trim_ascii_start();
    match verb.to_ascii_uppercase().as_slice() {
        b"EHLO" => client_name(arguments).map(Command::Ehlo),
        b"HELO" => client_name(arguments).map(Command::Helo),
        b"LHLO" => client_name(arguments).map(Command::Lhlo),
        b"MAIL" => mail(arguments).map(Command::Mail),
        b"RCPT" => rcpt(arguments).map(Command::Rcpt),
        b"DATA" => alone(arguments, Command::Data),
        b"BDAT" => bdat(arguments).ok_or(Refusal::Chunk),
        b"RSET" => alone(arguments, Command::Rset),
        b"QUIT" => alone(arguments, Command::Quit),
        b"STARTTLS" => alone(arguments, Command::StartTls),
        b"VRFY" => with_argument(arguments, Command::Vrfy),
        b"EXPN" => with_argument(arguments, Command::Expn),
        b"HELP" => Ok(Command::Help),
        // RFC 5321 section 4.1.1.9: "If a parameter string is specified, servers SHOULD ignore it."
        b"NOOP" => Ok(Command::Noop),
        b"AUTH" => sasl::auth(arguments),
        // a browser that was talked into coming here: what follows is text of an attacker's choice
        b"GET" | b"POST" | b"PUT" | b"HEAD" | b"OPTIONS" | b"CONNECT" => Err(Refusal::OtherProtocol),
        _ => Err(Refusal::UnknownCommand),
    }
}

fn client_name(arguments: &[u8]) -> Result<ClientName, Refusal> {
    let fits = (1..=DOMAIN).contains(&arguments.len()) && arguments.iter().all(u8::is_ascii_graphic);
    match str::from_utf8(arguments) {
        Ok(name) if fits => Ok(ClientName(name.to_owned())),
        _ => Err(Refusal::ClientName),
    }
}

fn mail(arguments: &[u8]) -> Result<MailFrom, Refusal> {
    let mut cursor = after_keyword(arguments, b"FROM:")?;
    let reverse_path = path::reverse(&mut cursor)?;
    params::mail(reverse_path, &mut cursor)
}

fn rcpt(arguments: &[u8]) -> Result<RcptTo, Refusal> {
    let mut cursor = after_keyword(arguments, b"TO:")?;
    let path = path::forward(&mut cursor)?;
    params::rcpt(path, &mut cursor)
}

/// What cannot be read for certain ends the session: nobody knows how many octets follow that are no commands.
fn bdat(arguments: &[u8]) -> Option<Command> {
    let mut words = arguments.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let size = params::octets(words.next()?).ok()?;
    let last = match (words.next(), words.next()) {
        (None, _) => false,
        (Some(word), None) if word.eq_ignore_ascii_case(b"LAST") => true,
        _ => return None,
    };
    Some(Command::Bdat { size, last })
}

fn after_keyword<'a>(arguments: &'a [u8], keyword: &[u8]) -> Result<Cursor<'a>, Refusal> {
    let (head, rest) = arguments.split_at_checked(keyword.len()).ok_or(Refusal::Arguments)?;
    if !head.eq_ignore_ascii_case(keyword) {
        return Err(Refusal::Arguments);
    }
    // SMTPUTF8 (RFC 6531) is not offered, so octets above 127 have no meaning here
    if !rest.is_ascii() {
        return Err(Refusal::NotAscii);
    }
    let mut cursor = Cursor::new(rest);
    // the grammar has no space here, and so many clients send one that nobody refuses it
    cursor.skip_spaces();
    Ok(cursor)
}

fn alone(arguments: &[u8], command: Command) -> Result<Command, Refusal> {
    if arguments.is_empty() { Ok(command) } else { Err(Refusal::Arguments) }
}

fn with_argument(arguments: &[u8], command: Command) -> Result<Command, Refusal> {
    if arguments.is_empty() { Err(Refusal::Arguments) } else { Ok(command) }
}

#[cfg(test)]
mod tests;
