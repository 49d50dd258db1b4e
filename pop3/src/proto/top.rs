//! The first lines of a message, RFC 1939 section 7: "the headers of the message, the blank line separating the headers
//! from the body, and then the number of lines of the indicated message's body".

/// Cuts a message that comes piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    /// In the header.
    Header {
        /// What has been seen of the present line.
        line: Line,
        /// Lines of the body that are wanted.
        lines: u32,
    },
    /// In the body, with so many lines still wanted.
    Body(u32),
}

/// What has been seen of a line of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing but perhaps a CR.
    Empty,
    Text,
}

impl Top {
    pub(super) fn new(lines: u32) -> Self {
        Top::Header { line: Line::Empty, lines }
    }

    /// Is everything there that was wanted?
    pub(super) fn is_complete(self) -> bool {
        self == Top::Body(0)
    }

    /// The front of the bytes, as far as it is wanted.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut count = 0_usize;
        for byte in bytes {
            if self.is_complete() {
                break;
            }
            count = count.saturating_add(1);
            *self = match (*self, byte) {
                (Top::Header { line: Line::Empty, lines }, b'\n') => Top::Body(lines),
                (Top::Header { line: Line::Empty, .. }, b'\r') => *self,
                (Top::Header { lines, .. }, b'\n') => Top::Header { line: Line::Empty, lines },
                (Top::Header { lines, .. }, _) => Top::Header { line: Line::Text, lines },
                (Top::Body(lines), b'\n') => Top::Body(lines.saturating_sub(1)),
                (Top::Body(_), _) => *self,
            };
        }
        bytes.get(..count).unwrap_or(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(message: &[u8], lines: u32, chunk: usize) -> Vec<u8> {
        let mut top = Top::new(lines);
        message.chunks(chunk).flat_map(|piece| top.take(piece).to_vec()).collect()
    }

    #[test]
    fn the_header_and_so_many_lines() {
        let message = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\nfour";
        for (lines, end) in [(0, 14), (1, 19), (2, 21), (3, 28), (4, 32), (u32::MAX, 32)] {
            for chunk in [1, 2, 5, 100] {
                assert_eq!(top(message, lines, chunk), message[..end], "{lines} by {chunk}");
            }
        }
    }

    #[test]
    fn a_message_without_a_header_or_without_an_end_of_it() {
        assert_eq!(top(b"\r\none\r\ntwo\r\n", 1, 3), b"\r\none\r\n");
        assert_eq!(top(b"A: 1\r\nB: 2\r\n", 0, 3), b"A: 1\r\nB: 2\r\n");
        assert_eq!(top(b"A: 1\n\none\ntwo\n", 1, 3), b"A: 1\n\none\n");
        assert_eq!(top(b"", 1, 3), b"");
    }
}
