//! Responses as they come: lines, and the literals in them (RFC 9051 section 4.3), each with a bound.

use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write};

use super::error::ImapError;
use super::tls::SILENCE;
use super::value::{Part, Value, values};
use crate::{LETTER_MAX, LIST_MAX};

/// The most bytes of a line.
const LINE_MAX: u64 = 64 << 10;
/// The most bytes of a literal that is not a message.
const STRING_MAX: u64 = 64 << 10;

/// A connection.
pub trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A response.
#[derive(Debug)]
pub(super) enum Response {
    /// `+`: go on.
    Continue,
    /// How it is with a command, or with the server.
    Status(Status),
    /// Data.
    Data(Vec<Value>),
    /// Data up to a message that comes now, of so many bytes: to be read by [`Wire::literal`].
    Message(Vec<Part>, u64),
}

/// A status response (RFC 9051 section 7.1).
#[derive(Debug)]
pub(super) struct Status {
    /// The command's tag; none if it is about none.
    pub(super) tag: Option<String>,
    /// What it says.
    pub(super) condition: Condition,
    /// What is in brackets.
    pub(super) code: Option<String>,
    /// The text for people.
    pub(super) text: String,
}

/// The kinds of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Done.
    Ok,
    /// Not done.
    No,
    /// Not understood.
    Bad,
    /// Logged in already.
    Preauth,
    /// The server goes.
    Bye,
}

/// A connection, and how much may still come before the command is answered.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    allowance: u64,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Wire { stream: BufReader::new(stream), allowance: LIST_MAX }
    }

    /// Sends.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), ImapError> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        Ok(stream.flush()?)
    }

    /// A command is about to be sent: what answers it may be large, but not without end.
    pub(super) fn allow(&mut self) {
        self.allowance = LIST_MAX;
    }

    /// Has something come that was not read?
    pub(super) fn has_more(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// The next response.
    pub(super) fn response(&mut self) -> Result<Response, ImapError> {
        let line = self.line()?;
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if first == b"+" {
            return Ok(Response::Continue);
        }
        if let Some(condition) = condition(second) {
            return Ok(Response::Status(status(first, condition, words.next().unwrap_or_default())));
        }
        if first != b"*" {
            return Err(ImapError::Syntax("neither data nor a status"));
        }
        let line = line.get(2..).unwrap_or_default().to_vec();
        self.parts(Vec::new(), line)
    }

    /// What follows a message that was read.
    pub(super) fn rest(&mut self, mut before: Vec<Part>) -> Result<Vec<Value>, ImapError> {
        before.push(Part::Elsewhere);
        let line = self.line()?;
        match self.parts(before, line)? {
            Response::Data(values) => Ok(values),
            _ => Err(ImapError::Syntax("a message twice")),
        }
    }

    /// Bytes of a literal, at the most as many as are left of it.
    pub(super) fn literal(&mut self, left: u64, out: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let read = self.stream.read(out.get_mut(..most).unwrap_or_default()).map_err(in_words)?;
        if read == 0 && most > 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(read)
    }

    fn parts(&mut self, mut parts: Vec<Part>, mut line: Vec<u8>) -> Result<Response, ImapError> {
        loop {
            let Some((before, length)) = announces(&line) else {
                parts.push(Part::Text(line));
                return Ok(Response::Data(values(&parts)?));
            };
            let is_message = before.to_ascii_uppercase().ends_with(b"BODY[] ");
            parts.push(Part::Text(before.to_vec()));
            if is_message {
                return match length <= LETTER_MAX {
                    true => Ok(Response::Message(parts, length)),
                    false => Err(ImapError::TooMuch { what: "a message", most: LETTER_MAX }),
                };
            }
            if length > STRING_MAX {
                return Err(ImapError::TooMuch { what: "a string", most: STRING_MAX });
            }
            self.spend(length)?;
            let mut literal = vec![0; usize::try_from(length).unwrap_or_default()];
            self.stream.read_exact(&mut literal).map_err(in_words)?;
            parts.push(Part::Literal(literal));
            line = self.line()?;
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, ImapError> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(LINE_MAX).read_until(b'\n', &mut line);
        let read = read.map_err(in_words)? as u64;
        self.spend(read)?;
        match line.strip_suffix(b"\n") {
            Some(text) => Ok(text.strip_suffix(b"\r").unwrap_or(text).to_vec()),
            None if read >= LINE_MAX => Err(ImapError::TooMuch { what: "a line", most: LINE_MAX }),
            None => Err(ImapError::Io(ErrorKind::UnexpectedEof.into())),
        }
    }

    fn spend(&mut self, bytes: u64) -> Result<(), ImapError> {
        let too_much = ImapError::TooMuch { what: "an answer", most: LIST_MAX };
        self.allowance = self.allowance.checked_sub(bytes).ok_or(too_much)?;
        Ok(())
    }
}

/// What the system says when a server is silent for too long is no help to anybody.
fn in_words(error: std::io::Error) -> std::io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => std::io::Error::new(
            ErrorKind::TimedOut,
            format!("nothing came for {} seconds", SILENCE.as_secs()),
        ),
        _ => error,
    }
}

