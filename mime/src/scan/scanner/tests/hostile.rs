//! Messages made to cost too much, and messages made by chance.

use std::fmt::Write;

use proptest::prelude::*;

use super::{scan, scan_in, text};
use crate::{Limits, MAX_DEPTH, MAX_PARTS, MAX_WEIGHT, Scanner, scan::scanner::Phase};

#[test]
fn ten_thousand_parts() {
    let mut message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    (0..10_000).for_each(|n| write!(message, "--b\r\n\r\n{n}\r\n").unwrap());
    message.push_str("--b--\r\n");
    let structure = scan(message.as_bytes());
    assert_eq!(structure.parts().len(), MAX_PARTS);
    let last = structure.parts().last().unwrap();
    let body = text(&message, last.body);
    assert!(
        body.starts_with("998\r\n--b\r\n\r\n999") && body.ends_with("\r\n9999"),
        "the rest is the last part's text"
    );
}

#[test]
fn heavy_parts_stop_where_the_weight_is_used_up() {
    let mut message = "Content-Type: multipart/mixed; boundary=b\n\n".to_owned();
    (0..900).for_each(|n| {
        write!(message, "--b\nContent-Type: text/plain; name=\"{}\"\nContent-ID: {n}\n\n", "n".repeat(500))
            .unwrap();
    });
    let structure = scan(message.as_bytes());
    assert!(structure.weight() > MAX_WEIGHT - 1000 && structure.weight() <= MAX_WEIGHT);
    assert!((150..900).contains(&structure.parts().len()));
}

#[test]
fn one_envelope_leaves_room_for_the_parts() {
    let to = "a@example.org, ".repeat(10_000);
    let message =
        format!("To: {to}\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-ID: <i>\n\nx\n--b--\n");
    let structure = scan(message.as_bytes());
    assert!(structure.envelope().unwrap().to.len() > 1000);
    assert_eq!(structure.parts()[1].id.as_deref(), Some(&b"<i>"[..]));
}

#[test]
fn junk_fields_do_not_hide_the_media_type() {
    let junk = "X-Junk: junk junk junk junk junk\nTo: a@x\n".repeat(20_000);
    let message = format!("{junk}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n");
    let structure = scan_in(message.as_bytes(), 4096);
    assert_eq!(structure.parts().len(), 2);
    assert_eq!(structure.check(message.len() as u64), Ok(()));
}

#[test]
fn too_deep_is_opaque() {
    let messages = "Content-Type: message/rfc822\n\n".repeat(100);
    let multiparts: String =
        (0..100).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    for message in [messages, multiparts] {
        let structure = scan(message.as_bytes());
        assert_eq!(structure.parts().len(), usize::from(MAX_DEPTH) + 1);
        assert!(structure.parts().last().unwrap().is_type("application", "octet-stream"));
    }
}

#[test]
fn lower_limits_are_kept_and_higher_ones_are_not() {
    let limits = Limits { depth: 0, ..Limits::default() };
    let mut scanner = Scanner::new(limits);
    scanner.push(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b--\n");
    assert!(scanner.finish().root().unwrap().is_type("application", "octet-stream"));
    let most = Limits {
        depth: u16::MAX,
        parts: usize::MAX,
        mime_header: usize::MAX,
        envelope_header: usize::MAX,
        weight: usize::MAX,
    };
    assert_eq!(Scanner::new(most).limits, Limits::default());
}

/// What the scanner holds on the heap, but for the structure: it must not grow with the message.
fn held(scanner: &Scanner) -> usize {
    let fields = match &scanner.phase {
        Phase::Header { fields, .. } => fields.held(),
        Phase::Body => 0,
    };
    fields + scanner.line.held()
}

#[test]
fn endless_lines_are_not_kept() {
    let mib = vec![b'-'; 1 << 20];
    let starts = [
        ("\n", 1024),
        ("", 32),
        ("Subject: ", 32),
        ("Content-Type: text/plain; a=", 32),
        ("To: ", 32),
        ("\n--", 32),
    ];
    for (start, count) in starts {
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(start.as_bytes());
        (0..count).for_each(|_| scanner.push(&mib));
        assert!(held(&scanner) < 256 * 1024, "{start:?} holds {}", held(&scanner));
        let structure = scanner.finish();
        assert_eq!(structure.check(start.len() as u64 + (count << 20)), Ok(()));
    }
}

/// Lines out of which hostile messages are made.
fn line() -> impl Strategy<Value = String> {
    let lines = [
        "",
        "",
        "text",
        "--a",
        "--a--",
        "--b",
        "--b--",
        "--ab ",
        "--ab--",
        "-",
        " folded",
        "junk",
        "Subject: s",
        "To: a@b, g: c;",
        "Content-Type: multipart/mixed; boundary=a",
        "Content-Type: multipart/digest; boundary=b",
        "Content-Type: multipart/x; boundary=\"ab\"",
        "Content-Type: message/rfc822",
        "Content-Type: text/html; x=\"",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=x",
        "From: \"x\" <@r:y@z> (c)",
    ];
    (
        proptest::sample::select(lines.to_vec()),
        proptest::sample::select(vec!["\n", "\r\n", "\r\n", "\r", "\r\r\n"]),
    )
        .prop_map(|(line, end)| format!("{line}{end}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn messages_in_any_pieces(lines in prop::collection::vec(line(), 0..60), cuts in prop::collection::vec(1usize..40, 1..40)) {
        let message = lines.concat().into_bytes();
        let structure = scan_in(&message, usize::MAX);
        prop_assert_eq!(structure.check(message.len() as u64), Ok(()));
        let mut scanner = Scanner::new(Limits::default());
        let mut rest = &message[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            scanner.push(piece);
            rest = after;
        }
        prop_assert_eq!(scanner.finish(), structure);
    }

    #[test]
    fn random_bytes(message in prop::collection::vec(any::<u8>(), 0..600)) {
        let structure = scan_in(&message, usize::MAX);
        prop_assert_eq!(structure.check(message.len() as u64), Ok(()));
        prop_assert_eq!(scan_in(&message, 1), structure);
    }

    #[test]
    fn random_values(value in prop::collection::vec(prop::sample::select(b"<>@,;:\"()[]\\. a=/*\t\r\n\0\xff-1".to_vec()), 0..200)) {
        let mut message = Vec::new();
        for name in ["From: ", "\nContent-Type: ", "\nContent-Disposition: ", "\nContent-Language: ", "\nDate: "] {
            message.extend_from_slice(name.as_bytes());
            message.extend_from_slice(&value);
        }
        let structure = scan_in(&message, usize::MAX);
        prop_assert_eq!(structure.check(message.len() as u64), Ok(()));
        prop_assert_eq!(scan_in(&message, 1), structure);
        if let Some(unix) = crate::date::parse_internal_date(&value).or(crate::date::parse_mail_date(&value).map(|sent| sent.unix)) {
            prop_assert_eq!(crate::date::parse_internal_date(crate::date::format_internal_date(unix).as_bytes()), Some(unix));
        }
        let picked = crate::header::pick(&message, &["from"], crate::header::Pick::Others);
        prop_assert!(picked.len() <= message.len());
    }
}
