//! The section of `BODY[…]`, RFC 3501 section 6.4.5.

use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// What of a message is fetched. Empty: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Part numbers from the outside in; none are zero. Empty: the message itself.
    pub path: Vec<u32>,
    /// What of the part. `None`: its content.
    pub text: Option<SectionText>,
}

impl Section {
    /// Part numbers in one path.
    pub const MAX_PATH: usize = 64;
    /// Names in one list of header fields.
    pub const MAX_FIELDS: usize = 512;
}

/// The named pieces of a message or a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionText {
    /// The header, with the blank line.
    Header,
    /// These fields of the header, with the blank line.
    HeaderFields(Vec<FieldName>),
    /// All fields of the header but these, with the blank line.
    HeaderFieldsNot(Vec<FieldName>),
    /// The body.
    Text,
    /// The MIME header of a part; never without a part number.
    Mime,
}

impl SectionText {
    /// The names that are picked or left out.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        match self {
            SectionText::HeaderFields(fields) | SectionText::HeaderFieldsNot(fields) => fields,
            SectionText::Header | SectionText::Text | SectionText::Mime => &[],
        }
    }
}

/// The name of a header field: printable ASCII without colon, RFC 5322 section 3.6.8. Keeps the case in which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName(String);

impl FieldName {
    /// Bytes of the longest name that is accepted.
    pub const MAX: usize = 256;

    /// A name from its text; `None` when it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX;
        let clean = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        (fits && clean).then(|| FieldName(text.to_owned()))
    }

    /// As it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `header-fld-name`: an astring.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Self::new(&cursor.text()?).ok_or(Syntax::Section)
    }
}

/// `"[" [section-spec] "]"`, RFC 3501 section 9.
pub(super) fn section(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    cursor.expect(b'[', Syntax::Section)?;
    let mut section = Section::default();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        if section.path.len() >= Section::MAX_PATH {
            return Err(Syntax::TooDeep);
        }
        section.path.push(cursor.nz_number().map_err(|_| Syntax::Section)?);
        if cursor.skip(b']') {
            return Ok(section);
        }
        cursor.expect(b'.', Syntax::Section)?;
    }
    if section.path.is_empty() && cursor.skip(b']') {
        return Ok(section);
    }
    section.text = Some(text(cursor, &section.path)?);
    cursor.expect(b']', Syntax::Section)?;
    Ok(section)
}

fn text(cursor: &mut Cursor<'_>, path: &[u32]) -> Parsed<SectionText> {
    match cursor.word().as_str() {
        "HEADER" => Ok(SectionText::Header),
        "HEADER.FIELDS" => fields(cursor).map(SectionText::HeaderFields),
        "HEADER.FIELDS.NOT" => fields(cursor).map(SectionText::HeaderFieldsNot),
        "TEXT" => Ok(SectionText::Text),
        "MIME" if !path.is_empty() => Ok(SectionText::Mime),
        _ => Err(Syntax::Section),
    }
}

fn fields(cursor: &mut Cursor<'_>) -> Parsed<Vec<FieldName>> {
    cursor.space()?;
    let fields = cursor.list(Section::MAX_FIELDS, FieldName::parse)?;
    if fields.is_empty() { Err(Syntax::Section) } else { Ok(fields) }
}
