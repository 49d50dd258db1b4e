//! Section numbers (RFC 9051 section 6.4.5.1): which bytes of the message `BODY[1.2.HEADER]` and its like name.

use super::{Kind, Part, Span, Structure};

/// What of a part is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `BODY[]`, `BODY[1.2]`: the whole message, or a part's body.
    Content,
    /// `HEADER`: the header of the message, or of the one that a `message/rfc822` part contains.
    Header,
    /// `TEXT`: the body of the same.
    Text,
    /// `MIME`: a part's own header.
    Mime,
}

/// A part on the way down a path: part 1 of a message that is no multipart is that message's body, so a part can stand
/// for itself or for its only section.
#[derive(Clone, Copy)]
enum Place {
    /// A message, which numbers its own parts.
    Message(usize),
    /// A part that has a number.
    Numbered(usize),
}

impl Structure {
    /// The part with this section number; the message itself for an empty path. `None` when there is none.
    #[must_use]
    pub fn part(&self, path: &[u32]) -> Option<&Part> {
        match self.walk(path)? {
            Place::Message(index) | Place::Numbered(index) => self.parts.get(index),
        }
    }

    /// Where a section lies. `None` when the message has no such section.
    #[must_use]
    pub fn section(&self, path: &[u32], section: Section) -> Option<Span> {
        let place = self.walk(path)?;
        match (section, place) {
            (Section::Content, Place::Message(index)) => self.parts.get(index).map(Part::whole),
            (Section::Content, Place::Numbered(index)) => self.parts.get(index).map(|part| part.body),
            (Section::Mime, Place::Numbered(index)) => self.parts.get(index).map(|part| part.header),
            (Section::Mime, Place::Message(_)) => None,
            (Section::Header, place) => self.message(place).map(|part| part.header),
            (Section::Text, place) => self.message(place).map(|part| part.body),
        }
    }

    /// The message at a place: itself, or what a `message/rfc822` part contains.
    fn message(&self, place: Place) -> Option<&Part> {
        match place {
            Place::Message(index) => self.parts.get(index),
            Place::Numbered(index) => self.parts.get(self.contained(index)?),
        }
    }

    /// The index of the message that a `message/rfc822` part contains.
    fn contained(&self, index: usize) -> Option<usize> {
        let part = self.parts.get(index)?;
        if part.kind == Kind::Message { self.children(index).next() } else { None }
    }

    fn walk(&self, path: &[u32]) -> Option<Place> {
        path.iter().try_fold(Place::Message(0), |place, number| self.step(place, *number))
    }

    fn step(&self, place: Place, number: u32) -> Option<Place> {
        let nth = usize::try_from(number).ok()?.checked_sub(1)?;
        let index = match place {
            Place::Message(index) => index,
            Place::Numbered(index) if self.parts.get(index)?.kind == Kind::Multipart => index,
            Place::Numbered(index) => self.contained(index)?,
        };
        match self.parts.get(index)?.kind {
            Kind::Multipart => self.children(index).nth(nth).map(Place::Numbered),
            Kind::Leaf | Kind::Message if nth == 0 => Some(Place::Numbered(index)),
            Kind::Leaf | Kind::Message => None,
        }
    }
}
