//! The transparency of multi-line replies, RFC 1939 section 3: a line that begins with a dot gets another.

/// Passes a message on, piece by piece.
///
/// A dot behind a LF is doubled even where no CR is before the LF: a client that sees a line there would otherwise take
/// what follows for the end. Stored mail has such lines only where its owner brought them in by IMAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stuffing {
    /// Behind CRLF, or at the very beginning.
    #[default]
    Line,
    /// Behind a LF without CR.
    BareLine,
    /// Behind a CR.
    Cr,
    /// Behind anything else.
    Text,
}

impl Stuffing {
    /// Appends the bytes, dots doubled.
    pub(super) fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if matches!(self, Stuffing::Line | Stuffing::BareLine) && line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            *self = match line {
                [.., b'\r', b'\n'] => Stuffing::Line,
                [b'\n'] if *self == Stuffing::Cr => Stuffing::Line,
                [.., b'\n'] => Stuffing::BareLine,
                [.., b'\r'] => Stuffing::Cr,
                _ => Stuffing::Text,
            };
        }
    }

    /// Appends the end of the reply, on a line of its own.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self != Stuffing::Line {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(message: &[u8], chunk: usize) -> Vec<u8> {
        let (mut stuffing, mut out) = (Stuffing::default(), Vec::new());
        for piece in message.chunks(chunk) {
            stuffing.pass(piece, &mut out);
        }
        stuffing.end(&mut out);
        out
    }

    #[test]
    fn dots_are_doubled_and_the_end_stands_alone() {
        for (message, sent) in [
            (&b""[..], &b".\r\n"[..]),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"a.\r\n.b\r\n..\r\n", b"a.\r\n..b\r\n...\r\n.\r\n"),
            (b"a\n.\r\nb\r\n", b"a\n..\r\nb\r\n.\r\n"),
            (b"a\n", b"a\n\r\n.\r\n"),
            (b"a\r", b"a\r\r\n.\r\n"),
            (b"a\r.\r\n", b"a\r.\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
        ] {
            for chunk in [1, 2, 3, 100] {
                assert_eq!(stuffed(message, chunk), sent, "{} by {chunk}", message.escape_ascii());
            }
        }
    }
}
