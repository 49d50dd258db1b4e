//! Texts are found wherever they are, and whatever is known decides.

use proptest::prelude::*;

use super::needle::{Collected, Needle};
use super::*;

#[test]
fn texts() {
    for (bytes, text, want) in [
        (&b""[..], &b""[..], true),
        (b"x", b"", true),
        (b"", b"x", false),
        (b"Hello World", b"lo wo", true),
        (b"aaab", b"aab", true),
        (b"ababac", b"abac", true),
        (b"ababab", b"abac", false),
        (b"\xc3\x9c", b"\xc3\x9c", true),
    ] {
        let mut needle = Needle::new(text.to_vec());
        for _ in 0..2 {
            assert_eq!(needle.is_in(bytes), want, "{} in {}", text.escape_ascii(), bytes.escape_ascii());
        }
    }
}

#[test]
fn a_body_is_not_the_header() {
    let mut texts = Collected::default();
    let (body, whole) = (texts.add(Scope::Body, "One"), texts.add(Scope::Whole, "ONE"));
    assert_eq!(texts.add(Scope::Body, "oNE"), body);
    let mut needles = texts.compiled(2).unwrap();
    needles.feed(b"one", true);
    let found = needles.found();
    assert_eq!((found[body], found[whole]), (false, true));
    let mut needles = needles.clone();
    needles.feed(b"o", false);
    assert!(!needles.all_found());
    needles.feed(b"ne", false);
    assert_eq!(needles.found(), [true, true]);
    assert!(needles.all_found());
}

#[test]
fn parts_are_not_one_text() {
    let mut texts = Collected::default();
    texts.add(Scope::Body, "one");
    let mut needles = texts.compiled(2).unwrap();
    for piece in [&b"on"[..], b"e one", b"x"] {
        needles.part();
        needles.feed(piece, false);
        assert_eq!(needles.found(), [piece != b"on"], "found once, it is found");
    }
}

#[test]
fn too_many_texts() {
    let mut texts = Collected::default();
    (0..3).for_each(|number| {
        texts.add(Scope::Body, &number.to_string());
    });
    assert!(texts.compiled(2).is_none());
}

#[test]
fn a_long_header_is_looked_at_in_turns() {
    let named = |name: &str, text| Field::named(&crate::proto::parse::FieldName::new(name).unwrap(), text);
    let mut fields = vec![named("x", "NEEDLE"), named("X", "absent"), named("Y", ""), named("Z", "")];
    let mut bytes = b"x: a\r\n".repeat(20_000);
    bytes.extend_from_slice(b"X: a nee\r\n dle\r\nX: a Needle\r\nY:\r\n\r\n");
    let mut header = Header::new(bytes);
    let mut turns = 0;
    while header.look(&mut fields) {
        turns += 1;
        assert_eq!(header.has(turns), None, "no more than one field a turn");
    }
    assert_eq!(turns, 4);
    let has: Vec<_> = (0..5).map(|field| header.has(field)).collect();
    assert_eq!(has, [Some(true), Some(false), Some(true), Some(false), None]);
    assert!(!header.look(&mut fields));
}

/// Does the header, of one field, have the text in it?
fn finds(header: &[u8], name: &str, text: &str) -> bool {
    let name = crate::proto::parse::FieldName::new(name).unwrap();
    let mut fields = [Field::named(&name, text), Field::any(text)];
    let mut header = Header::new(header.to_vec());
    while header.look(&mut fields) {}
    let (named, any) = (header.has(0).unwrap(), header.has(1).unwrap());
    assert_eq!(named, any, "there is but one field");
    named
}

#[test]
fn fields_are_compared_as_they_are_read() {
    for (value, text, want) in [
        (&b"=?utf-8?Q?M=C3=BCller?="[..], "MüLLER", true),
        (b"=?utf-8?Q?M=C3=9CLLER?=", "müller", true),
        (b"=?iso-8859-1?Q?M=FCller?=", "müll", true),
        (b"=?windows-1251?B?z9DI?= =?windows-1251?B?wsXS?=", "привет", true),
        (b"=?utf-8?B?5pel5g==?=\r\n =?utf-8?B?nKw=?=", "日本", true),
        (b"M\xc3\xbcller", "MÜLLER", true),
        (b"M\xfcller", "MÜLLER", true),
        (b"=?utf-8?Q?two_?=\r\n =?utf-8?Q?words?=", "TWO WORDS", true),
        // the end of the key is not the end of a word of the field
        (b"=?iso-8859-7?Q?=CF=C4=D5=D3=D3=C5=D5=D3?=", "ΟΔΥΣ", true),
        (b"=?utf-8?Q?M=C3=BCller?=", "muller", false),
        (b"=?utf-8?Q?M=C3=BCller?=", "utf-8", false),
        (b"=?unknown?Q?M=C3=BCller?=", "=?UNKNOWN?", true),
        (b"", "", true),
        (b"=?utf-8?Q?a?=", "", true),
    ] {
        let header = [b"Subject: ", value, b"\r\n"].concat();
        assert_eq!(finds(&header, "SUBJECT", text), want, "{text} in {}", value.escape_ascii());
    }
}

proptest! {
    #[test]
    fn any_octets_can_be_searched(value in any::<Vec<u8>>(), text in "\\PC{0,8}", other in "\\PC{1,2}") {
        let value: Vec<u8> = value.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let value = [b"<", value.as_slice(), text.as_bytes(), b">"].concat();
        let header = [b"X: ", value.as_slice(), b"\r\n"].concat();
        let read = fold::folded(mime::words::decode(&value)).into_owned();
        for text in [text, other] {
            let is_in = read.contains(&*fold::folded(text.as_str().into()));
            prop_assert_eq!(finds(&header, "x", &text), is_in, "{}", text);
        }
    }

    #[test]
    fn as_the_plain_way_finds_them(bytes in "[abAB]{0,40}", text in "[ab]{0,6}", cut in 0..40_usize) {
        let mut texts = Collected::default();
        texts.add(Scope::Whole, &text);
        let mut needles = texts.compiled(1).unwrap();
        let (one, other) = bytes.as_bytes().split_at(cut.min(bytes.len()));
        needles.feed(one, true);
        needles.feed(other, false);
        prop_assert_eq!(needles.found(), [bytes.to_ascii_lowercase().contains(&text)]);
    }
}
