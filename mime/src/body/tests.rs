use proptest::prelude::*;

use super::*;
use crate::{Limits, Scanner};

/// A part with this header, and a body.
fn part(header: &str) -> Part {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(format!("{header}\r\n\r\n").as_bytes());
    scanner.finish().root().unwrap().clone()
}

fn read<'a>(header: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let mut decoder = TextDecoder::of(&part(header))?;
    let mut text: String = pieces.into_iter().map(|piece| decoder.push(piece)).collect();
    text.push_str(&decoder.finish());
    Some(text)
}

#[test]
fn texts() {
    for (header, body, want) in [
        ("X: y", &b"plain \xc3\xbc"[..], "plain ü"),
        ("Content-Type: text/plain; charset=us-ascii", b"\xc3\xbc", "ü"),
        ("Content-Type: text/plain; charset=ISO-8859-1", b"M\xfcller", "Müller"),
        ("Content-Type: text/plain; charset=\"no such\"", b"M\xfcller", "M\u{fffd}ller"),
        ("Content-Transfer-Encoding: Base64", b"TcO8\r\nbGxl\r\ncg==\r\n", "Müller"),
        ("Content-Transfer-Encoding: quoted-printable", b"M=C3=BCl=\r\nler =3D=\n 1= \t\r\n.", "Müller = 1."),
        ("Content-Transfer-Encoding: quoted-printable", b"a=b =4 =4g == =", "a=b =4 =4g ="),
        ("Content-Transfer-Encoding: x-unknown", b"=41", "=41"),
        (
            "Content-Type: text/html; charset=koi8-r\r\nContent-Transfer-Encoding: base64",
            b"8NLJ18XU",
            "Привет",
        ),
        ("Content-Type: text/plain; charset=iso-2022-jp", b"\x1b$BF|K\\\x1b(B", "日本"),
        ("Content-Type: text/plain; charset=utf-16le", b"a\0b\0", "ab"),
        ("Content-Type: message/delivery-status", b"Status: 5.1.1", "Status: 5.1.1"),
    ] {
        for size in [body.len(), 1, 3] {
            assert_eq!(read(header, body.chunks(size)).as_deref(), Some(want), "{header}, by {size}");
        }
    }
}

#[test]
fn what_is_no_text() {
    for header in [
        "Content-Type: application/pdf",
        "Content-Type: image/png",
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\r\n--x--",
        "Content-Type: message/rfc822\r\n\r\nSubject: x",
    ] {
        assert_eq!(read(header, [&b"x"[..]]), None, "{header}");
    }
}

proptest! {
    #[test]
    fn pieces_are_nothing(
        body in any::<Vec<u8>>(),
        cut in 1..20_usize,
        transfer in prop::sample::select(vec!["base64", "quoted-printable", "8bit"]),
        charset in prop::sample::select(vec!["utf-8", "iso-8859-1", "shift_jis", "utf-16be", "gb18030"]),
    ) {
        let header =
            format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {transfer}");
        let whole = read(&header, [body.as_slice()]).unwrap();
        prop_assert_eq!(&whole, &read(&header, body.chunks(cut)).unwrap());
        prop_assert!(whole.len() <= body.len() * 3 + 3);
    }

    #[test]
    fn what_was_written_is_read(text in "\\PC{0,60}", cut in 1..9_usize) {
        use base64::Engine;
        let quoted: String = text.bytes().map(|byte| format!("={byte:02X}=\r\n")).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(&text);
        for (transfer, body) in [("quoted-printable", quoted), ("base64", base64)] {
            let header = format!("Content-Transfer-Encoding: {transfer}");
            let read = read(&header, body.as_bytes().chunks(cut)).unwrap();
            // a mark of the byte order at the start is none of the text
            prop_assert_eq!(read, text.strip_prefix('\u{feff}').unwrap_or(&text));
        }
    }
}
