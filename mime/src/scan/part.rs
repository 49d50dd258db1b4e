//! A part, made of its header fields.

use super::fields::{Fields, Known, Owner};
use crate::{
    limits::{MAX_ADDRESSES, MAX_LANGUAGES, MAX_PARAMS},
    structure::{
        Address, Budget, Disposition, ENVELOPE_WEIGHT, Envelope, Kind, PART_WEIGHT, Param, Part, Span, Text,
        Weigh, is_message, is_multipart,
    },
    value::{
        address::Addresses,
        content::{self, MediaType},
    },
};

/// The media type of a part that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultType {
    /// `text/plain; charset=us-ascii` (RFC 2045 section 5.2).
    Plain,
    /// `message/rfc822`, in a `multipart/digest` (RFC 2046 section 5.1.5).
    Message,
}

/// What a part's media type says it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Leaf,
    Multipart { boundary: Vec<u8>, children: DefaultType },
    Message,
}

/// What the media type may weigh without asking the budget: `text/plain; charset=us-ascii`, the heaviest of those that
/// a part may fall back to.
const MEDIA_TYPE_WEIGHT: usize = 40;

/// The weight of a part of which nothing is known but its place: paid before a part is begun.
pub(crate) fn least_weight(owner: Owner) -> usize {
    let envelope = if owner == Owner::Message { ENVELOPE_WEIGHT } else { 0 };
    PART_WEIGHT + MEDIA_TYPE_WEIGHT + envelope
}

/// A part that begins at `start`, before its header is read.
pub(crate) fn begun(depth: u16, start: u64) -> Part {
    let place = Span { offset: start, len: 0 };
    Part {
        depth,
        kind: Kind::Leaf,
        header: place,
        body: place,
        lines: 0,
        media_type: Text::from("text"),
        media_subtype: Text::from("plain"),
        params: us_ascii(),
        id: None,
        description: None,
        encoding: None,
        md5: None,
        disposition: None,
        languages: Vec::new(),
        location: None,
        envelope: None,
    }
}

/// Fills in what the header says, as far as the budget goes, and returns what the part contains.
pub(crate) fn describe(
    part: &mut Part,
    fields: &Fields,
    default: DefaultType,
    budget: &mut Budget,
) -> Content {
    let encoding = fields.value(Known::ContentTransferEncoding).and_then(content::encoding);
    let media = media_type(fields, default);
    let content = contained(&media, encoding.as_ref());
    let named = set_media_type(part, media, budget);
    part.encoding = encoding.and_then(|text| budget.keep(text));
    part.disposition = disposition(fields, budget);
    part.id = text(fields, Known::ContentId, budget);
    part.description = text(fields, Known::ContentDescription, budget);
    part.md5 = text(fields, Known::ContentMd5, budget);
    part.location = text(fields, Known::ContentLocation, budget);
    let languages = fields.value(Known::ContentLanguage).map(content::languages).unwrap_or_default();
    part.languages = budget.keep_all(languages, MAX_LANGUAGES);
    match (content, named) {
        (Content::Leaf, Named::AsSent) if part.has_multipart_type() => become_text(part),
        (Content::Leaf, Named::AsSent) if part.has_message_type() => become_opaque(part),
        (content, Named::AsSent) => return content,
        (_, Named::TooHeavy) => {}
    }
    Content::Leaf
}

/// The envelope of a message with these fields. It may take half of the budget.
pub(crate) fn envelope(fields: &Fields, budget: &mut Budget) -> Envelope {
    budget.with_half(|budget| Envelope {
        date: text(fields, Known::Date, budget),
        message_id: text(fields, Known::MessageId, budget),
        in_reply_to: text(fields, Known::InReplyTo, budget),
        from: addresses(fields, Known::From, budget),
        subject: text(fields, Known::Subject, budget),
        sender: addresses(fields, Known::Sender, budget),
        reply_to: addresses(fields, Known::ReplyTo, budget),
        to: addresses(fields, Known::To, budget),
        cc: addresses(fields, Known::Cc, budget),
        bcc: addresses(fields, Known::Bcc, budget),
    })
}

