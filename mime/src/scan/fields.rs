//! The header fields that a structure is made of, picked out of a header block as it streams by.

/// A field that is kept; NAMES says which is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    ContentType,
    ContentTransferEncoding,
    ContentDisposition,
    ContentId,
    ContentDescription,
    ContentMd5,
    ContentLanguage,
    ContentLocation,
    Date,
    Subject,
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
    InReplyTo,
    MessageId,
}

const NAMES: [(&str, Known); 18] = [
    ("content-type", Known::ContentType),
    ("content-transfer-encoding", Known::ContentTransferEncoding),
    ("content-disposition", Known::ContentDisposition),
    ("content-id", Known::ContentId),
    ("content-description", Known::ContentDescription),
    ("content-md5", Known::ContentMd5),
    ("content-language", Known::ContentLanguage),
    ("content-location", Known::ContentLocation),
    ("date", Known::Date),
    ("subject", Known::Subject),
    ("from", Known::From),
    ("sender", Known::Sender),
    ("reply-to", Known::ReplyTo),
    ("to", Known::To),
    ("cc", Known::Cc),
    ("bcc", Known::Bcc),
    ("in-reply-to", Known::InReplyTo),
    ("message-id", Known::MessageId),
];

/// The longest name of a known field, and room for white space in front of the colon.
const NAME_MAX: usize = 32;

/// Which header this is: a part of a multipart has no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Message,
    Part,
}

/// The values of the known fields, unfolded, bounded: the first of each name, and all of To, Cc and Bcc as one list.
///
/// Everything else is dropped while it streams by, so that other fields, however many, cannot push a known one out.
#[derive(Debug)]
pub(crate) struct Fields {
    owner: Owner,
    values: [Option<Vec<u8>>; NAMES.len()],
    mime_room: usize,
    envelope_room: usize,
    place: Place,
}

/// Where in the block the next byte stands.
#[derive(Debug)]
enum Place {
    /// At the first byte of a line; the field of the line before goes on if that byte is white space.
    LineStart(Option<Known>),
    /// In a field's name.
    Name(Vec<u8>),
    /// In the value of a field that is kept.
    Value(Known),
    /// In something else, until the end of the line.
    Other,
}

impl Fields {
    pub(crate) const fn new(owner: Owner, mime_room: usize, envelope_room: usize) -> Self {
        Fields {
            owner,
            values: [const { None }; NAMES.len()],
            mime_room,
            envelope_room,
            place: Place::LineStart(None),
        }
    }

    /// Whose fields they are.
    pub(crate) const fn owner(&self) -> Owner {
        self.owner
    }

    /// More bytes of a line, its LF not among them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.place {
                Place::LineStart(before) => {
                    self.place = match (*before, first) {
                        (Some(known), b' ' | b'\t') => Place::Value(known),
                        (None, b' ' | b'\t') => Place::Other,
                        _ => Place::Name(Vec::new()),
                    };
                }
                Place::Name(name) => {
                    if *first == b':' {
                        #[cfg(feature = "planted-panic")]
                        crate::planted::step_on(name);
                        let known = lookup(name);
                        self.place = self.begin(known);
                    } else if name.len() < NAME_MAX {
                        name.push(*first);
                    } else {
                        self.place = Place::Other;
                    }
                    bytes = rest;
                }
                Place::Value(known) => {
                    let known = *known;
                    self.append(known, bytes);
                    return;
                }
                Place::Other => return,
            }
        }
    }

    /// The line ended.
    pub(crate) fn end_line(&mut self) {
        let before = match self.place {
            Place::Value(known) | Place::LineStart(Some(known)) => Some(known),
            _ => None,
        };
        if let Some(value) = before.and_then(|known| self.values.get_mut(known as usize)?.as_mut()) {
            // the line end may have come in two pieces
            if value.last() == Some(&b'\r') {
                value.pop();
            }
        }
        self.place = Place::LineStart(before);
    }

    /// A field's value, trimmed; `None` when there was no such field.
    pub(crate) fn value(&self, known: Known) -> Option<&[u8]> {
        self.values.get(known as usize)?.as_deref().map(<[u8]>::trim_ascii)
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.values.iter().flatten().map(Vec::capacity).sum()
    }

    fn begin(&mut self, known: Option<Known>) -> Place {
        let Some(known) = known.filter(|known| self.owner == Owner::Message || known.is_mime()) else {
            return Place::Other;
        };
        let Some(slot) = self.values.get_mut(known as usize) else { return Place::Other };
        if slot.is_none() {
            *slot = Some(Vec::new());
            return Place::Value(known);
        }
        if !matches!(known, Known::To | Known::Cc | Known::Bcc) {
            return Place::Other;
        }
        self.append(known, b",");
        Place::Value(known)
    }

    fn append(&mut self, known: Known, bytes: &[u8]) {
        let room = if known.is_mime() { &mut self.mime_room } else { &mut self.envelope_room };
        let (kept, _) = bytes.split_at(bytes.len().min(*room));
        if let Some(value) = self.values.get_mut(known as usize).and_then(Option::as_mut) {
            *room = room.saturating_sub(kept.len());
            value.extend_from_slice(kept);
        }
    }
}

impl Known {
    const fn is_mime(self) -> bool {
        (self as usize) < Known::Date as usize
    }
}

fn lookup(name: &[u8]) -> Option<Known> {
    // RFC 5322 section 4.5: white space in front of the colon
    let name = name.trim_ascii_end();
    NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).map(|(_, known)| *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(owner: Owner, block: &str, room: usize, step: usize) -> Fields {
        let mut fields = Fields::new(owner, room, room);
        for line in block.split('\n') {
            line.as_bytes().chunks(step).for_each(|piece| fields.feed(piece));
            fields.end_line();
        }
        fields
    }

    #[test]
    fn names_are_in_the_order_of_the_enum() {
        for (at, (_, known)) in NAMES.iter().enumerate() {
            assert_eq!(*known as usize, at);
        }
    }

    #[test]
    fn first_wins_lists_are_joined_folds_are_undone() {
        let block =
            "X: 1\r\nSUBJECT : a\r\n b\r\n\tc \r\nTo: x@y\r\njunk\r\n  more\r\nSubject: no\r\nTo: z@w";
        for step in 1..9 {
            let fields = read(Owner::Message, block, 1000, step);
            assert_eq!(fields.value(Known::Subject).unwrap(), b"a b\tc");
            assert_eq!(fields.value(Known::To).unwrap(), b"x@y, z@w");
            assert_eq!(fields.value(Known::From), None);
        }
    }

    #[test]
    fn a_part_has_no_envelope() {
        let fields = read(Owner::Part, "Subject: a\nContent-ID: <b>", 1000, 3);
        assert_eq!(fields.value(Known::Subject), None);
        assert_eq!(fields.value(Known::ContentId).unwrap(), b"<b>");
    }

    #[test]
    fn the_room_is_never_exceeded() {
        let block = "To: abcdefgh\nTo: ijkl\nTo: mnop\nContent-Type: text/plain\n".repeat(50);
        let fields = read(Owner::Message, &block, 16, 4);
        assert_eq!(fields.value(Known::To).unwrap(), b"abcdefgh, ijkl,");
        assert_eq!(fields.value(Known::ContentType).unwrap(), b"text/plain");
    }
}
