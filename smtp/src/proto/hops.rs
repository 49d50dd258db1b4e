//! Counts the `Received` fields of a message that streams by, to find mail that goes round in circles.

use super::limits::MAX_HOPS;

const FIELD: &[u8] = b"received:";

/// RFC 5321 section 6.3: "Simple counting of the number of "Received:" header fields in a message has proven to be an
/// effective, although rarely optimal, method of detecting loops in mail systems."
#[derive(Debug)]
pub(super) struct Hops {
    place: Place,
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the header, behind so many characters of a line that could be a `Received` field.
    Name(usize),
    /// In the header, in a line that is counted or doesn't matter.
    Line,
    /// Behind the empty line.
    Body,
}

impl Default for Hops {
    fn default() -> Self {
        Hops { place: Place::Name(0), count: 0 }
    }
}

impl Hops {
    /// Looks at the next bytes of the message, which has CRLF line ends only.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            match self.place {
                Place::Body => return,
                Place::Line => {
                    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
                    rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
                    self.place = Place::Name(0);
                }
                Place::Name(matched) => {
                    self.place = self.name(matched, *byte);
                    rest = after;
                }
            }
        }
    }

    fn name(&mut self, matched: usize, byte: u8) -> Place {
        match FIELD.get(matched) {
            // the CR of an empty line is passed over: its LF then stands where a field's first character would
            _ if byte == b'\r' && matched == 0 => Place::Name(0),
            _ if byte == b'\n' && matched == 0 => Place::Body,
            Some(expected) if expected.eq_ignore_ascii_case(&byte) => self.matched(matched.saturating_add(1)),
            _ if byte == b'\n' => Place::Name(0),
            _ => Place::Line,
        }
    }

    fn matched(&mut self, matched: usize) -> Place {
        if matched < FIELD.len() {
            return Place::Name(matched);
        }
        self.count = self.count.saturating_add(1);
        Place::Line
    }

    /// Has the message been on its way for too long?
    pub(super) fn too_many(&self) -> bool {
        self.count > MAX_HOPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(message: &str) -> u32 {
        let mut counts = [1, 2, 5, usize::MAX].map(|chunk| {
            let mut hops = Hops::default();
            message.as_bytes().chunks(chunk.min(message.len())).for_each(|part| hops.push(part));
            hops.count
        });
        counts.sort_unstable();
        assert_eq!(counts.first(), counts.last(), "chunking matters");
        counts[0]
    }

    #[test]
    fn only_received_fields_of_the_header_count() {
        assert_eq!(count("Received: a\r\nRECEIVED: b\r\n c\r\nreceived:\r\n\r\nReceived: no\r\n"), 3);
        assert_eq!(count("Received\r\nReceived-SPF: x\r\nX-Received: y\r\n Received: z\r\n"), 0);
        assert_eq!(count("\r\nReceived: body\r\n"), 0);
        assert_eq!(count("Subject: x\r\n\r\nReceived: body\r\n"), 0);
        assert_eq!(count("Rec\r\nReceived: a\r\n"), 1);
    }

    #[test]
    fn the_limit_is_exact() {
        let mut hops = Hops::default();
        (0..MAX_HOPS).for_each(|_| hops.push(b"Received: x\r\n"));
        assert!(!hops.too_many());
        hops.push(b"Received: x\r\n");
        assert!(hops.too_many());
    }
}
