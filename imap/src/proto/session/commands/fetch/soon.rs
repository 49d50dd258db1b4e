//! What the messages of a FETCH will ask of the store, so that it can be asked ahead.

use ipc::service::mailbox::{Foreseen, MessageRow};
use mime::Span;

use super::locate::{Located, clip, locate, partial};
use crate::proto::parse::{FetchItem, Section, SectionText};

/// Octets at the front of a message that hold most headers.
const HEADER: u64 = 8 * 1024;
/// Octets of a message that is read as a whole when it is not known yet where in it a part lies.
const WHOLE: u64 = 64 * 1024;

/// For one message, in the order in which it will be asked.
pub(super) fn of(items: &[FetchItem], row: &MessageRow) -> Vec<Foreseen> {
    let mut soon = Vec::new();
    if row.opaque {
        // it takes no structure, and there are few of them
        return soon;
    }
    let mut run: Option<(usize, Span)> = None;
    for item in items {
        if needs_structure(item, row) && !soon.contains(&Foreseen::Structure { uid: row.uid }) {
            soon.push(Foreseen::Structure { uid: row.uid });
        }
        let Some(span) = span(item, row) else { continue };
        run = Some(match run {
            None => (soon.len(), span),
            Some((at, before)) => (at, joined(before, span)),
        });
    }
    if let Some((at, Span { offset, len })) = run {
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let body = Foreseen::Body { uid: row.uid, offset: number(offset), length: number(len) };
        soon.insert(at.min(soon.len()), body);
    }
    soon
}

fn needs_structure(item: &FetchItem, row: &MessageRow) -> bool {
    match locate(item, None, row.size) {
        Some(located) => matches!(located, Located::NeedsStructure),
        None => matches!(item, FetchItem::Body | FetchItem::BodyStructure | FetchItem::Envelope),
    }
}

/// The octets that an item takes, or some that hold them.
fn span(item: &FetchItem, row: &MessageRow) -> Option<Span> {
    let size = u64::from(row.size);
    let span = match locate(item, None, row.size)? {
        Located::Octets(span) => clip(span, partial(item)),
        Located::Fields(span, ..) => span,
        Located::NeedsStructure if is_top_header(item) => Span { offset: 0, len: size.min(HEADER) },
        Located::NeedsStructure => Span { offset: 0, len: if size <= WHOLE { size } else { 0 } },
        Located::Absent => return None,
    };
    (span.len > 0).then_some(span)
}

fn is_top_header(item: &FetchItem) -> bool {
    match item {
        FetchItem::Rfc822Header => true,
        FetchItem::Section { section: Section { path, text }, .. } => {
            let header = [
                SectionText::Header,
                SectionText::HeaderFields(Vec::new()),
                SectionText::HeaderFieldsNot(Vec::new()),
            ];
            let same = |text: &SectionText| {
                header.iter().any(|of| std::mem::discriminant(of) == std::mem::discriminant(text))
            };
            path.is_empty() && text.as_ref().is_some_and(same)
        }
        _ => false,
    }
}

/// One run for both, if it is not too long.
fn joined(one: Span, other: Span) -> Span {
    let offset = one.offset.min(other.offset);
    let both = Span::between(offset, one.end().max(other.end()));
    if both.len <= WHOLE { both } else { one }
}

#[cfg(test)]
mod tests {
    use ipc::mail::{SystemFlags, TransactionId};

    use super::*;
    use crate::proto::parse::{FieldName, Partial, Seen};

    fn row(size: u32) -> MessageRow {
        let (flags, id) = (SystemFlags::default(), TransactionId(1));
        MessageRow { uid: 7, modseq: 1, flags, keywords: 0, internal_date: 0, size, id, opaque: false }
    }

    fn section(path: &[u32], text: Option<SectionText>, partial: Option<Partial>) -> FetchItem {
        let section = Section { path: path.to_vec(), text };
        FetchItem::Section { section, partial, seen: Seen::Untouched }
    }

    fn body(offset: u32, length: u32) -> Foreseen {
        Foreseen::Body { uid: 7, offset, length }
    }

    #[test]
    fn what_is_asked() {
        const STRUCTURE: Foreseen = Foreseen::Structure { uid: 7 };
        let fields =
            || section(&[], Some(SectionText::HeaderFields(vec![FieldName::new("to").unwrap()])), None);
        let whole = || section(&[], None, None);
        let part = |number| section(&[number], None, None);
        let some = section(&[], None, Some(Partial { offset: 10, count: 20 }));
        for (items, size, want) in [
            (vec![FetchItem::Uid, FetchItem::Flags, FetchItem::InternalDate], 100, vec![]),
            (vec![whole()], 0, vec![]),
            (vec![FetchItem::Uid, whole()], 100_000, vec![body(0, 100_000)]),
            (vec![FetchItem::Rfc822], 100, vec![body(0, 100)]),
            (vec![some], 100, vec![body(10, 20)]),
            (vec![FetchItem::Envelope, FetchItem::BodyStructure], 100, vec![STRUCTURE]),
            (vec![whole(), FetchItem::Envelope], 100, vec![body(0, 100), STRUCTURE]),
            (vec![fields(), FetchItem::Envelope], 100, vec![STRUCTURE, body(0, 100)]),
            (vec![fields()], 100_000, vec![STRUCTURE, body(0, 8192)]),
            (vec![FetchItem::Envelope, fields(), part(1)], 20_000, vec![STRUCTURE, body(0, 20_000)]),
            (vec![part(1), part(2)], 20_000, vec![STRUCTURE, body(0, 20_000)]),
            (vec![part(1)], 100_000, vec![STRUCTURE]),
        ] {
            assert_eq!(of(&items, &row(size)), want, "{items:?}");
        }
        let opaque = MessageRow { opaque: true, ..row(100) };
        assert_eq!(of(&[whole()], &opaque), []);
    }
}