/// Does the line end with the announcement of a literal? What is before it, and how many bytes come.
fn announces(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.strip_suffix(b"}")?;
    let (before, digits) = inner.split_at_checked(inner.iter().rposition(|byte| *byte == b'{')?)?;
    let digits = std::str::from_utf8(digits.get(1..)?).ok()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // a number that is too large for us is too large for every bound
    Some((before.strip_suffix(b"~").unwrap_or(before), digits.parse().unwrap_or(u64::MAX)))
}

fn condition(word: &[u8]) -> Option<Condition> {
    match word.to_ascii_uppercase().as_slice() {
        b"OK" => Some(Condition::Ok),
        b"NO" => Some(Condition::No),
        b"BAD" => Some(Condition::Bad),
        b"PREAUTH" => Some(Condition::Preauth),
        b"BYE" => Some(Condition::Bye),
        _ => None,
    }
}

fn status(tag: &[u8], condition: Condition, text: &[u8]) -> Status {
    let text = String::from_utf8_lossy(text).into_owned();
    let coded = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    Status {
        tag: (tag != b"*").then(|| String::from_utf8_lossy(tag).into_owned()),
        condition,
        code: coded.map(|(code, _)| code.to_owned()),
        text: coded.map_or(text.as_str(), |(_, text)| text).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn wire(bytes: &[u8]) -> Wire {
        Wire::new(Box::new(Cursor::new(bytes.to_vec())))
    }

    #[test]
    fn the_text_of_a_status_is_no_data() {
        let mut wire = wire(b"* OK [UIDVALIDITY 7] it's (so {5}\r\na1 NO \"\r\n+ go\r\n* bye\r\n");
        let Response::Status(status) = wire.response().unwrap() else { panic!("a status") };
        assert_eq!((status.tag, status.code.as_deref()), (None, Some("UIDVALIDITY 7")));
        assert_eq!(status.text, "it's (so {5}");
        let Response::Status(status) = wire.response().unwrap() else { panic!("a status") };
        assert_eq!((status.tag.as_deref(), status.condition), (Some("a1"), Condition::No));
        assert!(matches!(wire.response().unwrap(), Response::Continue));
        assert!(matches!(
            wire.response().unwrap(),
            Response::Status(Status { condition: Condition::Bye, .. })
        ));
        assert!(matches!(wire.response(), Err(ImapError::Io(_))));
    }

    #[test]
    fn a_message_is_left_to_be_read() {
        let mut wire = wire(b"* 1 FETCH (UID 5 body[] {9}\r\na\r\n{8}\r\n) FLAGS (x))\r\n");
        let Response::Message(parts, 9) = wire.response().unwrap() else { panic!("a message") };
        let mut bytes = [0; 32];
        assert_eq!(wire.literal(9, &mut bytes).unwrap(), 9);
        assert_eq!(&bytes[..9], b"a\r\n{8}\r\n)");
        let values = wire.rest(parts).unwrap();
        let items = values[2].list().unwrap();
        assert!(items[3] == Value::Elsewhere && items[5].list().unwrap()[0].is("x"));
    }

    #[test]
    fn each_bound_holds() {
        for (text, what) in [
            (format!("* {}\r\n", "x".repeat(70_000)), "a line"),
            ("* LIST () {65537}\r\n".to_owned(), "a string"),
            ("* 1 FETCH (BODY[] {1073741825}\r\n".to_owned(), "a message"),
            ("* 1 FETCH (BODY[] {99999999999999999999999999}\r\n".to_owned(), "a message"),
        ] {
            match wire(text.as_bytes()).response() {
                Err(ImapError::TooMuch { what: found, .. }) => assert_eq!(found, what),
                other => panic!("{what}: {other:?}"),
            }
        }
        let mut wire = wire(&b"* 1 EXISTS\r\n".repeat(3));
        wire.allowance = 30;
        assert!(wire.response().is_ok() && wire.response().is_ok());
        assert!(matches!(wire.response(), Err(ImapError::TooMuch { what: "an answer", .. })));
        wire.allow();
        assert!(matches!(wire.response(), Err(ImapError::Io(_))));
    }

    proptest! {
        #[test]
        fn whatever_comes_ends(bytes in r#"([* a1+]|OK|FETCH|BODY\[\] |[()"\\]|\{[0-9]{1,2}\}\r\n|\r\n|[a-z]){0,40}"#) {
            let mut wire = wire(bytes.as_bytes());
            let mut count = 0;
            while wire.response().is_ok() {
                count += 1;
                prop_assert!(count <= bytes.len());
            }
        }
    }
}
