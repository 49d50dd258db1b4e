//! Whether a structure that another process computed can be believed.

use super::{Address, Envelope, Kind, Param, Part, Structure, Text};
use crate::{
    limits::{MAX_ADDRESSES, MAX_DEPTH, MAX_LANGUAGES, MAX_PARAMS, MAX_PARTS, MAX_WEIGHT},
    value::content,
};

/// Why a structure is not one that [`Scanner`](crate::Scanner) makes of a message of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// There is no part at all.
    #[error("no part")]
    Empty,
    /// More than [`MAX_PARTS`], [`MAX_PARAMS`], [`MAX_LANGUAGES`] or [`MAX_ADDRESSES`].
    #[error("too many of something")]
    TooMany,
    /// More than [`MAX_WEIGHT`].
    #[error("too heavy")]
    TooHeavy,
    /// A depth that is too great or does not follow from the part before.
    #[error("part {0}: wrong depth")]
    Depth(usize),
    /// A span that is not in its parent, overlaps what comes before, or does not add up.
    #[error("part {0}: wrong place")]
    Place(usize),
    /// A kind that does not fit the media type, or what the part contains.
    #[error("part {0}: wrong kind")]
    Kind(usize),
    /// A string that cannot stand in a header field.
    #[error("part {0}: malformed string")]
    Text(usize),
    /// An envelope where there is none, or none where there is one.
    #[error("part {0}: wrong envelope")]
    Envelope(usize),
}

/// A container whose end is not reached.
struct Container {
    depth: u16,
    kind: Kind,
    /// Where the next child may begin.
    next: u64,
    end: u64,
    children: usize,
    part: usize,
}

impl Structure {
    /// Makes sure that the structure fits a message of `body_len` bytes and keeps every promise that its types make in
    /// words. One that does not is to be thrown away and computed again.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, body_len: u64) -> Result<(), Bad> {
        let root = self.root().ok_or(Bad::Empty)?;
        if self.parts.len() > MAX_PARTS || self.parts.iter().any(has_too_many) {
            return Err(Bad::TooMany);
        }
        if self.weight() > MAX_WEIGHT {
            return Err(Bad::TooHeavy);
        }
        if root.depth != 0 || root.header.offset != 0 || root.body.end() != body_len {
            return Err(Bad::Place(0));
        }
        let mut open: Vec<Container> = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            close(&mut open, part.depth)?;
            check_nesting(open.last_mut(), index, part)?;
            check_alone(index, part)?;
            if part.kind != Kind::Leaf {
                open.push(Container::of(index, part));
            }
        }
        close(&mut open, 0)
    }
}

impl Container {
    fn of(index: usize, part: &Part) -> Self {
        let (next, end) = (part.body.offset, part.body.end());
        Container { depth: part.depth, kind: part.kind, next, end, children: 0, part: index }
    }
}

/// Ends the containers that a part of this depth is not in; none may be empty.
fn close(open: &mut Vec<Container>, depth: u16) -> Result<(), Bad> {
    while let Some(container) = open.pop_if(|container| container.depth >= depth) {
        if container.children == 0 {
            return Err(Bad::Kind(container.part));
        }
    }
    Ok(())
}

/// The part against what it stands in.
fn check_nesting(parent: Option<&mut Container>, index: usize, part: &Part) -> Result<(), Bad> {
    let Some(parent) = parent else {
        if index != 0 {
            return Err(Bad::Depth(index));
        }
        return if part.envelope.is_some() { Ok(()) } else { Err(Bad::Envelope(index)) };
    };
    if part.depth != parent.depth.saturating_add(1) || part.depth > MAX_DEPTH {
        return Err(Bad::Depth(index));
    }
    let whole = part.whole();
    let placed = match parent.kind {
        Kind::Message => parent.children == 0 && whole.offset == parent.next && whole.end() == parent.end,
        Kind::Multipart | Kind::Leaf => whole.offset >= parent.next && whole.end() <= parent.end,
    };
    if !placed {
        return Err(Bad::Place(index));
    }
    if part.envelope.is_some() != (parent.kind == Kind::Message) {
        return Err(Bad::Envelope(index));
    }
    parent.children = parent.children.saturating_add(1);
    parent.next = whole.end();
    Ok(())
}

/// The part by itself.
fn check_alone(index: usize, part: &Part) -> Result<(), Bad> {
    let header_end = part.header.offset.checked_add(part.header.len);
    let adds_up = header_end == Some(part.body.offset)
        && part.body.offset.checked_add(part.body.len).is_some()
        && part.lines <= part.body.len;
    if !adds_up {
        return Err(Bad::Place(index));
    }
    let fits = match part.kind {
        Kind::Leaf => !part.has_multipart_type() && !part.has_message_type(),
        Kind::Multipart => part.has_multipart_type(),
        Kind::Message => part.has_message_type(),
    };
    if !fits {
        return Err(Bad::Kind(index));
    }
    if is_malformed(part) { Err(Bad::Text(index)) } else { Ok(()) }
}

fn is_malformed(part: &Part) -> bool {
    let names = [&part.media_type, &part.media_subtype]
        .into_iter()
        .chain(part.disposition.iter().map(|disposition| &disposition.kind))
        .chain(params(part).map(|param| &param.name));
    let envelope = part.envelope.iter().flat_map(|envelope| {
        envelope.texts().chain(envelope.lists().into_iter().flatten().flat_map(Address::texts))
    });
    names.chain(&part.languages).chain(&part.encoding).any(|name| !content::is_name(name))
        || part.texts().chain(params(part).map(|param| &param.value)).chain(envelope).any(Text::is_malformed)
}

fn params(part: &Part) -> impl Iterator<Item = &Param> {
    part.params.iter().chain(part.disposition.iter().flat_map(|disposition| &disposition.params))
}

fn has_too_many(part: &Part) -> bool {
    part.params.len() > MAX_PARAMS
        || part.disposition.iter().any(|disposition| disposition.params.len() > MAX_PARAMS)
        || part.languages.len() > MAX_LANGUAGES
        || part.envelope.as_deref().is_some_and(has_too_many_addresses)
}

fn has_too_many_addresses(envelope: &Envelope) -> bool {
    envelope.lists().into_iter().any(|list| list.len() > MAX_ADDRESSES)
}
