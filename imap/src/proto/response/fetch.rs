//! `* n FETCH (…)`, RFC 3501 section 7.4.2.

use mime::date::format_internal_date;
use mime::{Envelope, Structure};

use super::envelope::envelope;
use super::mailbox::flag;
use super::section::section;
use super::string::{self, nstring};
use super::structure::{Detail, structure};
use crate::proto::parse::{FetchItem, Flag, Partial, Section};

/// Does \Recent go with the flags of a message?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecentFlag {
    /// This session is the first to hear of the message.
    Recent,
    /// It is not.
    Known,
}

/// One FETCH response while it is being written. It holds no buffer, so that a large literal can go out in between.
#[derive(Debug)]
#[must_use = "a FETCH response has to be closed with `end`"]
pub struct FetchLine {
    items: usize,
}

impl FetchLine {
    /// `* sequence FETCH (`
    pub fn begin(sequence: u32, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(format!("* {sequence} FETCH (").as_bytes());
        FetchLine { items: 0 }
    }

    /// `)` and the end of the line.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b")\r\n");
    }

    /// `UID n`
    pub fn uid(&mut self, uid: u32, out: &mut Vec<u8>) {
        self.name("UID ", out);
        out.extend_from_slice(uid.to_string().as_bytes());
    }

    /// `FLAGS (…)`
    pub fn flags(&mut self, flags: &[Flag], recent: RecentFlag, out: &mut Vec<u8>) {
        self.name("FLAGS ", out);
        let recent = (recent == RecentFlag::Recent).then_some(None);
        string::list(flags.iter().map(Some).chain(recent), out, |each, out| match each {
            Some(each) => flag(each, out),
            None => out.extend_from_slice(b"\\Recent"),
        });
    }

    /// `INTERNALDATE "…"` of seconds since 1970, in UTC.
    pub fn internal_date(&mut self, seconds: i64, out: &mut Vec<u8>) {
        self.name("INTERNALDATE ", out);
        out.extend_from_slice(format!("\"{}\"", format_internal_date(seconds)).as_bytes());
    }

    /// `RFC822.SIZE n`
    pub fn size(&mut self, octets: u64, out: &mut Vec<u8>) {
        self.name("RFC822.SIZE ", out);
        out.extend_from_slice(octets.min(u32::MAX.into()).to_string().as_bytes());
    }

    /// `ENVELOPE (…)`, `BODY (…)` or `BODYSTRUCTURE (…)`, as [`described`] makes it.
    pub fn description(&mut self, Description(text): &Description, out: &mut Vec<u8>) {
        self.name("", out);
        out.extend_from_slice(text);
    }

    /// `RFC822 {size}` and its relatives, up to the octets: the caller sends exactly `size` of them next.
    pub fn rfc822(&mut self, item: Rfc822, size: u64, out: &mut Vec<u8>) {
        self.name(item.name(), out);
        literal(size, out);
    }

    /// `RFC822 NIL` and its relatives: the text cannot be had.
    pub fn rfc822_absent(&mut self, item: Rfc822, out: &mut Vec<u8>) {
        self.name(item.name(), out);
        nstring(None, out);
    }

    /// `BODY[section]<offset> {size}`, up to the octets: the caller sends exactly `size` of them next.
    pub fn body(&mut self, which: &Section, partial: Option<Partial>, size: u64, out: &mut Vec<u8>) {
        self.body_name(which, partial, out);
        literal(size, out);
    }

    /// `BODY[section]<offset> "…"`: a text that is at hand. `None`: the message has no such section.
    pub fn body_text(
        &mut self,
        which: &Section,
        partial: Option<Partial>,
        text: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) {
        self.body_name(which, partial, out);
        nstring(text, out);
    }

    fn body_name(&mut self, which: &Section, partial: Option<Partial>, out: &mut Vec<u8>) {
        self.name("", out);
        section(which, partial.map(|partial| partial.offset), out);
        out.push(b' ');
    }

    fn name(&mut self, name: &str, out: &mut Vec<u8>) {
        if self.items > 0 {
            out.push(b' ');
        }
        self.items = self.items.saturating_add(1);
        out.extend_from_slice(name.as_bytes());
    }
}

/// What is told of a structure, with its name.
#[derive(Debug)]
pub struct Description(Vec<u8>);

