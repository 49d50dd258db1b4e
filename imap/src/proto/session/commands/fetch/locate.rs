//! Where in a message the octets are that an item asks for.

use mime::header::Pick;
use mime::{Span, Structure};

use crate::proto::parse::{FetchItem, FieldName, Partial, Section, SectionText};
use crate::proto::response::Rfc822;

/// What an item asks for.
#[derive(Debug)]
pub(super) enum Located<'i> {
    /// Octets as they are.
    Octets(Span),
    /// Some fields of the header that lies there.
    Fields(Span, &'i [FieldName], Pick),
    /// There is no such section.
    Absent,
    /// That cannot be said without the structure.
    NeedsStructure,
}

/// Finds the octets of a text item in a message of `size` octets; `None` when the item is no text.
pub(super) fn locate<'i>(
    item: &'i FetchItem,
    structure: Option<&Structure>,
    size: u32,
) -> Option<Located<'i>> {
    let whole = Span { offset: 0, len: size.into() };
    let within = |section: mime::Section, path: &[u32]| match structure {
        None => Located::NeedsStructure,
        Some(structure) => structure.section(path, section).map_or(Located::Absent, Located::Octets),
    };
    Some(match item {
        FetchItem::Rfc822 => Located::Octets(whole),
        FetchItem::Rfc822Header => within(mime::Section::Header, &[]),
        FetchItem::Rfc822Text => within(mime::Section::Text, &[]),
        FetchItem::Section { section: Section { path, text }, .. } => match text {
            None if path.is_empty() => Located::Octets(whole),
            None => within(mime::Section::Content, path),
            Some(SectionText::Header) => within(mime::Section::Header, path),
            Some(SectionText::Text) => within(mime::Section::Text, path),
            Some(SectionText::Mime) => within(mime::Section::Mime, path),
            Some(SectionText::HeaderFields(names)) => {
                fields(within(mime::Section::Header, path), names, Pick::Named)
            }
            Some(SectionText::HeaderFieldsNot(names)) => {
                fields(within(mime::Section::Header, path), names, Pick::Others)
            }
        },
        FetchItem::Body
        | FetchItem::BodyStructure
        | FetchItem::Envelope
        | FetchItem::Flags
        | FetchItem::InternalDate
        | FetchItem::Rfc822Size
        | FetchItem::Uid => return None,
    })
}

fn fields<'i>(header: Located<'i>, names: &'i [FieldName], pick: Pick) -> Located<'i> {
    match header {
        Located::Octets(span) => Located::Fields(span, names, pick),
        other => other,
    }
}

/// `<offset.count>` of an item.
pub(super) fn partial(item: &FetchItem) -> Option<Partial> {
    match item {
        FetchItem::Section { partial, .. } => *partial,
        _ => None,
    }
}

/// The part of a run that a partial fetch asks for: RFC 3501 section 6.4.5, "truncated if beyond the end".
pub(super) fn clip(span: Span, partial: Option<Partial>) -> Span {
    let Some(Partial { offset, count }) = partial else { return span };
    let skipped = u64::from(offset).min(span.len);
    Span {
        offset: span.offset.saturating_add(skipped),
        len: span.len.saturating_sub(skipped).min(count.into()),
    }
}

/// How an item's answer is named.
#[derive(Debug)]
pub(super) enum Name<'i> {
    Section(&'i Section, Option<Partial>),
    Rfc822(Rfc822),
}

impl<'i> Name<'i> {
    /// `None` when the item is no text.
    pub(super) fn of(item: &'i FetchItem) -> Option<Self> {
        match item {
            FetchItem::Section { section, partial, .. } => Some(Name::Section(section, *partial)),
            _ => Rfc822::of(item).map(Name::Rfc822),
        }
    }
}
