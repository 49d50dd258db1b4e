//! The parameters behind a path, RFC 5321 section 4.1.2 `Mail-parameters`.

use super::cursor::Cursor;
use super::{MailFrom, RcptTo, Refusal, dsn};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::ask::Body;

/// The parameters of MAIL, each once at most.
pub(super) fn mail(reverse_path: ReversePath, cursor: &mut Cursor<'_>) -> Result<MailFrom, Refusal> {
    let (mut size, mut body, mut ret, mut envid, mut sender) = (None, None, None, None, None);
    while let Some(Parameter { keyword, value }) = parameter(cursor)? {
        match keyword.to_ascii_uppercase().as_slice() {
            b"SIZE" if size.is_none() => size = Some(octets(value)?),
            b"BODY" if body.is_none() => body = Some(body_kind(value)?),
            b"RET" if ret.is_none() => ret = Some(dsn::ret(value)?),
            b"ENVID" if envid.is_none() => envid = Some(dsn::envid(value)?),
            b"AUTH" if sender.is_none() => sender = Some(dsn::xtext(value)?),
            b"SIZE" | b"BODY" | b"RET" | b"ENVID" | b"AUTH" => return Err(Refusal::Parameter),
            _ => return Err(Refusal::UnknownParameter),
        }
    }
    Ok(MailFrom { reverse_path, size, body: body.unwrap_or_default(), ret, envid, sender })
}

/// The parameters of RCPT, each once at most.
pub(super) fn rcpt(path: ForwardPath, cursor: &mut Cursor<'_>) -> Result<RcptTo, Refusal> {
    let (mut notify, mut orcpt) = (None, None);
    while let Some(Parameter { keyword, value }) = parameter(cursor)? {
        match keyword.to_ascii_uppercase().as_slice() {
            b"NOTIFY" if notify.is_none() => notify = Some(dsn::notify(value)?),
            b"ORCPT" if orcpt.is_none() => orcpt = Some(dsn::orcpt(value)?),
            b"NOTIFY" | b"ORCPT" => return Err(Refusal::Parameter),
            _ => return Err(Refusal::UnknownParameter),
        }
    }
    Ok(RcptTo { path, notify, orcpt })
}

struct Parameter<'a> {
    keyword: &'a [u8],
    value: &'a [u8],
}

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`, parted by spaces.
fn parameter<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Parameter<'a>>, Refusal> {
    if cursor.is_empty() {
        return Ok(None);
    }
    if !cursor.eat(b' ') {
        return Err(Refusal::Arguments);
    }
    cursor.skip_spaces();
    let keyword = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if keyword.is_empty() || keyword.starts_with(b"-") {
        return Err(Refusal::Arguments);
    }
    let value = if cursor.eat(b'=') { value(cursor)? } else { b"" };
    Ok(Some(Parameter { keyword, value }))
}

/// `esmtp-value = 1*(%d33-60 / %d62-126)`
fn value<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Refusal> {
    let value = cursor.take_while(|byte| matches!(byte, 33..=60 | 62..=126));
    if value.is_empty() { Err(Refusal::Parameter) } else { Ok(value) }
}

/// RFC 1870 section 5: `size-value ::= 1*20DIGIT`. What needs more than 64 bits is too large for anybody.
pub(super) fn octets(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || value.len() > 20 || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::Parameter);
    }
    Ok(value.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
    }))
}

/// RFC 6152 section 2; BINARYMIME (RFC 3030) is not offered.
fn body_kind(value: &[u8]) -> Result<Body, Refusal> {
    match value.to_ascii_uppercase().as_slice() {
        b"7BIT" => Ok(Body::SevenBit),
        b"8BITMIME" => Ok(Body::EightBit),
        _ => Err(Refusal::Parameter),
    }
}
