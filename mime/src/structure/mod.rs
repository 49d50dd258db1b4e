//! The structure of a message: what it consists of, where each part lies, what its headers say.

mod capped;
mod check;
mod envelope;
mod section;
mod text;
mod weight;

use serde::{Deserialize, Serialize};

pub use check::Bad;
pub use envelope::{Address, Envelope};
pub use section::Section;
pub use text::Text;
pub(crate) use weight::{Budget, ENVELOPE_WEIGHT, PART_WEIGHT, Weigh};

use crate::limits::{MAX_LANGUAGES, MAX_PARAMS, MAX_PARTS};

/// A run of bytes of the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte, from the start of the message.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

impl Span {
    /// From `start` up to `end`; empty when they are the wrong way round.
    #[must_use]
    pub const fn between(start: u64, end: u64) -> Self {
        Span { offset: start, len: end.saturating_sub(start) }
    }

    /// The offset behind the last byte. Saturates: a span that passed [`Structure::check`] never does.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.offset.saturating_add(self.len)
    }
}

/// What a part can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// No parts.
    Leaf,
    /// One or more parts; the media type is `multipart`.
    Multipart,
    /// Exactly one message; the media type is `message/rfc822` or `message/global`.
    Message,
}

/// A parameter of `Content-Type` or `Content-Disposition`, as written but for quoting: RFC 2231 pieces stay pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// The attribute, a token.
    pub name: Text,
    /// The value, out of its quotes.
    pub value: Text,
}

/// `Content-Disposition` (RFC 2183).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// `inline`, `attachment` or another token.
    pub kind: Text,
    /// Its parameters.
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_PARAMS>")]
    pub params: Vec<Param>,
}

/// One part, the message itself included.
///
/// The media type is the one to report: a multipart without boundary or without parts is `text/plain`, a container
/// that was not opened (too deep, too many, or a transfer-encoded `message/rfc822`) is `application/octet-stream`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How deep it lies: 0 for the message, its parent's and one more for any other.
    pub depth: u16,
    /// What it contains.
    pub kind: Kind,
    /// The header block, the blank line behind it included when there is one.
    pub header: Span,
    /// The body, which begins where the header ends. The line end before a boundary belongs to the boundary.
    pub body: Span,
    /// Line ends in the body.
    pub lines: u64,
    /// The media type, a token in the sender's case; `text` without a usable `Content-Type`.
    pub media_type: Text,
    /// The media subtype, a token in the sender's case.
    pub media_subtype: Text,
    /// The parameters of the media type.
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_PARAMS>")]
    pub params: Vec<Param>,
    /// `Content-ID`.
    pub id: Option<Text>,
    /// `Content-Description`.
    pub description: Option<Text>,
    /// `Content-Transfer-Encoding`; 7bit without one.
    pub encoding: Option<Text>,
    /// `Content-MD5`.
    pub md5: Option<Text>,
    /// `Content-Disposition`.
    pub disposition: Option<Disposition>,
    /// `Content-Language`, a tag each.
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_LANGUAGES>")]
    pub languages: Vec<Text>,
    /// `Content-Location`.
    pub location: Option<Text>,
    /// The envelope, of a message: the root, and what a `message/rfc822` part contains.
    pub envelope: Option<Box<Envelope>>,
}

/// The structure of one message.
///
/// Parts stand in the order of their bytes, each container before what it contains. What a `message/rfc822` part
/// contains is a part of its own, with a header and an envelope, and without a section number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    #[serde(deserialize_with = "capped::vec::<_, _, MAX_PARTS>")]
    pub(crate) parts: Vec<Part>,
}

impl Structure {
    /// Of a message that nobody parses: one `text/plain` part without a header or an envelope, as large as the message.
    #[must_use]
    pub fn opaque(size: u64) -> Self {
        Structure {
            parts: vec![Part {
                depth: 0,
                kind: Kind::Leaf,
                header: Span::default(),
                body: Span { offset: 0, len: size },
                lines: 0,
                media_type: Text::from("text"),
                media_subtype: Text::from("plain"),
                params: Vec::new(),
                id: None,
                description: None,
                encoding: Some(Text::from("8bit")),
                md5: None,
                disposition: None,
                languages: Vec::new(),
                location: None,
                envelope: None,
            }],
        }
    }

    /// Every part; the first is the message itself.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The message itself. `None` only in a structure that [`check`](Self::check) refuses.
    #[must_use]
    pub fn root(&self) -> Option<&Part> {
        self.parts.first()
    }

    /// The envelope of the message itself.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.root().and_then(|part| part.envelope.as_deref())
    }

    /// The indices into [`parts`](Self::parts) of what the part at `index` directly contains, in order.
    pub fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let depth = self.parts.get(index).map_or(u16::MAX, |part| part.depth);
        self.parts
            .iter()
            .enumerate()
            .skip(index.saturating_add(1))
            .take_while(move |(_, part)| part.depth > depth)
            .filter(move |(_, part)| part.depth == depth.saturating_add(1))
            .map(|(child, _)| child)
    }
}

impl Part {
    /// Is the media type this one, in any case?
    #[must_use]
    pub fn is_type(&self, media_type: &str, media_subtype: &str) -> bool {
        self.media_type.eq_ignore_case(media_type) && self.media_subtype.eq_ignore_case(media_subtype)
    }

    /// Is the media type one that only a [`Kind::Multipart`] may have?
    pub(crate) fn has_multipart_type(&self) -> bool {
        is_multipart(&self.media_type)
    }

    /// Is the media type one that only a [`Kind::Message`] may have?
    pub(crate) fn has_message_type(&self) -> bool {
        is_message(&self.media_type, &self.media_subtype)
    }

    /// Header and body together.
    #[must_use]
    pub const fn whole(&self) -> Span {
        Span::between(self.header.offset, self.body.end())
    }
}

/// Is it the media type of a multipart?
pub(crate) fn is_multipart(media_type: &Text) -> bool {
    media_type.eq_ignore_case("multipart")
}

/// Is it the media type of an encapsulated message (RFC 2046 section 5.2.1, RFC 6532 section 3.7)?
pub(crate) fn is_message(media_type: &Text, media_subtype: &Text) -> bool {
    media_type.eq_ignore_case("message")
        && (media_subtype.eq_ignore_case("rfc822") || media_subtype.eq_ignore_case("global"))
}

#[cfg(test)]
mod tests;
