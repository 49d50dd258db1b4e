//! BODY and BODYSTRUCTURE, RFC 3501 section 7.4.2.

use std::iter::Peekable;
use std::slice;

use mime::{Disposition, Kind, Param, Part, Structure, Text};

use super::envelope::envelope;
use super::string::{self, nstring, string};

/// How much is told of each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// BODY
    Basic,
    /// BODYSTRUCTURE: with extension data.
    Extended,
}

/// The value of BODY or BODYSTRUCTURE.
///
/// Of a structure that [`Structure::check`] would refuse something grammatical is made all the same.
pub fn structure(structure: &Structure, detail: Detail, out: &mut Vec<u8>) {
    let mut parts = structure.parts().iter().peekable();
    match parts.next() {
        Some(root) => Bodies { parts, detail, out }.body(root, 0),
        None => out.extend_from_slice(NO_PART),
    }
}

/// What is said of a structure without parts, which is none.
const NO_PART: &[u8] = b"(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 0)";

/// Levels that are written as such; a structure that passed its check has fewer.
const MAX_LEVELS: u16 = 64;

/// Writes parts, which come each container before what it contains.
struct Bodies<'p, 'o> {
    parts: Peekable<slice::Iter<'p, Part>>,
    detail: Detail,
    out: &'o mut Vec<u8>,
}

/// What a part is written as.
enum Form {
    Multipart,
    Message,
    Text,
    Basic,
    /// It says that it contains what it does not.
    Opaque,
}

impl<'p> Bodies<'p, '_> {
    /// `body`
    fn body(&mut self, part: &'p Part, level: u16) {
        let form = self.form(part, level);
        self.out.push(b'(');
        match form {
            Form::Multipart => self.multipart(part, level),
            Form::Message => self.message(part, level),
            Form::Text => {
                self.fields(part, &part.media_type, &part.media_subtype);
                self.number(part.lines);
            }
            Form::Basic => self.fields(part, &part.media_type, &part.media_subtype),
            Form::Opaque => self.fields(part, b"APPLICATION", b"OCTET-STREAM"),
        }
        if self.detail == Detail::Extended {
            self.extension(part, &form);
        }
        self.out.push(b')');
        // parts within one that was written without them
        while self.parts.next_if(|next| next.depth > part.depth).is_some() {}
    }

    fn form(&mut self, part: &Part, level: u16) -> Form {
        let inner = part.depth.saturating_add(1);
        let contains = level < MAX_LEVELS && self.parts.peek().is_some_and(|next| next.depth == inner);
        let is_message = part.is_type("message", "rfc822") || part.is_type("message", "global");
        match part.kind {
            Kind::Multipart if contains => Form::Multipart,
            Kind::Message if contains && is_message => Form::Message,
            Kind::Multipart | Kind::Message => Form::Opaque,
            Kind::Leaf if is_message || part.media_type.eq_ignore_case("multipart") => Form::Opaque,
            Kind::Leaf if part.media_type.eq_ignore_case("text") => Form::Text,
            Kind::Leaf => Form::Basic,
        }
    }

    /// `1*body SP media-subtype`
    fn multipart(&mut self, part: &'p Part, level: u16) {
        let inner = part.depth.saturating_add(1);
        while let Some(child) = self.parts.next_if(|next| next.depth == inner) {
            self.body(child, level.saturating_add(1));
        }
        self.out.push(b' ');
        string(&part.media_subtype, self.out);
    }

    /// `media-message SP body-fields SP envelope SP body SP body-fld-lines`
    fn message(&mut self, part: &'p Part, level: u16) {
        self.fields(part, &part.media_type, &part.media_subtype);
        self.out.push(b' ');
        let Some(child) = self.parts.next() else { return };
        envelope(child.envelope.as_deref().unwrap_or(&mime::Envelope::default()), self.out);
        self.out.push(b' ');
        self.body(child, level.saturating_add(1));
        self.number(part.lines);
    }

    /// The media type and `body-fields`
    fn fields(&mut self, part: &Part, media_type: &[u8], media_subtype: &[u8]) {
        string(media_type, self.out);
        self.out.push(b' ');
        string(media_subtype, self.out);
        self.out.push(b' ');
        params(&part.params, self.out);
        self.spaced(part.id.as_ref());
        self.spaced(part.description.as_ref());
        self.out.push(b' ');
        string(part.encoding.as_deref().unwrap_or(b"7BIT"), self.out);
        self.number(part.body.len);
    }

    /// `body-ext-mpart` or `body-ext-1part`
    fn extension(&mut self, part: &Part, form: &Form) {
        if let Form::Multipart = form {
            self.out.push(b' ');
            params(&part.params, self.out);
        } else {
            self.spaced(part.md5.as_ref());
        }
        self.out.push(b' ');
        disposition(part.disposition.as_ref(), self.out);
        self.out.push(b' ');
        languages(&part.languages, self.out);
        self.spaced(part.location.as_ref());
    }

    fn spaced(&mut self, text: Option<&Text>) {
        self.out.push(b' ');
        nstring(text.map(Text::as_bytes), self.out);
    }

    /// A `number` has 32 bits, RFC 3501 section 9.
    fn number(&mut self, number: u64) {
        self.out.extend_from_slice(format!(" {}", number.min(u32::MAX.into())).as_bytes());
    }
}

/// `body-fld-param`
fn params(params: &[Param], out: &mut Vec<u8>) {
    if params.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    string::list(params, out, |param, out| {
        string(&param.name, out);
        out.push(b' ');
        string(&param.value, out);
    });
}

/// `body-fld-dsp`
fn disposition(disposition: Option<&Disposition>, out: &mut Vec<u8>) {
    let Some(disposition) = disposition else {
        out.extend_from_slice(b"NIL");
        return;
    };
    out.push(b'(');
    string(&disposition.kind, out);
    out.push(b' ');
    params(&disposition.params, out);
    out.push(b')');
}

/// `body-fld-lang`
fn languages(languages: &[Text], out: &mut Vec<u8>) {
    if languages.is_empty() {
        out.extend_from_slice(b"NIL");
    } else {
        string::list(languages, out, |language, out| string(language, out));
    }
}

#[cfg(test)]
mod tests;