/// `ENVELOPE (…)`, `BODY (…)` or `BODYSTRUCTURE (…)` of a message; `None` for any other item.
#[must_use]
pub fn described(item: &FetchItem, value: &Structure) -> Option<Description> {
    let mut text = Vec::new();
    match item {
        FetchItem::Envelope => {
            text.extend_from_slice(b"ENVELOPE ");
            envelope(value.envelope().unwrap_or(&Envelope::default()), &mut text);
        }
        FetchItem::Body => {
            text.extend_from_slice(b"BODY ");
            structure(value, Detail::Basic, &mut text);
        }
        FetchItem::BodyStructure => {
            text.extend_from_slice(b"BODYSTRUCTURE ");
            structure(value, Detail::Extended, &mut text);
        }
        _ => return None,
    }
    Some(Description(text))
}

/// The items of RFC822 that are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rfc822 {
    /// `RFC822`
    Message,
    /// `RFC822.HEADER`
    Header,
    /// `RFC822.TEXT`
    Text,
}

impl Rfc822 {
    /// What an item asks for by one of these names.
    #[must_use]
    pub fn of(item: &FetchItem) -> Option<Self> {
        match item {
            FetchItem::Rfc822 => Some(Rfc822::Message),
            FetchItem::Rfc822Header => Some(Rfc822::Header),
            FetchItem::Rfc822Text => Some(Rfc822::Text),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Rfc822::Message => "RFC822 ",
            Rfc822::Header => "RFC822.HEADER ",
            Rfc822::Text => "RFC822.TEXT ",
        }
    }
}

fn literal(size: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{{size}}}\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::parse::{FieldName, SectionText};

    fn written(write: impl FnOnce(&mut FetchLine, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        let mut line = FetchLine::begin(12, &mut out);
        write(&mut line, &mut out);
        line.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn small_items() {
        let got = written(|line, out| {
            line.uid(7, out);
            line.flags(&[Flag::Seen], RecentFlag::Recent, out);
            line.flags(&[], RecentFlag::Known, out);
            line.internal_date(837_596_665, out);
            line.size(44_827, out);
        });
        let want = "* 12 FETCH (UID 7 FLAGS (\\Seen \\Recent) FLAGS () \
                    INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE 44827)\r\n";
        assert_eq!(got, want);
    }

    #[test]
    fn sections_are_echoed() {
        let name = |name| FieldName::new(name).unwrap();
        let fields = SectionText::HeaderFields(vec![name("From"), name("x\"y")]);
        let partial = Some(Partial { offset: 0, count: 5 });
        for (path, text, partial, want) in [
            (vec![], None, None, "BODY[] {3}"),
            (vec![], None, partial, "BODY[]<0> {3}"),
            (vec![1, 2], None, None, "BODY[1.2] {3}"),
            (vec![1], Some(SectionText::Mime), None, "BODY[1.MIME] {3}"),
            (vec![], Some(SectionText::Text), None, "BODY[TEXT] {3}"),
            (vec![], Some(SectionText::Header), None, "BODY[HEADER] {3}"),
            (vec![4], Some(fields), partial, "BODY[4.HEADER.FIELDS (From \"x\\\"y\")]<0> {3}"),
            (
                vec![],
                Some(SectionText::HeaderFieldsNot(vec![name("To")])),
                None,
                "BODY[HEADER.FIELDS.NOT (To)] {3}",
            ),
        ] {
            let got = written(|line, out| line.body(&Section { path, text }, partial, 3, out));
            assert_eq!(got, format!("* 12 FETCH ({want}\r\n)\r\n"));
        }
    }

    #[test]
    fn absent_sections_are_nil() {
        let got = written(|line, out| line.body_text(&Section::default(), None, None, out));
        assert_eq!(got, "* 12 FETCH (BODY[] NIL)\r\n");
    }

    #[test]
    fn rfc822() {
        for (item, want) in [
            (FetchItem::Rfc822, Some("RFC822 {0}")),
            (FetchItem::Rfc822Header, Some("RFC822.HEADER {0}")),
            (FetchItem::Rfc822Text, Some("RFC822.TEXT {0}")),
            (FetchItem::Rfc822Size, None),
        ] {
            let got = Rfc822::of(&item).map(|item| written(|line, out| line.rfc822(item, 0, out)));
            assert_eq!(got, want.map(|want| format!("* 12 FETCH ({want}\r\n)\r\n")));
        }
    }
}
