//! The name of a section, as FETCH echoes it: RFC 3501 section 7.4.2.

use super::string::{self, string};
use crate::proto::parse::{FieldName, Section, SectionText};

/// `BODY[section]<offset>`. PEEK and the count of a partial fetch are not echoed.
pub fn section(section: &Section, offset: Option<u32>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"BODY[");
    for (at, number) in section.path.iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        out.extend_from_slice(number.to_string().as_bytes());
    }
    if let Some(part) = &section.text {
        if !section.path.is_empty() {
            out.push(b'.');
        }
        text(part, out);
    }
    out.push(b']');
    if let Some(offset) = offset {
        out.extend_from_slice(format!("<{offset}>").as_bytes());
    }
}

fn text(text: &SectionText, out: &mut Vec<u8>) {
    out.extend_from_slice(match text {
        SectionText::Header => b"HEADER",
        SectionText::HeaderFields(_) => b"HEADER.FIELDS ",
        SectionText::HeaderFieldsNot(_) => b"HEADER.FIELDS.NOT ",
        SectionText::Text => b"TEXT",
        SectionText::Mime => b"MIME",
    });
    if !text.fields().is_empty() {
        string::list(text.fields(), out, field);
    }
}

/// Bare where that is possible: clients compare the echo with what they asked for.
fn field(field: &FieldName, out: &mut Vec<u8>) {
    let name = field.as_str().as_bytes();
    if name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        out.extend_from_slice(name);
    } else {
        string(name, out);
    }
}
