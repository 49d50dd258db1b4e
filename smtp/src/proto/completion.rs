//! Completes the header of a submitted message, RFC 6409 section 8: a Date and a Message-ID, if it has none.
//!
//! What is missing is known at the end of the header, and put there, so nothing of the message has to be kept back but
//! the name of one field. Where the header ends without an empty line, at a line that is no field, one is put there, too.
//! No other field is touched: Bcc is for the mail program to leave out, as it does.

/// The longest name of a field; a longer one is no field (RFC 5322 section 2.1.1 has lines of 998).
const NAME: usize = 128;

/// A date, and a host name (RFC 1035 section 2.3.4) with an id in front of it, with their field names.
const MISSING: usize = 512;

/// The most bytes that one call appends beyond those it was given: a name that was kept, what was missing, line ends.
pub(super) const MORE: usize = NAME + 1 + MISSING + 4;

/// The header of a message that streams by, with CRLF line ends.
#[derive(Debug)]
pub(super) struct Completion {
    place: Place,
    missing: Vec<Missing>,
    /// The start of the present line: not out yet.
    kept: Vec<u8>,
    /// Has there been a field that a line could continue?
    begun: bool,
}

/// A field that is put in unless it comes.
#[derive(Debug)]
struct Missing {
    name: &'static [u8],
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    /// A CR at the start of a line.
    Blank,
    /// In what may be a field's name.
    Name,
    /// Behind a name, before its colon (RFC 5322 section 4.5 has white space there).
    NameEnd,
    /// In a field.
    Field,
    /// Behind the header.
    Body,
}

impl Completion {
    /// With the fields that are due: `date` as RFC 5322 section 3.3 has it, `message_id` with its brackets.
    pub(super) fn new(date: &str, message_id: &str) -> Self {
        let missing = [("Date", date), ("Message-ID", message_id)]
            .map(|(name, value)| Missing {
                name: name.as_bytes(),
                line: format!("{name}: {value}\r\n").into_bytes(),
            })
            .into();
        Completion { place: Place::LineStart, missing, kept: Vec::new(), begun: false }
    }

    /// Appends the next bytes of the message to `output`, and perhaps fields in between.
    pub(super) fn push(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            match self.place {
                Place::Body => return output.extend_from_slice(rest),
                Place::Field => {
                    let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at.saturating_add(1));
                    let (line, after) =
                        rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, b""));
                    output.extend_from_slice(line);
                    rest = after;
                    if end.is_some() {
                        self.place = Place::LineStart;
                    }
                }
                Place::LineStart | Place::Blank | Place::Name | Place::NameEnd => {
                    self.byte(*byte, output);
                    rest = after;
                }
            }
        }
    }

    /// The message is at its end.
    pub(super) fn finish(mut self, output: &mut Vec<u8>) {
        match self.place {
            Place::Body => {}
            Place::LineStart => self.put_missing(output),
            Place::Field => {
                output.extend_from_slice(b"\r\n");
                self.put_missing(output);
            }
            Place::Blank | Place::Name | Place::NameEnd => self.end_header(output),
        }
    }

    fn byte(&mut self, byte: u8, output: &mut Vec<u8>) {
        self.kept.push(byte);
        self.place = match (self.place, byte) {
            (Place::LineStart, b'\r') => Place::Blank,
            (Place::LineStart, b' ' | b'\t') if self.begun => self.field(output),
            (Place::LineStart | Place::Name, b'!'..=b'9' | b';'..=b'~') if self.kept.len() <= NAME => {
                Place::Name
            }
            (Place::Name | Place::NameEnd, b' ' | b'\t') if self.kept.len() <= NAME => Place::NameEnd,
            (Place::Name | Place::NameEnd, b':') => {
                let name = self.kept.trim_ascii_end().strip_suffix(b":").unwrap_or_default().trim_ascii_end();
                self.missing.retain(|missing| !missing.name.eq_ignore_ascii_case(name));
                self.begun = true;
                self.field(output)
            }
            (Place::Blank, b'\n') => {
                self.put_missing(output);
                output.append(&mut self.kept);
                Place::Body
            }
            _ => {
                self.end_header(output);
                Place::Body
            }
        };
    }

    fn field(&mut self, output: &mut Vec<u8>) -> Place {
        output.append(&mut self.kept);
        Place::Field
    }

    /// The line that was kept is the first of the body.
    fn end_header(&mut self, output: &mut Vec<u8>) {
        self.put_missing(output);
        output.extend_from_slice(b"\r\n");
        output.append(&mut self.kept);
    }

    fn put_missing(&mut self, output: &mut Vec<u8>) {
        for missing in self.missing.drain(..) {
            output.extend_from_slice(&missing.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(message: &str) -> String {
        let whole = |cut: usize| {
            let (mut completion, mut output) = (Completion::new("NOW", "<id>"), Vec::new());
            for part in message.as_bytes().chunks(cut) {
                let before = output.len();
                completion.push(part, &mut output);
                assert!(output.len() - before <= part.len() + MORE);
            }
            completion.finish(&mut output);
            String::from_utf8(output).unwrap()
        };
        let outputs = [1, 2, 3, 7, 10_000].map(whole);
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
        outputs[0].clone()
    }

    const BOTH: &str = "Date: NOW\r\nMessage-ID: <id>\r\n";

    #[test]
    fn what_is_missing_is_put_at_the_end_of_the_header() {
        assert_eq!(
            completed("A: b\r\n c\r\n\r\nDate: x\r\n"),
            format!("A: b\r\n c\r\n{BOTH}\r\nDate: x\r\n")
        );
        assert_eq!(completed("DATE : x\r\nA: b\r\n\r\nx"), "DATE : x\r\nA: b\r\nMessage-ID: <id>\r\n\r\nx");
        assert_eq!(completed("message-id:x\r\n\r\n"), "message-id:x\r\nDate: NOW\r\n\r\n");
        assert_eq!(
            completed("X-Date: x\r\n\tDate: y\r\n\r\n"),
            format!("X-Date: x\r\n\tDate: y\r\n{BOTH}\r\n")
        );
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let whole = "Date: x\r\nMessage-Id: y\r\nBcc: z\r\n\r\nText\r\n\r\nMore\r\n";
        assert_eq!(completed(whole), whole);
    }

    #[test]
    fn a_header_without_its_end_gets_one() {
        assert_eq!(completed(""), BOTH);
        assert_eq!(completed("A: b\r\n"), format!("A: b\r\n{BOTH}"));
        assert_eq!(completed("A: b"), format!("A: b\r\n{BOTH}"));
        assert_eq!(completed("\r\ntext\r\n"), format!("{BOTH}\r\ntext\r\n"));
        for text in ["just text\r\n", " text\r\n", "Hello!\r\n", ": x\r\n", "wörd: x\r\n", "Hello"] {
            assert_eq!(completed(text), format!("{BOTH}\r\n{text}"), "{text}");
        }
        let long = format!("{}: x\r\n", "n".repeat(NAME + 1));
        assert_eq!(completed(&long), format!("{BOTH}\r\n{long}"));
    }
}
