//! The line being read: only what can matter of it is kept.

use crate::limits::MAX_BOUNDARY;

/// `--`, the boundary, `--`.
const HEAD: usize = MAX_BOUNDARY + 4;

/// A line that may not be complete.
#[derive(Debug, Default)]
pub(crate) struct Line {
    len: u64,
    /// The first bytes, if the line begins with a hyphen: only such a line can be a boundary.
    head: Vec<u8>,
    beyond: Beyond,
    last: Option<u8>,
}

/// What stands behind the bytes that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Beyond {
    #[default]
    Blank,
    Other,
}

/// What a boundary line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// Another part begins.
    Open,
    /// No more parts.
    Close,
}

impl Line {
    /// More bytes of the line, its LF not among them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if self.len == 0 && bytes.first() != Some(&b'-') {
            self.beyond = Beyond::Other;
        }
        if self.len == 0 || !self.head.is_empty() {
            self.keep(bytes);
        }
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.last = Some(*last);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.beyond == Beyond::Other {
            return;
        }
        let (head, beyond) = bytes.split_at(bytes.len().min(HEAD.saturating_sub(self.head.len())));
        self.head.extend_from_slice(head);
        if !beyond.iter().all(|byte| is_blank(*byte)) {
            self.beyond = Beyond::Other;
        }
    }

    /// Forgets the line, for the next one; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.head.clear();
        self.beyond = Beyond::Blank;
        self.last = None;
    }

    /// How long its line end is, once its LF was seen: CRLF or a bare LF.
    pub(crate) fn end_len(&self) -> u64 {
        if self.last == Some(b'\r') { 2 } else { 1 }
    }

    /// Does nothing stand before the line end?
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0 || (self.len == 1 && self.last == Some(b'\r'))
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.head.capacity()
    }

    /// Could the line be a boundary at all?
    pub(crate) fn is_candidate(&self) -> bool {
        self.beyond == Beyond::Blank && self.head.starts_with(b"--")
    }

    /// Is it the boundary line of a multipart (RFC 2046 section 5.1.1)? White space may follow; anything else makes it
    /// a line of text.
    pub(crate) fn delimiter(&self, boundary: &[u8]) -> Option<Delimiter> {
        if !self.is_candidate() {
            return None;
        }
        let rest = self.head.strip_prefix(b"--")?.strip_prefix(boundary)?;
        let end = rest.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |at| at.saturating_add(1));
        match rest.get(..end)? {
            [] => Some(Delimiter::Open),
            b"--" => Some(Delimiter::Close),
            _ => None,
        }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(pieces: &[&[u8]]) -> Option<Delimiter> {
        let mut line = Line::default();
        pieces.iter().for_each(|piece| line.feed(piece));
        line.delimiter(b"b")
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter(&[b"--b"]), Some(Delimiter::Open));
        assert_eq!(delimiter(&[b"-", b"-b \t\r"]), Some(Delimiter::Open));
        assert_eq!(delimiter(&[b"--b-", b"- "]), Some(Delimiter::Close));
        assert_eq!(delimiter(&[b"--bc"]), None);
        assert_eq!(delimiter(&[b"--b-"]), None);
        assert_eq!(delimiter(&[b" --b"]), None);
        assert_eq!(delimiter(&[b"x", b"--b"]), None);
    }

    #[test]
    fn white_space_may_go_on_for_ever_and_is_not_kept() {
        let blanks = [b' '; 10_000];
        assert_eq!(delimiter(&[b"--b", &blanks]), Some(Delimiter::Open));
        assert_eq!(delimiter(&[b"--b", &blanks, b"x"]), None);
        let mut line = Line::default();
        line.feed(b"--b");
        (0..1000).for_each(|_| line.feed(&blanks));
        assert_eq!(line.head.len(), HEAD);
    }

    #[test]
    fn line_ends() {
        let mut line = Line::default();
        assert!(line.is_empty());
        line.feed(b"\r");
        assert!(line.is_empty());
        assert_eq!(line.end_len(), 2);
        line.feed(b"\r");
        assert!(!line.is_empty());
    }
}
