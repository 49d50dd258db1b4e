//! The fields of a raw header block (RFC 5322 section 2.2), for readers that have its bytes.

/// One field, as it stands in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, without the colon or white space in front of it.
    pub name: &'a [u8],
    /// Everything behind the colon, folded as it is, without the last line end.
    pub value: &'a [u8],
    /// The whole field, its last line end included.
    pub raw: &'a [u8],
}

/// Which fields to pick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Those that are named (`HEADER.FIELDS`).
    Named,
    /// All others (`HEADER.FIELDS.NOT`).
    Others,
}

/// The fields of a header block, as far as the blank line or the end. Lines that belong to no field are passed over.
pub fn fields(block: &[u8]) -> impl Iterator<Item = Field<'_>> {
    Fields { rest: block }
}

/// The first field of this name, in any case.
#[must_use]
pub fn find<'a>(block: &'a [u8], name: &[u8]) -> Option<Field<'a>> {
    fields(block).find(|field| field.is_named(name))
}

/// A header of some of the fields, unchanged and in order, for `HEADER.FIELDS` and `HEADER.FIELDS.NOT`. The blank line
/// follows unless the block has none (RFC 9051 section 6.4.5.1).
#[must_use]
pub fn pick<N: AsRef<[u8]>>(block: &[u8], names: &[N], pick: Pick) -> Vec<u8> {
    // both a header and a list of names can be long
    let mut names: Vec<Vec<u8>> = names.iter().map(|name| name.as_ref().to_ascii_lowercase()).collect();
    names.sort_unstable();
    let mut picked = Vec::new();
    let mut all = Fields { rest: block };
    for field in all.by_ref() {
        let lower = || field.name.iter().map(u8::to_ascii_lowercase);
        let named = names.binary_search_by(|name| name.iter().copied().cmp(lower())).is_ok();
        if named == (pick == Pick::Named) {
            picked.extend_from_slice(field.raw);
        }
    }
    if is_blank(first_line(all.rest)) {
        picked.extend_from_slice(first_line(all.rest));
    }
    picked
}

impl Field<'_> {
    /// Is this the field's name, in any case?
    #[must_use]
    pub fn is_named(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value on one line, without the white space around it: line ends are gone, the white space behind them stays
    /// (RFC 5322 section 2.2.3).
    #[must_use]
    pub fn unfolded(&self) -> Vec<u8> {
        let lines = self.value.split(|byte| *byte == b'\n');
        let line: Vec<u8> =
            lines.flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line)).copied().collect();
        line.trim_ascii().to_vec()
    }
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let first = first_line(self.rest);
            if first.is_empty() || is_blank(first) {
                return None;
            }
            let mut end = first.len();
            while let Some([b' ' | b'\t', ..]) = self.rest.get(end..) {
                end = end.saturating_add(first_line(self.rest.get(end..)?).len());
            }
            let (raw, rest) = self.rest.split_at(end);
            self.rest = rest;
            if let Some(field) = split(raw, first.len()) {
                return Some(field);
            }
        }
    }
}

/// Splits a field at its colon, which is in its first line.
fn split(raw: &[u8], first_line: usize) -> Option<Field<'_>> {
    let colon = raw.get(..first_line)?.iter().position(|byte| *byte == b':')?;
    let name = raw.get(..colon)?.trim_ascii_end();
    if name.is_empty() {
        return None;
    }
    #[cfg(feature = "planted-panic")]
    crate::planted::step_on(name);
    let value = raw.get(colon.saturating_add(1)..)?;
    let value = value.strip_suffix(b"\n").map_or(value, |value| value.strip_suffix(b"\r").unwrap_or(value));
    Some(Field { name, value, raw })
}

/// The first line, its end included.
fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"From: a\r\nSubject : one\r\n two\r\n\tthree \r\nnonsense\r\n more\r\nfrom: b\nX:\r\n\r\nBody: no\r\n";

    #[test]
    fn fields_end_at_the_blank_line() {
        let names: Vec<_> =
            fields(BLOCK).map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["From", "Subject", "from", "X"]);
        assert_eq!(find(b"Body: yes", b"BODY").unwrap().unfolded(), b"yes");
        assert!(find(BLOCK, b"body").is_none());
    }

    #[test]
    fn a_value_is_unfolded() {
        let field = find(BLOCK, b"SUBJECT").unwrap();
        assert_eq!(field.value, b" one\r\n two\r\n\tthree ");
        assert_eq!(field.raw, b"Subject : one\r\n two\r\n\tthree \r\n");
        assert_eq!(field.unfolded(), b"one two\tthree");
        assert_eq!(find(BLOCK, b"x").unwrap().unfolded(), b"");
    }

    #[test]
    fn picked_fields_keep_their_bytes_and_the_blank_line() {
        assert_eq!(pick(BLOCK, &["FROM"], Pick::Named), b"From: a\r\nfrom: b\n\r\n");
        assert_eq!(pick(BLOCK, &["from", "subject"], Pick::Others), b"X:\r\n\r\n");
        assert_eq!(pick(BLOCK, &["absent"], Pick::Named), b"\r\n");
        assert_eq!(pick(b"A: 1\r\nB: 2", &["b"], Pick::Named), b"B: 2");
        assert_eq!(pick(b"A: 1\n\n", &["b"], Pick::Named), b"\n");
    }

    #[test]
    fn odd_blocks() {
        assert_eq!(fields(b"").count(), 0);
        assert_eq!(fields(b" folded at the start: 1\r\nA: 1").count(), 2);
        assert_eq!(fields(b": nameless\r\n").count(), 0);
    }
}
