//! The character classes of RFC 3501 section 9.

/// ATOM-CHAR: no controls, no 8-bit, none of `( ) { SP % * " \ ]`.
pub(super) fn is_atom(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// ASTRING-CHAR, and any 8-bit: clients send UTF-8 unquoted, and what it says is checked where it is used.
pub(super) fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']' || !byte.is_ascii()
}

/// list-char: an ASTRING-CHAR or a wildcard.
pub(super) fn is_list(byte: u8) -> bool {
    is_astring(byte) || matches!(byte, b'%' | b'*')
}

/// A character of a tag.
pub(super) fn is_tag(byte: u8) -> bool {
    (is_atom(byte) || byte == b']') && byte != b'+'
}
