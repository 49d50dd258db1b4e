use super::*;

/// Addresses as `name|adl|mailbox|host`, `-` for what is absent.
fn read(value: &str) -> Vec<String> {
    Addresses::new(value.as_bytes())
        .map(|address| {
            [address.name, address.adl, address.mailbox, address.host]
                .map(|text| text.map_or("-".into(), |text| String::from_utf8_lossy(&text).into_owned()))
                .join("|")
        })
        .collect()
}

#[test]
fn table() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        (" , ,", &[]),
        ("ann@example.org", &["-|-|ann|example.org"]),
        ("Ann <ann@example.org>", &["Ann|-|ann|example.org"]),
        ("Ann  B.  Clark <ann@example.org>", &["Ann B. Clark|-|ann|example.org"]),
        ("\"Clark, \\\"Ann\\\"\" <ann@example.org>", &["Clark, \"Ann\"|-|ann|example.org"]),
        ("=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?= <j@x>", &["=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?=|-|j|x"]),
        ("ann@example.org (Ann Clark)", &["Ann Clark|-|ann|example.org"]),
        ("<ann@example.org> (Ann (the first))", &["Ann (the first)|-|ann|example.org"]),
        ("ann (aka) . b @ example . org, c@d", &["aka|-|ann.b|example.org", "-|-|c|d"]),
        ("\"ann b\"@example.org", &["-|-|ann b|example.org"]),
        ("\"a. b\"@x", &["-|-|a. b|x"]),
        ("<@a,@b.c:ann@example.org>", &["-|@a,@b.c|ann|example.org"]),
        ("<@example.org>", &["-|-||example.org"]),
        ("ann@[192.0.2.1], b@[IPv6:2001:db8::1]", &["-|-|ann|[192.0.2.1]", "-|-|b|[IPv6:2001:db8::1]"]),
        ("undisclosed-recipients:;", &["-|-|undisclosed-recipients|-", "-|-|-|-"]),
        ("All Staff: a@x, B <b@y>;, c@z", &["-|-|All Staff|-", "-|-|a|x", "B|-|b|y", "-|-|-|-", "-|-|c|z"]),
        ("team: a@x", &["-|-|team|-", "-|-|a|x", "-|-|-|-"]),
        ("a: b: c@x;", &["-|-|a|-", "-|-|c|x", "-|-|-|-"]),
        ("root", &["-|-|root|"]),
        ("a@b.c <a@b.c>", &["a@b.c|-|a|b.c"]),
        ("a@x; b@y", &["-|-|a|x", "-|-|b|y"]),
        ("Ann <>", &["Ann|-||"]),
        ("<mailto:a@x>", &["-|-|a|x"]),
        ("Ann <a@x, b@y", &["Ann|-|a|x", "-|-|b|y"]),
        ("a@x@y, b@z", &["-|-|a|x", "-|-|b|z"]),
        ("\"open <a@x>", &["-|-|open <a@x>|"]),
        ("J\u{f6}rg <j@x>", &["J\u{f6}rg|-|j|x"]),
        (">>a@x", &["-|-|a|x"]),
    ];
    for (value, expected) in table {
        assert_eq!(read(value), *expected, "{value}");
    }
}

#[test]
fn every_byte_makes_progress() {
    for a in 0..=255u8 {
        for b in b"<>@,;:\"()[]\\. a" {
            let value: Vec<u8> = [a, *b, a, b'@', *b].into();
            assert!(Addresses::new(&value).take(100).count() < 20, "{value:?}");
        }
    }
}
