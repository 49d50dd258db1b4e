//! Paths, RFC 5321 section 4.1.2.

use super::Refusal;
use super::cursor::Cursor;
use super::domain::domain;
use crate::proto::address::{Address, ForwardPath, ReversePath, is_atext};
use crate::proto::limits::{LOCAL_PART, PATH};

/// `Reverse-path = Path / "<>"`
pub(super) fn reverse(cursor: &mut Cursor<'_>) -> Result<ReversePath, Refusal> {
    let mut null = cursor.clone();
    if null.eat(b'<') && null.eat(b'>') {
        *cursor = null;
        return Ok(ReversePath::Null);
    }
    match path(cursor) {
        Ok((local, Some(domain))) => Ok(ReversePath::Mailbox(Address::new(local, domain))),
        Ok((_, None)) | Err(Wrong::Syntax) => Err(Refusal::ReversePath),
        Err(Wrong::Length) => Err(Refusal::PathTooLong),
    }
}

/// `Forward-path = Path`, or `<Postmaster>`, of which section 4.5.1 says that it is always there.
pub(super) fn forward(cursor: &mut Cursor<'_>) -> Result<ForwardPath, Refusal> {
    match path(cursor) {
        Ok((local, _)) if local.len() > LOCAL_PART => Err(Refusal::LocalPartTooLong),
        Ok((local, Some(domain))) => Ok(ForwardPath::Mailbox(Address::new(local, domain))),
        Ok((local, None)) if local.eq_ignore_ascii_case("postmaster") => Ok(ForwardPath::Postmaster),
        Ok((_, None)) | Err(Wrong::Syntax) => Err(Refusal::ForwardPath),
        Err(Wrong::Length) => Err(Refusal::PathTooLong),
    }
}

enum Wrong {
    Syntax,
    Length,
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`; the domain may be missing, which the callers judge.
fn path(cursor: &mut Cursor<'_>) -> Result<(String, Option<crate::proto::Domain>), Wrong> {
    let start = cursor.remaining();
    if !cursor.eat(b'<') {
        return Err(Wrong::Syntax);
    }
    source_route(cursor)?;
    let local = local_part(cursor).ok_or(Wrong::Syntax)?;
    let domain = if cursor.eat(b'@') { Some(domain(cursor).ok_or(Wrong::Syntax)?) } else { None };
    if !cursor.eat(b'>') {
        return Err(Wrong::Syntax);
    }
    let length = start.saturating_sub(cursor.remaining());
    if length > PATH { Err(Wrong::Length) } else { Ok((local, domain)) }
}

/// RFC 5321 section 4.1.1.3: "Receiving systems MUST recognize source route syntax but SHOULD strip off the source route
/// specification and utilize the domain name associated with the mailbox as if the source route had not been provided."
fn source_route(cursor: &mut Cursor<'_>) -> Result<(), Wrong> {
    if cursor.peek() != Some(b'@') {
        return Ok(());
    }
    loop {
        if !cursor.eat(b'@') {
            return Err(Wrong::Syntax);
        }
        domain(cursor).ok_or(Wrong::Syntax)?;
        match cursor.next() {
            Some(b',') => {}
            Some(b':') => return Ok(()),
            _ => return Err(Wrong::Syntax),
        }
    }
}

/// `Local-part = Dot-string / Quoted-string`, as it is meant.
fn local_part(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.eat(b'"') {
        return quoted(cursor);
    }
    let local = cursor.take_while(|byte| is_atext(byte) || byte == b'.');
    let right = local.split(|byte| *byte == b'.').all(|atom| !atom.is_empty());
    let local = str::from_utf8(local).ok()?;
    right.then(|| local.to_owned())
}

/// `QcontentSMTP`s up to the closing quote: printable ASCII and the space; a backslash takes the next one as it is.
/// The empty string is grammatical and names nobody.
fn quoted(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut local = String::new();
    loop {
        let byte = match cursor.next()? {
            b'"' => break,
            b'\\' => cursor.next()?,
            byte => byte,
        };
        if !matches!(byte, b' '..=b'~') {
            return None;
        }
        local.push(char::from(byte));
    }
    (!local.is_empty()).then_some(local)
}