/// Makes a leaf of a multipart in which no part can be found: text, as far as anybody can tell.
pub(crate) fn become_text(part: &mut Part) {
    become_leaf(part, "text", "plain", us_ascii());
}

/// Makes a leaf of a container that is not opened.
pub(crate) fn become_opaque(part: &mut Part) {
    become_leaf(part, "application", "octet-stream", Vec::new());
}

/// Could the budget bear the media type?
enum Named {
    AsSent,
    TooHeavy,
}

/// Replaces what was paid in advance for the media type by what it weighs. A container stays heavy enough to fall back.
fn set_media_type(part: &mut Part, media: MediaType, budget: &mut Budget) -> Named {
    budget.refund(MEDIA_TYPE_WEIGHT);
    let container = is_multipart(&media.name) || is_message(&media.name, &media.subtype);
    let least = if container { MEDIA_TYPE_WEIGHT } else { 0 };
    let weight = media.name.weight().saturating_add(media.subtype.weight());
    if !budget.pay(weight.max(least)) {
        budget.pay(MEDIA_TYPE_WEIGHT);
        become_opaque(part);
        return Named::TooHeavy;
    }
    part.media_type = media.name;
    part.media_subtype = media.subtype;
    part.params = budget.keep_all(media.params, MAX_PARAMS);
    Named::AsSent
}

fn media_type(fields: &Fields, default: DefaultType) -> MediaType {
    let sent = fields.value(Known::ContentType);
    match (sent.and_then(content::media_type), sent, default) {
        (Some(media), _, _) => media,
        (None, None, DefaultType::Message) => {
            MediaType { name: Text::from("message"), subtype: Text::from("rfc822"), params: Vec::new() }
        }
        _ => MediaType { name: Text::from("text"), subtype: Text::from("plain"), params: us_ascii() },
    }
}

/// What to look for in the body. RFC 2046 section 5.2.1 allows a `message/rfc822` no encoding that hides its content.
fn contained(media: &MediaType, encoding: Option<&Text>) -> Content {
    let identity = encoding.is_none_or(|encoding| IDENTITY.iter().any(|name| encoding.eq_ignore_case(name)));
    if is_multipart(&media.name) {
        let digest = media.subtype.eq_ignore_case("digest");
        let children = if digest { DefaultType::Message } else { DefaultType::Plain };
        content::boundary(&media.params)
            .map_or(Content::Leaf, |boundary| Content::Multipart { boundary, children })
    } else if is_message(&media.name, &media.subtype) && identity {
        Content::Message
    } else {
        Content::Leaf
    }
}

/// The transfer encodings that leave a body as it is.
const IDENTITY: [&str; 3] = ["7bit", "8bit", "binary"];

fn us_ascii() -> Vec<Param> {
    vec![Param { name: Text::from("charset"), value: Text::from("us-ascii") }]
}

fn disposition(fields: &Fields, budget: &mut Budget) -> Option<Disposition> {
    let (kind, params) = content::disposition(fields.value(Known::ContentDisposition)?)?;
    Some(Disposition { kind: budget.keep(kind)?, params: budget.keep_all(params, MAX_PARAMS) })
}

fn text(fields: &Fields, known: Known, budget: &mut Budget) -> Option<Text> {
    budget.keep(Text::from(fields.value(known)?))
}

fn addresses(fields: &Fields, known: Known, budget: &mut Budget) -> Vec<Address> {
    let value = fields.value(known).unwrap_or_default();
    budget.keep_all(Addresses::new(value), MAX_ADDRESSES)
}

fn become_leaf(part: &mut Part, name: &str, subtype: &str, params: Vec<Param>) {
    part.kind = Kind::Leaf;
    part.media_type = Text::from(name);
    part.media_subtype = Text::from(subtype);
    part.params = params;
}
