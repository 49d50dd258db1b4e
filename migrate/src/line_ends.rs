//! Line ends: mail on the wire and in the store has CRLF (RFC 5322 section 2.3), files have LF.

/// Makes every line end CRLF, piece by piece.
///
/// A CRLF stays what it is. A CR that no LF follows stays too: what is not a line end is not made one.
#[derive(Debug, Default)]
pub struct ToCrlf {
    after_cr: bool,
}

impl ToCrlf {
    /// Appends a piece to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut lines = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            out.extend_from_slice(line);
            if let Some(last) = line.last() {
                self.after_cr = *last == b'\r';
            }
            if lines.peek().is_some() {
                if !self.after_cr {
                    out.push(b'\r');
                }
                out.push(b'\n');
                self.after_cr = false;
            }
        }
    }
}

/// The bytes with LF for every CRLF.
#[must_use]
pub fn to_lf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let ended = lines.peek().is_some();
        out.extend_from_slice(line.strip_suffix(b"\r").filter(|_| ended).unwrap_or(line));
        if ended {
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to_crlf(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut ends, mut out) = (ToCrlf::default(), Vec::new());
        for piece in pieces {
            ends.push(piece, &mut out);
        }
        out
    }

    #[test]
    fn line_ends_become_crlf_once() {
        assert_eq!(to_crlf(&[b"a\nb\r\nc"]), b"a\r\nb\r\nc");
        assert_eq!(to_crlf(&[b"a\r", b"\nb"]), b"a\r\nb");
        assert_eq!(to_crlf(&[b"a\r", b"", b"\n\n"]), b"a\r\n\r\n");
        assert_eq!(to_crlf(&[b"a\rb\n"]), b"a\rb\r\n");
        assert_eq!(to_lf(b"a\r\n\r\nb\rc\r"), b"a\n\nb\rc\r");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab\r\n]{0,40}", cut in 0_usize..40) {
            let cut = cut.min(text.len());
            let (one, two) = text.as_bytes().split_at(cut);
            prop_assert_eq!(to_crlf(&[one, two]), to_crlf(&[text.as_bytes()]));
        }

        #[test]
        fn a_file_with_lf_comes_back(text in "[ab\n]{0,40}") {
            prop_assert_eq!(to_lf(&to_crlf(&[text.as_bytes()])), text.as_bytes());
        }
    }
}
