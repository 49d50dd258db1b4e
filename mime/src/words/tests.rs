//! Fields as they come in real mail, and as nobody would write them.

use proptest::prelude::*;

use super::*;

fn check(cases: &[(&str, &str)]) {
    for (value, want) in cases {
        assert_eq!(decode(value.as_bytes()), *want, "{value}");
    }
}

/// RFC 2047 section 8; what it shows as comments is text here, with its parentheses.
#[test]
fn the_examples_of_the_rfc() {
    check(&[
        ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", "André Pirard <PIRARD@vm1.ulg.ac.be>"),
        (
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        ),
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=  \t=?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
    ]);
}

#[test]
fn character_sets() {
    check(&[
        ("=?utf-8?Q?M=C3=BCller?= <m@one.example>", "Müller <m@one.example>"),
        ("=?UTF-8?B?R3LDvMOfZSDwn46J?=", "Grüße 🎉"),
        ("=?utf-8*de?q?Gr=c3=bc=c3=9fe?=", "Grüße"),
        ("=?iso-8859-1?Q?M=FCller?=", "Müller"),
        ("=?iso-8859-2?Q?=AElu=BBou=E8k=FD?=", "Žluťoučký"),
        ("=?iso-8859-7?Q?=C1=E8=DE=ED=E1?=", "Αθήνα"),
        ("=?iso-8859-15?Q?5_=A4?=", "5 €"),
        ("=?windows-1251?Q?=D1=F7=B8=F2?=", "Счёт"),
        ("=?windows-1252?Q?5_=80_=93so=94?=", "5 € “so”"),
        ("=?windows-1254?Q?=DDstanbul?=", "İstanbul"),
        ("=?windows-1255?B?+ezl7Q==?=", "שלום"),
        ("=?windows-1256?B?49HNyMc=?=", "مرحبا"),
        ("=?koi8-r?B?8NLJ18XULCDNydI=?=", "Привет, мир"),
        ("=?shift_jis?B?kL+LgY+R?=", "請求書"),
        ("=?gb2312?B?t6LGsQ==?=", "发票"),
        ("=?big5?B?tPq41Q==?=", "測試"),
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?iso-2022-jp?B?GyRCMnE1RCROGyhC?= =?iso-2022-jp?B?GyRCJCpDTiRpJDsbKEI=?=", "会議のお知らせ"),
    ]);
}

#[test]
fn words_in_a_row() {
    check(&[
        // a character cut in two
        ("=?utf-8?B?5pel5g==?= =?UTF8?B?nKw=?=", "日本"),
        ("=?utf-8?Q?M=C3?= =?utf-8?B?vGxsZXI=?=", "Müller"),
        ("=?utf-8?Q?M=C3?= x =?utf-8?Q?=BC?=", "M\u{fffd} x \u{fffd}"),
        ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q??= =?utf-8?Q?b?= ", "b "),
        ("a =?utf-8?Q?b?= c =?utf-8?Q?d?=e", "a b c de"),
        ("=?utf-8?Q?a?= =?unknown?Q?b?= =?utf-8?Q?c?=", "a =?unknown?Q?b?= c"),
    ]);
}

#[test]
fn lenient_where_mail_is() {
    check(&[
        ("\"=?utf-8?Q?M=C3=BCller=2C_Jo?=\" <m@one.example>", "\"Müller, Jo\" <m@one.example>"),
        ("=?utf-8?Q?M=C3=BCller?=<m@one.example>", "Müller<m@one.example>"),
        ("Re:=?utf-8?Q?two words?=", "Re:two words"),
    ]);
}

#[test]
fn what_is_no_encoded_word_stays() {
    for value in [
        "",
        "plain",
        "Grüße",
        "=?",
        "=?=",
        "=?utf-8?Q?a",
        "=?utf-8?Q?a?",
        "=?utf-8?Q?a?b?=",
        "=?utf-8?X?a?=",
        "=?utf-8?a?=",
        "=??Q?a?=",
        "=?utf-7?Q?+APw-?=",
        "=?iso-2022-kr?Q?a?=",
        "2 =? 1+1 ?= 2",
    ] {
        assert!(matches!(decode(value.as_bytes()), Cow::Borrowed(same) if same == value), "{value}");
    }
    assert_eq!(decode(b"=?utf-8?=?=?utf-8?Q?a?=?="), "=?utf-8?=?a?=");
}

#[test]
fn octets_above_127() {
    assert_eq!(decode(b"M\xc3\xbcller"), "Müller");
    assert_eq!(decode(b"M\xfcller \x80"), "Müller €");
    assert_eq!(decode(b"M\xfcller =?utf-8?Q?=C3=BC?= \xc3\xbc"), "Müller ü ü");
    assert_eq!(decode(b"=?utf-8?Q?M\xc3\xbcller?="), "Müller");
}

#[test]
fn long_values_take_a_time_in_proportion() {
    for piece in [
        "=?",
        "=?utf-8?",
        "=?utf-8?Q?",
        "=?utf-8?Q?=41",
        "=?utf-8?Q?a?= ",
        "=?utf-8?Q??=x",
        "=?iso-2022-jp?Q??= ",
    ] {
        // a quadratic way would take many minutes
        let value = piece.repeat(1 << 17);
        assert!(decode(value.as_bytes()).len() <= value.len(), "{piece}");
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let word =
        ("utf-8|koi8-r|iso-2022-jp|big5|gb18030|shift_jis|euc-kr|utf-16|x", "[QBqbX]", any::<Vec<u8>>())
            .prop_map(|(charset, transfer, text)| {
                [format!("=?{charset}?{transfer}?").as_bytes(), &text, b"?="].concat()
            });
    let piece = prop_oneof![
        word,
        any::<Vec<u8>>(),
        "[ \t]{0,2}".prop_map(String::into_bytes),
        "[=?qQ8_uft-]{0,9}".prop_map(String::into_bytes)
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn anything_becomes_text_of_a_bounded_size(value in pieces()) {
        prop_assert!(decode(&value).len() <= 3 * value.len());
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{0,40}", cut in 0..160_usize, charset in "utf-8|UTF8|utf-8\\*en") {
        let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
        let word = |octets: &[u8]| {
            let text: String = octets.iter().map(|octet| format!("={octet:02X}")).collect();
            format!("=?{charset}?Q?{text}?=")
        };
        let value = format!("{} {}", word(one), word(other));
        prop_assert_eq!(decode(value.as_bytes()), text);
    }
}
