//! The announcement of a literal at the end of a line, RFC 3501 section 4.3 and RFC 7888.

/// Does the client wait to be asked for a literal?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// `{n}`: it sends the octets after a continuation request, and does not send them after a tagged response.
    Synchronizing,
    /// `{n+}`: the octets follow, whatever the server thinks of it.
    NonSynchronizing,
}

/// `{n}` or `{n+}` before the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Where in the line the brace opens.
    pub(super) start: usize,
    /// Octets announced; a number that does not fit is the largest that does.
    pub(super) size: u64,
    /// Does the client wait?
    pub(super) kind: LiteralKind,
}

impl Header {
    /// The header that ends `line`, which ends in LF or CRLF.
    pub(super) fn at_end_of(line: &[u8]) -> Option<Self> {
        let line = without_line_end(line)?.strip_suffix(b"}")?;
        let (line, kind) = match line.strip_suffix(b"+") {
            Some(line) => (line, LiteralKind::NonSynchronizing),
            None => (line, LiteralKind::Synchronizing),
        };
        let brace = line.iter().rposition(|byte| *byte == b'{')?;
        let digits = line.get(brace.saturating_add(1)..).filter(|digits| !digits.is_empty())?;
        let size = digits.iter().try_fold(0_u64, |size, byte| {
            let digit = char::from(*byte).to_digit(10)?;
            Some(size.saturating_mul(10).saturating_add(digit.into()))
        })?;
        Some(Header { start: brace, size, kind })
    }
}

/// The line without its CRLF or LF, if it has one.
pub(super) fn without_line_end(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        use LiteralKind::{NonSynchronizing, Synchronizing};
        for (line, want) in [
            ("a LOGIN {11}\r\n", Some((8, 11, Synchronizing))),
            ("a LOGIN {11+}\n", Some((8, 11, NonSynchronizing))),
            ("{0}\r\n", Some((0, 0, Synchronizing))),
            ("{007}\r\n", Some((0, 7, Synchronizing))),
            ("~{5}\r\n", Some((1, 5, Synchronizing))),
            ("{4294967296}\r\n", Some((0, 4_294_967_296, Synchronizing))),
            ("{99999999999999999999999+}\r\n", Some((0, u64::MAX, NonSynchronizing))),
            ("{5}", None),
            ("{5} \r\n", None),
            ("{}\r\n", None),
            ("{+}\r\n", None),
            ("{5-}\r\n", None),
            ("{ 5}\r\n", None),
            ("5}\r\n", None),
            ("\"{5}\"\r\n", None),
        ] {
            let got =
                Header::at_end_of(line.as_bytes()).map(|header| (header.start, header.size, header.kind));
            assert_eq!(got, want, "{line:?}");
        }
    }
}
