//! How large a structure may get, whatever the message.

/// The deepest nesting; the message itself has depth 0. A container at this depth is a leaf.
pub const MAX_DEPTH: u16 = 20;

/// The most parts of one message, the message itself included. Later delimiters are taken for text of the last part.
pub const MAX_PARTS: usize = 1000;

/// The most bytes kept of the `Content-*` fields of one header block.
pub const MAX_MIME_HEADER: usize = 16 * 1024;

/// The most bytes kept of the envelope fields of one header block.
pub const MAX_ENVELOPE_HEADER: usize = 60 * 1024;

/// The most bytes of one string.
pub const MAX_TEXT: usize = 60 * 1024;

/// The most parameters of one `Content-Type` or `Content-Disposition`.
pub const MAX_PARAMS: usize = 64;

/// The most languages of one `Content-Language`.
pub const MAX_LANGUAGES: usize = 32;

/// The most addresses of one envelope field, group marks included.
pub const MAX_ADDRESSES: usize = 4096;

/// The longest boundary that is looked for (RFC 2046 section 5.1.1 allows 70). A longer one is none.
pub const MAX_BOUNDARY: usize = 256;

/// The heaviest structure, see [`Structure::weight`](crate::Structure::weight): in an encoding with variable-length
/// integers it takes no more bytes than this, so that it fits one message between processes with room to spare.
pub const MAX_WEIGHT: usize = 112 * 1024;

/// The limits of one scan. They can only lower the constants of this module, because a reader checks against those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The deepest nesting, see [`MAX_DEPTH`].
    pub depth: u16,
    /// The most parts, see [`MAX_PARTS`].
    pub parts: usize,
    /// Bytes kept of one block's `Content-*` fields, see [`MAX_MIME_HEADER`].
    pub mime_header: usize,
    /// Bytes kept of one block's envelope fields, see [`MAX_ENVELOPE_HEADER`].
    pub envelope_header: usize,
    /// The weight of the whole structure, see [`MAX_WEIGHT`].
    pub weight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: MAX_DEPTH,
            parts: MAX_PARTS,
            mime_header: MAX_MIME_HEADER,
            envelope_header: MAX_ENVELOPE_HEADER,
            weight: MAX_WEIGHT,
        }
    }
}

impl Limits {
    /// These limits, none above what a reader accepts, and room for the message itself at least.
    pub(crate) fn clamped(self) -> Self {
        Limits {
            depth: self.depth.min(MAX_DEPTH),
            parts: self.parts.clamp(1, MAX_PARTS),
            mime_header: self.mime_header.min(MAX_MIME_HEADER),
            envelope_header: self.envelope_header.min(MAX_ENVELOPE_HEADER),
            weight: self.weight.clamp(1024, MAX_WEIGHT),
        }
    }
}
