//! The values of the `Content-*` fields (RFC 2045 section 5, RFC 2183, RFC 3282).

use super::lexer::{Lexer, is_space, is_token};
use crate::{
    limits::{MAX_BOUNDARY, MAX_LANGUAGES, MAX_PARAMS},
    structure::{Param, Text},
};

/// The longest type, subtype or disposition that is one (RFC 6838 section 4.2).
const MAX_NAME: usize = 127;

/// A media type and its parameters.
pub(crate) struct MediaType {
    pub(crate) name: Text,
    pub(crate) subtype: Text,
    pub(crate) params: Vec<Param>,
}

/// `Content-Type`; `None` when it has no type and subtype, which RFC 2045 section 5.2 treats as absent.
pub(crate) fn media_type(value: &[u8]) -> Option<MediaType> {
    let mut lexer = Lexer::new(value);
    let name = token(&mut lexer)?;
    lexer.skip_cfws();
    if !lexer.eat(b'/') {
        return None;
    }
    let subtype = token(&mut lexer)?;
    Some(MediaType { name, subtype, params: params(&mut lexer) })
}

/// `Content-Disposition`: its kind and parameters.
pub(crate) fn disposition(value: &[u8]) -> Option<(Text, Vec<Param>)> {
    let mut lexer = Lexer::new(value);
    let kind = token(&mut lexer)?;
    Some((kind, params(&mut lexer)))
}

/// The one token of `Content-Transfer-Encoding`.
pub(crate) fn encoding(value: &[u8]) -> Option<Text> {
    token(&mut Lexer::new(value))
}

/// The tags of `Content-Language`.
pub(crate) fn languages(value: &[u8]) -> Vec<Text> {
    value
        .split(|byte| *byte == b',')
        .filter_map(|piece| token(&mut Lexer::new(piece)))
        .take(MAX_LANGUAGES)
        .collect()
}

/// The boundary of a multipart, put together when it came in RFC 2231 pieces. `None` when it is absent, empty or
/// too long to be one.
pub(crate) fn boundary(params: &[Param]) -> Option<Vec<u8>> {
    let value = match value_of(params, "boundary").or_else(|| value_of(params, "boundary*")) {
        Some(value) => value.to_vec(),
        None => pieces(params),
    };
    // RFC 2046 section 5.1.1: it does not end with white space; a gateway may have added some
    let value = value.trim_ascii_end();
    (!value.is_empty() && value.len() <= MAX_BOUNDARY).then(|| value.to_vec())
}

fn pieces(params: &[Param]) -> Vec<u8> {
    (0..MAX_PARAMS)
        .map_while(|n| {
            value_of(params, &format!("boundary*{n}")).or_else(|| value_of(params, &format!("boundary*{n}*")))
        })
        .flatten()
        .copied()
        .collect()
}

fn value_of<'a>(params: &'a [Param], name: &str) -> Option<&'a [u8]> {
    params.iter().find(|param| param.name.eq_ignore_case(name)).map(|param| param.value.as_bytes())
}

/// The parameters behind a type or disposition. What lacks a name or a `=` is skipped.
fn params(lexer: &mut Lexer<'_>) -> Vec<Param> {
    let mut params = Vec::new();
    while params.len() < MAX_PARAMS {
        lexer.take_while(|byte| byte != b';');
        if !lexer.eat(b';') {
            break;
        }
        params.extend(param(lexer));
    }
    params
}

fn param(lexer: &mut Lexer<'_>) -> Option<Param> {
    let name = token(lexer)?;
    lexer.skip_cfws();
    if !lexer.eat(b'=') {
        return None;
    }
    lexer.skip_cfws();
    let value = if lexer.peek() == Some(b'"') { lexer.quoted() } else { bare_value(lexer).to_vec() };
    Some(Param { name, value: Text::new(value) })
}

/// A value without quotes. Senders leave them away although the value needs them (`=`, `/`, even spaces): then it goes
/// on to the semicolon.
fn bare_value<'a>(lexer: &mut Lexer<'a>) -> &'a [u8] {
    let mut whole = lexer.clone();
    let word = lexer.take_while(|byte| !is_space(byte) && byte != b';' && byte != b'(');
    lexer.skip_cfws();
    if lexer.peek().is_none_or(|byte| byte == b';') {
        return word;
    }
    whole.take_while(|byte| byte != b';').trim_ascii()
}

fn token(lexer: &mut Lexer<'_>) -> Option<Text> {
    lexer.skip_cfws();
    let token = lexer.take_while(is_token);
    (1..=MAX_NAME).contains(&token.len()).then(|| Text::from(token))
}

/// Is it a token as [`media_type`] and [`disposition`] return them?
pub(crate) fn is_name(text: &Text) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.iter().all(|byte| is_token(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> String {
        media_type(value.as_bytes()).map_or("none".into(), |media| {
            let params = media.params.iter().map(|param| format!(";{:?}={:?}", param.name, param.value));
            format!("{:?}/{:?}{}", media.name, media.subtype, params.collect::<String>()).replace('"', "")
        })
    }

    #[test]
    fn media_types() {
        let table = [
            ("text/plain", "text/plain"),
            ("text", "none"),
            ("", "none"),
            ("/plain", "none"),
            ("Text (c) / (c) HTML ; charset = utf-8 (c)", "Text/HTML;charset=utf-8"),
            ("text/plain; charset=\"us ascii\"; format=flowed", "text/plain;charset=us ascii;format=flowed"),
            ("image/png; name=my file.png; x=y", "image/png;name=my file.png;x=y"),
            ("multipart/mixed; boundary=----=_Part_1/2:3", "multipart/mixed;boundary=----=_Part_1/2:3"),
            ("a/b;;; x=1;=2;y;z=3;", "a/b;x=1;z=3"),
            ("a/b; name*0*=utf-8''a%20; name*1=b", "a/b;name*0*=utf-8''a%20;name*1=b"),
            ("a/b junk; x=1", "a/b;x=1"),
            ("a/b; x=\"1;2\"; y=3", "a/b;x=1;2;y=3"),
        ];
        for (value, expected) in table {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn boundaries() {
        let boundary_of = |value: &str| {
            boundary(&media_type(value.as_bytes()).unwrap().params)
                .map(|found| String::from_utf8(found).unwrap())
        };
        assert_eq!(boundary_of("multipart/x; BOUNDARY=\"a b  \"").unwrap(), "a b");
        assert_eq!(boundary_of("multipart/x; boundary*0=a; boundary*1=b").unwrap(), "ab");
        assert_eq!(boundary_of("multipart/x; boundary=\"\""), None);
        assert_eq!(boundary_of(&format!("multipart/x; boundary={}", "b".repeat(257))), None);
    }

    #[test]
    fn the_other_fields() {
        let (kind, params) = disposition(b"attachment; filename=\"a.pdf\"").unwrap();
        assert!(kind.eq_ignore_case("ATTACHMENT") && params[0].value.as_bytes() == b"a.pdf");
        assert_eq!(encoding(b" (c) Base64 (c)").unwrap(), Text::from("Base64"));
        assert_eq!(languages(b"en, de-AT (c),, fr"), ["en", "de-AT", "fr"].map(Text::from));
    }
}
