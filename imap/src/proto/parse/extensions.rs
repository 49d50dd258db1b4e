//! ID (RFC 2971) and ENABLE (RFC 5161).

use super::command::Command;
use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// What a client says about itself: names and values, each bounded, as text for a log.
pub type ClientId = Vec<(String, Option<String>)>;

/// RFC 2971 section 3.3: not more than 30 pairs.
const MAX_PAIRS: usize = 30;
/// RFC 2971 section 3.3.
const MAX_FIELD: usize = 30;
/// RFC 2971 section 3.3.
const MAX_VALUE: usize = 1024;
/// Capabilities in one ENABLE.
const MAX_CAPABILITIES: usize = 32;

/// ` ("field" "value" …)` or ` NIL`, RFC 2971 section 4
pub(super) fn id(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    if cursor.nil() {
        return Ok(Command::Id(Vec::new()));
    }
    cursor.list(MAX_PAIRS, pair).map(Command::Id)
}

/// ` capability …`, RFC 5161 section 4; in upper case.
pub(super) fn enable(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let capabilities = cursor.spaced(MAX_CAPABILITIES, |cursor| Ok(cursor.atom()?.to_ascii_uppercase()))?;
    Ok(Command::Enable(capabilities))
}

fn pair(cursor: &mut Cursor<'_>) -> Parsed<(String, Option<String>)> {
    let field = bounded(&cursor.string()?, MAX_FIELD)?;
    cursor.space()?;
    let value = if cursor.nil() { None } else { Some(bounded(&cursor.string()?, MAX_VALUE)?) };
    Ok((field, value))
}

fn bounded(bytes: &[u8], limit: usize) -> Parsed<String> {
    if bytes.len() > limit {
        return Err(Syntax::TooMany);
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
