//! Lists that refuse to be decoded when they are longer than they may be.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

/// Decodes a list of at most `MAX` elements. Memory grows with the elements that are there, not with a claimed count.
pub(crate) fn vec<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Capped::<T, MAX>(PhantomData))
}

struct Capped<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> de::Visitor<'de> for Capped<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            if list.len() >= MAX {
                return Err(de::Error::invalid_length(list.len().saturating_add(1), &self));
            }
            list.push(element);
        }
        Ok(list)
    }
}
