//! Command lines out of the input, with strict line ends.

use listener::session::{Input, NoLine};

use super::limits::SKIPPED_LINE;

/// What the input holds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A whole line, without its CRLF, and without CR or LF in it.
    Command(Vec<u8>),
    /// Wait for more.
    Incomplete,
    /// A line that was too long has been skipped.
    TooLong,
    /// A CR or LF that is not half of a CRLF: whoever sends that sees other lines than we do. No more is to be read.
    BareLineEnd,
    /// There was no end of the line within reason. No more is to be read.
    Endless,
}

/// Takes command lines off the input.
#[derive(Debug, Default)]
pub(super) enum LineReader {
    /// At the start of a line.
    #[default]
    Start,
    /// Inside a line that is too long.
    Skipping {
        /// Bytes gone so far.
        skipped: usize,
        /// The last of them.
        last: u8,
    },
}

impl LineReader {
    /// The next line, which has `limit` octets at most with its CRLF.
    pub(super) fn next(&mut self, input: &mut Input, limit: usize) -> Line {
        match std::mem::take(self) {
            LineReader::Start => match input.take_line(limit) {
                Ok(line) => whole(line),
                Err(NoLine::Incomplete) => Line::Incomplete,
                Err(NoLine::TooLong) => self.skip(input, 0, 0),
            },
            LineReader::Skipping { skipped, last } => self.skip(input, skipped, last),
        }
    }

    fn skip(&mut self, input: &mut Input, skipped: usize, last: u8) -> Line {
        let room = SKIPPED_LINE.saturating_sub(skipped);
        let bytes = input.bytes();
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let gone = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let last = gone.last().copied().unwrap_or(last);
        let count = gone.len();
        if end.is_some() {
            input.consume(count.saturating_add(1));
            return if last == b'\r' { Line::TooLong } else { Line::BareLineEnd };
        }
        input.consume(count);
        if count == room {
            return Line::Endless;
        }
        *self = LineReader::Skipping { skipped: skipped.saturating_add(count), last };
        Line::Incomplete
    }
}

/// RFC 5321 section 2.3.8: "Conforming implementations MUST NOT recognize or generate any other character or character
/// sequence as a line terminator."
fn whole(mut line: Vec<u8>) -> Line {
    if !line.ends_with(b"\r\n") {
        return Line::BareLineEnd;
    }
    line.truncate(line.len().saturating_sub(2));
    if line.contains(&b'\r') { Line::BareLineEnd } else { Line::Command(line) }
}

#[cfg(test)]
mod tests {
    use super::super::limits::COMMAND_LINE;
    use super::*;

    fn lines(bytes: &[u8], chunk: usize) -> Vec<Line> {
        let (mut reader, mut input, mut lines) = (LineReader::default(), Input::default(), Vec::new());
        for part in bytes.chunks(chunk) {
            input.push(part);
            loop {
                match reader.next(&mut input, COMMAND_LINE) {
                    Line::Incomplete => break,
                    end @ (Line::BareLineEnd | Line::Endless) => {
                        lines.push(end);
                        return lines;
                    }
                    line => lines.push(line),
                }
            }
        }
        lines
    }

    fn long(count: usize, end: &str) -> Vec<u8> {
        let mut line = vec![b'x'; count];
        line.extend_from_slice(end.as_bytes());
        line
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        for chunk in [1, 7, 100_000] {
            let just = long(COMMAND_LINE - 2, "\r\n");
            assert_eq!(lines(&just, chunk), [Line::Command(vec![b'x'; COMMAND_LINE - 2])]);
            let mut over = long(COMMAND_LINE - 1, "\r\n");
            over.extend_from_slice(b"NOOP\r\n");
            assert_eq!(lines(&over, chunk), [Line::TooLong, Line::Command(b"NOOP".to_vec())]);
        }
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        for chunk in [1, 1000, 1 << 20] {
            assert_eq!(lines(&vec![b'x'; SKIPPED_LINE], chunk), [Line::Endless]);
            assert_eq!(lines(&vec![b'x'; SKIPPED_LINE - 1], chunk), []);
        }
    }

    #[test]
    fn bare_line_ends_are_found() {
        for chunk in [1, 3, 100_000] {
            for bytes in [&b"NOOP\n"[..], b"NO\rOP\r\n", b"NOOP\r\r\n", b"\n", b"\r\r\n"] {
                assert_eq!(lines(bytes, chunk), [Line::BareLineEnd], "{bytes:?}");
            }
            assert_eq!(lines(&long(2000, "\n"), chunk), [Line::BareLineEnd]);
        }
    }
}
