//! Reads and runs a dialog script; `tests/dialogs/README.md` says what one looks like.

#![expect(clippy::string_slice, reason = "a script that is wrong in a place like that may fail by panic")]

use bulkhead_smtp::proto::{Failure, Outcome, Service, Settings, StartTls};
use listener::session::Farewell;

use crate::support::{Connection, Line, settings};

/// Runs the script with the client's bytes arriving `chunk` at a time. A panic names the line.
pub(crate) fn run(script: &str, chunk: usize) {
    let mut lines = script.lines().enumerate().map(|(at, line)| (at + 1, line)).peekable();
    let mut settings = settings();
    while let Some((_, line)) = lines.next_if(|(_, line)| is_remark(line) || line.starts_with("set ")) {
        if let Some(setting) = line.strip_prefix("set ") {
            set(&mut settings, setting);
        }
    }
    let mut run = Run { connection: Connection::new(settings), chunk, spoken: 0 };
    while let Some((at, line)) = lines.next() {
        if is_remark(line) {
            continue;
        }
        let (kind, text) = split(line);
        let mut block = vec![text.to_owned()];
        let together = |other: &str| {
            !is_remark(other)
                && matches!(kind.chars().next(), Some('C' | 'L' | 'M'))
                && other.starts_with(&kind[..1])
        };
        let mut kinds = vec![kind];
        while let Some((_, next)) = lines.next_if(|(_, next)| together(next)) {
            let (kind, text) = split(next);
            kinds.push(kind);
            block.push(text.to_owned());
        }
        run.perform(at, &kinds, &block);
    }
    run.all_heard(0);
}

struct Run {
    connection: Connection,
    chunk: usize,
    /// How much of the output the script has named.
    spoken: usize,
}

impl Run {
    fn perform(&mut self, at: usize, kinds: &[&str], block: &[String]) {
        let text = &block[0];
        match kinds[0].chars().next() {
            Some('C') => {
                self.all_heard(at);
                let bytes: Vec<u8> =
                    kinds.iter().zip(block).flat_map(|(kind, text)| wire(kind, text)).collect();
                assert_eq!(self.connection.line, Line::Open, "line {at}: the connection is not open");
                self.connection.send(&bytes, self.chunk);
            }
            Some('S') => (0..times(kinds[0])).for_each(|_| self.hear(at, text)),
            Some('T') => self.connection.secured(),
            Some('F') => self.connection.farewell(farewell(text)),
            Some('E') => {
                self.all_heard(at);
                assert_eq!(self.connection.line, Line::Closed, "line {at}: the connection is not closed");
            }
            Some('B') => self.trouble(text),
            Some('L') => assert_eq!(std::mem::take(&mut self.connection.backend.log), block, "line {at}"),
            Some('M') => {
                let stored = self.connection.backend.stored.last().expect("nothing was stored");
                let expected: Vec<u8> = block.iter().flat_map(|text| wire("M:", text)).collect();
                assert_eq!(printable(stored), printable(&expected), "line {at}");
            }
            other => panic!("line {at}: what is {other:?}?"),
        }
    }

    fn hear(&mut self, at: usize, expected: &str) {
        let rest = &self.connection.output[self.spoken..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let end = end.unwrap_or_else(|| panic!("line {at}: the server says nothing, not {expected:?}"));
        assert_eq!(String::from_utf8_lossy(&rest[..end]), expected, "line {at}, {} at a time", self.chunk);
        self.spoken += end + 2;
    }

    fn all_heard(&self, at: usize) {
        let rest = printable(&self.connection.output[self.spoken..]);
        assert!(rest.is_empty(), "before line {at}: the server said {rest}");
    }

    fn trouble(&mut self, text: &str) {
        let (kind, what) = text.split_once(' ').expect("a kind and a trouble");
        let kind =
            ["begin", "chunk", "commit"].into_iter().find(|name| *name == kind).expect("a kind of question");
        let outcome = match what {
            "temporary" => Outcome::Refused(Failure::Temporary),
            "full" => Outcome::Refused(Failure::Full),
            "sender" => Outcome::Refused(Failure::Sender),
            "much" => Outcome::Refused(Failure::TooMany),
            "ended" => Outcome::Refused(Failure::Ended),
            "unknown" if kind == "commit" => Outcome::Unknown,
            other => panic!("no such trouble: {other}"),
        };
        self.connection.backend.troubles.push((kind, outcome));
    }
}

fn is_remark(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn split(line: &str) -> (&str, &str) {
    let at = line.find([':', '~']).unwrap_or_else(|| panic!("no kind of line: {line}"));
    let text = &line[at + 1..];
    (&line[..=at], text.strip_prefix(' ').unwrap_or(text))
}

fn times(kind: &str) -> usize {
    match kind.trim_end_matches([':', '~']).split_once('*') {
        Some((_, count)) => count.parse().expect("a count"),
        None => 1,
    }
}

fn wire(kind: &str, text: &str) -> Vec<u8> {
    let mut bytes = unescape(text);
    if kind.ends_with(':') {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.repeat(times(kind))
}

fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (byte, length) = match rest.as_bytes()[at + 1] {
            b'r' => (b'\r', 2),
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'0' => (0, 2),
            b'\\' => (b'\\', 2),
            b'x' => (u8::from_str_radix(&rest[at + 2..at + 4], 16).expect("two hex digits"), 4),
            other => panic!("what is \\{}?", char::from(other)),
        };
        bytes.push(byte);
        rest = &rest[at + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\r\\n", "\\r\\n\n")
}

fn farewell(text: &str) -> Farewell {
    match text {
        "idle" => Farewell::Idle,
        "draining" => Farewell::Draining,
        "overlong" => Farewell::Overlong,
        "unavailable" => Farewell::Unavailable,
        other => panic!("no such farewell: {other}"),
    }
}

fn set(settings: &mut Settings, setting: &str) {
    match setting.split_once(' ').expect("a name and a value") {
        ("size", value) => settings.max_message_size = value.parse().expect("octets"),
        ("recipients", value) => settings.max_recipients = value.parse().expect("a count"),
        ("transactions", value) => settings.max_transactions = value.parse().expect("a count"),
        ("service", "submission") => settings.service = Service::Submission,
        ("service", "lmtp") => settings.service = Service::Lmtp,
        ("starttls", "absent") => settings.starttls = StartTls::Absent,
        (name, _) => panic!("no such setting: {name}"),
    }
}
