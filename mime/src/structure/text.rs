//! Strings out of a message.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::MAX_TEXT;

/// A string as it stands in a header: raw bytes, nothing decoded, in no promised character set.
///
/// It holds no CR, no LF and no NUL (a reader's [`check`](crate::Structure::check) makes sure), so it can be put into
/// a line of a protocol as a quoted string or a literal.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// A string of these bytes, with a space for each that it must not hold, cut off at [`MAX_TEXT`].
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(MAX_TEXT);
        for byte in bytes.iter_mut().filter(|byte| is_forbidden(**byte)) {
            *byte = b' ';
        }
        Text(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Is it this word, in any case?
    #[must_use]
    pub fn eq_ignore_case(&self, word: &str) -> bool {
        self.0.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Does it hold what it must not, as only a decoded one can?
    pub(crate) fn is_malformed(&self) -> bool {
        self.0.len() > MAX_TEXT || self.0.iter().any(|byte| is_forbidden(*byte))
    }
}

const fn is_forbidden(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::new(text.into())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Text::new(bytes.into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX_TEXT} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        if bytes.len() > MAX_TEXT {
            Err(E::invalid_length(bytes.len(), &self))
        } else {
            Ok(Text(bytes.into()))
        }
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Text, E> {
        if bytes.len() > MAX_TEXT { Err(E::invalid_length(bytes.len(), &self)) } else { Ok(Text(bytes)) }
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            if bytes.len() >= MAX_TEXT {
                return Err(de::Error::invalid_length(bytes.len().saturating_add(1), &self));
            }
            bytes.push(byte);
        }
        Ok(Text(bytes))
    }
}
