//! The text of a part as its reader sees it: the transfer encoding undone (RFC 2045 section 6), all of it UTF-8.

mod transfer;

#[cfg(test)]
mod tests;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::structure::{Kind, Part};
use transfer::Transfer;

/// Decodes the body of one part as it streams by, however it is cut into pieces. Mistakes are passed over: octets that
/// are nothing in the character set become U+FFFD.
#[derive(Debug)]
pub struct TextDecoder {
    transfer: Transfer,
    charset: Decoder,
}

impl TextDecoder {
    /// For the body of this part; `None` when it is no text.
    ///
    /// Text is what has the media type `text`, and the reports of mail systems (`message/delivery-status` and its like).
    /// Without a character set, or in one that is unknown, it is taken for UTF-8, which US-ASCII is part of.
    #[must_use]
    pub fn of(part: &Part) -> Option<Self> {
        let is_text = part.media_type.eq_ignore_case("text") || part.media_type.eq_ignore_case("message");
        if part.kind != Kind::Leaf || !is_text {
            return None;
        }
        let transfer = part.encoding.as_ref().map_or(Transfer::Identity, |name| Transfer::named(name));
        let charset = part.params.iter().find(|param| param.name.eq_ignore_case("charset"));
        let charset = charset.map_or(UTF_8, |param| charset_named(&param.value));
        Some(TextDecoder { transfer, charset: charset.new_decoder_with_bom_removal() })
    }

    /// The text in the next octets of the body, as far as its characters are whole; at most three octets for each of these.
    #[must_use]
    pub fn push(&mut self, octets: &[u8]) -> String {
        let octets = self.transfer.decode(octets);
        self.text(&octets, Piece::Next)
    }

    /// What is left at the end.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text(&[], Piece::Last)
    }

    fn text(&mut self, mut octets: &[u8], piece: Piece) -> String {
        let most = self.charset.max_utf8_buffer_length(octets.len()).unwrap_or_default();
        let mut text = String::with_capacity(most);
        loop {
            let (outcome, read, _) = self.charset.decode_to_string(octets, &mut text, piece == Piece::Last);
            if outcome == CoderResult::InputEmpty {
                return text;
            }
            octets = octets.get(read..).unwrap_or_default();
            text.reserve(octets.len().max(16));
        }
    }
}

/// Does more follow?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Next,
    Last,
}

/// Many that say US-ASCII send UTF-8.
fn charset_named(name: &[u8]) -> &'static Encoding {
    match Encoding::for_label_no_replacement(name) {
        Some(charset) if !name.trim_ascii().eq_ignore_ascii_case(b"us-ascii") => charset,
        _ => UTF_8,
    }
}
