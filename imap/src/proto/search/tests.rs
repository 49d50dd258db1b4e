//! Texts are found wherever they are, and whatever is known decides.

use proptest::prelude::*;

use super::needle::{Collected, contains};
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
        assert_eq!(contains(bytes, text), want, "{} in {}", text.escape_ascii(), bytes.escape_ascii());
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
    needles.rewind();
    needles.feed(b"o", false);
    needles.feed(b"ne", false);
    assert_eq!(needles.found(), [true, true]);
}

#[test]
fn too_many_texts() {
    let mut texts = Collected::default();
    (0..3).for_each(|number| {
        texts.add(Scope::Body, &number.to_string());
    });
    assert!(texts.compiled(2).is_none());
}

proptest! {
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
