//! The text of a header field as its reader sees it: encoded words decoded (RFC 2047, with the language of RFC 2231
//! section 5), all of it UTF-8.
//!
//! Lenient where mail is: an encoded word counts wherever it stands, in a quoted string or without white space around it,
//! may hold spaces, and its mistakes are passed over.

mod transfer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, WINDOWS_1252};
use transfer::Transfer;
pub(crate) use transfer::{Base64, hexadecimal};

/// Decodes an unfolded field value: at most three octets for each of the value.
///
/// What is no encoded word, or one in an unknown character set or encoding, stays as it is; octets above 127 there are
/// UTF-8 if they can be, else windows-1252. White space between two encoded words is none (RFC 2047 section 6.2), and
/// characters that were cut in two between them are whole again. The text may hold any character, line ends too: it is to
/// be shown or compared, not to be put into a header.
#[must_use]
pub fn decode(value: &[u8]) -> Cow<'_, str> {
    let mut text = Text::default();
    let mut plain = value;
    let mut ahead = value;
    while let Some(start) = ahead.windows(2).position(|pair| pair == b"=?") {
        ahead = ahead.get(start..).unwrap_or_default();
        let Some((word, rest)) = Word::parse(ahead) else {
            ahead = ahead.get(2..).unwrap_or_default();
            continue;
        };
        let before = plain.len().saturating_sub(ahead.len());
        text.between(plain.get(..before).unwrap_or_default());
        text.word(&word);
        plain = rest;
        ahead = rest;
    }
    if plain.len() == value.len() {
        return decode_plain(value);
    }
    text.finish(plain)
}

/// An encoded word, RFC 2047 section 2.
struct Word<'a> {
    charset: &'static Encoding,
    transfer: Transfer,
    text: &'a [u8],
}

impl<'a> Word<'a> {
    /// `"=?" charset "?" encoding "?" encoded-text "?="` at the beginning, and what is behind it. Never looks further than
    /// the fourth question mark, so that to try at each takes a time in proportion to all of them.
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (charset, bytes) = up_to_mark(bytes.strip_prefix(b"=?")?)?;
        let (transfer, bytes) = up_to_mark(bytes)?;
        let transfer = Transfer::named(transfer)?;
        let (text, bytes) = up_to_mark(bytes)?;
        let rest = bytes.strip_prefix(b"=")?;
        let name = charset.split(|byte| *byte == b'*').next()?;
        Some((Word { charset: Encoding::for_label_no_replacement(name)?, transfer, text }, rest))
    }
}

/// What is before the next question mark, and behind it.
fn up_to_mark(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mark = bytes.iter().position(|byte| *byte == b'?')?;
    Some((bytes.get(..mark)?, bytes.get(mark.saturating_add(1)..)?))
}

/// Text in the making.
#[derive(Default)]
struct Text {
    decoded: String,
    /// The octets of the last words in a row, which are of one character set.
    open: Option<(&'static Encoding, Vec<u8>)>,
}

impl Text {
    /// What stands before a word.
    fn between(&mut self, plain: &[u8]) {
        let is_gap = plain.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        if !(is_gap && self.open.is_some()) {
            self.close();
            self.decoded.push_str(&decode_plain(plain));
        }
    }

    fn word(&mut self, word: &Word<'_>) {
        // ISO-2022-JP switches back to ASCII at the end of each word, and a decoder takes a switch behind a switch for a mistake
        let goes_on = |charset: &'static Encoding| charset == word.charset && charset != ISO_2022_JP;
        if !self.open.as_ref().is_some_and(|(charset, _)| goes_on(charset)) {
            self.close();
        }
        let (_, octets) = self.open.get_or_insert_with(|| (word.charset, Vec::new()));
        octets.extend(word.transfer.decode(word.text));
    }

    fn close(&mut self) {
        if let Some((charset, octets)) = self.open.take() {
            self.decoded.push_str(&charset.decode_with_bom_removal(&octets).0);
        }
    }

    /// With what stands behind the last word.
    fn finish<'a>(mut self, plain: &[u8]) -> Cow<'a, str> {
        self.close();
        self.decoded.push_str(&decode_plain(plain));
        Cow::Owned(self.decoded)
    }
}

fn decode_plain(octets: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(octets).0,
    }
}
