use std::fmt::Write;

use super::*;

mod hostile;

fn scan_in(message: &[u8], chunk: usize) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    message.chunks(chunk.max(1)).for_each(|piece| scanner.push(piece));
    scanner.finish()
}

/// Scans in several ways, makes sure that they agree and that a reader accepts the result.
fn scan(message: &[u8]) -> Structure {
    let structure = scan_in(message, usize::MAX);
    assert_eq!(structure.check(message.len() as u64), Ok(()));
    for chunk in [1, 2, 7] {
        assert_eq!(scan_in(message, chunk), structure, "in pieces of {chunk}");
    }
    structure
}

fn text(message: &str, span: Span) -> &str {
    message.get(span.offset as usize..span.end() as usize).unwrap()
}

/// A line per part: indented by depth, its type, lines, and body.
fn outline(message: &str) -> String {
    let mut outline = String::new();
    for part in scan(message.as_bytes()).parts() {
        let indent = " ".repeat(part.depth.into());
        let name = String::from_utf8_lossy(&part.media_type).into_owned();
        let subtype = String::from_utf8_lossy(&part.media_subtype).into_owned();
        write!(outline, "{indent}{name}/{subtype} {}", part.lines).unwrap();
        if part.kind == Kind::Leaf {
            let body = text(message, part.body);
            write!(outline, " {body:?}").unwrap();
        }
        outline.push('\n');
    }
    outline
}

#[track_caller]
fn assert_outline(message: &str, expected: &[&str]) {
    let crlf = message.replace('\n', "\r\n");
    let expected: String = expected.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(outline(message), expected, "with bare LF");
    assert_eq!(outline(&crlf).replace("\\r\\n", "\\n"), expected, "with CRLF");
}

#[test]
fn plain() {
    assert_outline("", &["text/plain 0 \"\""]);
    assert_outline("\n", &["text/plain 0 \"\""]);
    assert_outline("a: b", &["text/plain 0 \"\""]);
    assert_outline("a: b\n\none\ntwo", &["text/plain 1 \"one\\ntwo\""]);
    assert_outline("Content-Type: garbage\n\n--x\n", &["text/plain 1 \"--x\\n\""]);
    assert_outline("Content-Type:\n text/html;\n charset=utf-8\n\n", &["text/html 0 \"\""]);
}

#[test]
fn a_bare_cr_is_text() {
    let structure = scan(b"a: b\r\rc: d\r\n\r\nx\ry\r\n");
    assert_eq!(structure.parts()[0].header, Span { offset: 0, len: 14 });
    assert_eq!(structure.parts()[0].lines, 1);
}

#[test]
fn nested_alternative_with_attachment() {
    assert_outline(
        "Content-Type: multipart/mixed; boundary=\"a\"\n\npreamble\n--a\n\
         Content-Type: multipart/alternative; boundary=ab\n\n--ab\n\nplain\n\n--ab\nContent-Type: text/html\n\n<p>\n\
         --ab--\nepilogue\n--ab\n--a\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n\
         --a--\nepilogue\n--a\n",
        &[
            "multipart/mixed 23",
            " multipart/alternative 10",
            "  text/plain 1 \"plain\\n\"",
            "  text/html 0 \"<p>\"",
            " application/pdf 0 \"AAAA\"",
        ],
    );
}

#[test]
fn an_outer_boundary_ends_inner_parts() {
    assert_outline(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n\
         --i\n\nunfinished\n--o\n\nnext\n--o--\n",
        &[
            "multipart/mixed 10",
            " multipart/mixed 2",
            "  text/plain 0 \"unfinished\"",
            " text/plain 0 \"next\"",
        ],
    );
}

#[test]
fn the_innermost_of_two_equal_boundaries_has_it() {
    assert_outline(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
        &["multipart/mixed 11", " multipart/mixed 3", "  text/plain 0 \"one\"", " text/plain 0 \"two\""],
    );
}

#[test]
fn truncated() {
    let head = "Content-Type: multipart/mixed; boundary=b\n\n";
    assert_outline(&format!("{head}--b\n\none\n"), &["multipart/mixed 3", " text/plain 1 \"one\\n\""]);
    assert_outline(&format!("{head}--b\n\none\n--b--"), &["multipart/mixed 3", " text/plain 0 \"one\""]);
    assert_outline(&format!("{head}--b\nX: y"), &["multipart/mixed 1", " text/plain 0 \"\""]);
    assert_outline(&format!("{head}--b"), &["multipart/mixed 0", " text/plain 0 \"\""]);
    assert_outline(head.trim_end(), &["text/plain 0 \"\""]);
}

#[test]
fn header_and_body_of_a_part_that_ends_at_once() {
    let message =
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: y\r\n--b\r\nX: y\r\n\r\n--b\r\n--b--";
    let structure = scan(message);
    let header = |at: usize| {
        let span = structure.parts()[at].header;
        &message[span.offset as usize..span.end() as usize]
    };
    assert_eq!([header(1), header(2), header(3)], [&b"X: y\r\n"[..], b"X: y\r\n\r\n", b""]);
    assert!(structure.parts()[1..].iter().all(|part| part.body.len == 0 && part.lines == 0));
}

#[test]
fn a_multipart_without_parts_is_text() {
    let text = ["text/plain 1 \"body\\n\""];
    assert_outline("Content-Type: multipart/mixed\n\nbody\n", &text);
    assert_outline("Content-Type: multipart/mixed; boundary=b\n\nbody\n", &text);
    assert_outline("Content-Type: multipart/mixed; boundary=b\n\n--b--\n", &["text/plain 1 \"--b--\\n\""]);
    let structure = scan(b"Content-Type: multipart/mixed; boundary=b\n\n");
    assert_eq!(structure.parts()[0].params[0].value.as_bytes(), b"us-ascii");
}

#[test]
fn boundary_lines_and_what_only_looks_like_them() {
    assert_outline(
        "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b \t\n\n--a bc\n--a b-\n --a b\n-- a b\n--A B\n--a b--  \n",
        &["multipart/mixed 8", " text/plain 4 \"--a bc\\n--a b-\\n --a b\\n-- a b\\n--A B\""],
    );
}

#[test]
fn signed() {
    assert_outline(
        "Content-Type: multipart/signed; micalg=pgp-sha512;\n protocol=\"application/pgp-signature\"; boundary=\"=_s\"\n\n\
         --=_s\nContent-Type: text/plain\n\n- -- \nsigned\n\n--=_s\nContent-Type: application/pgp-signature; name=s.asc\n\n\
         -----BEGIN PGP SIGNATURE-----\n--=_s--\n",
        &[
            "multipart/signed 11",
            " text/plain 2 \"- -- \\nsigned\\n\"",
            " application/pgp-signature 0 \"-----BEGIN PGP SIGNATURE-----\"",
        ],
    );
}

#[test]
fn a_digest_contains_messages() {
    let message = "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\n1\n\
                   --d\nContent-Type: text/plain\n\ntext\n--d\n\nSubject: two\n--d--\n";
    assert_outline(
        message,
        &[
            "multipart/digest 13",
            " message/rfc822 2",
            "  text/plain 0 \"1\"",
            " text/plain 0 \"text\"",
            " message/rfc822 1",
            "  text/plain 0 \"\"",
        ],
    );
    let structure = scan(message.as_bytes());
    let subject = |at: usize| structure.parts()[at].envelope.as_ref().unwrap().subject.clone().unwrap();
    assert_eq!([subject(2), subject(5)], ["one".into(), "two".into()]);
}

#[test]
fn forwarded_with_attachments() {
    assert_outline(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nsee below\n--o\nContent-Type: message/rfc822\n\n\
         Subject: fwd\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\ntext\n--i\nContent-Type: image/png\n\nPNG\n--i--\n\
         --o--\n",
        &[
            "multipart/mixed 18",
            " text/plain 0 \"see below\"",
            " message/rfc822 10",
            "  multipart/mixed 7",
            "   text/plain 0 \"text\"",
            "   image/png 0 \"PNG\"",
        ],
    );
}

#[test]
fn an_encoded_message_is_not_opened() {
    assert_outline(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nAAAA\n",
        &["application/octet-stream 1 \"AAAA\\n\""],
    );
}

#[test]
fn fields_of_a_part() {
    let structure = scan(
        b"Content-Type: image/png; name*0=a; name*1=b\nContent-Id: <id@x>\nContent-Description: it's a\n  picture\n\
          Content-Transfer-Encoding: BASE64\nContent-MD5: Q2hlY2s=\nContent-Location: http://x/ y\n\
          Content-Disposition: attachment; filename=\"a \\\"b\\\".png\"; size=12\nContent-Language: en, de\n\n",
    );
    let part = structure.root().unwrap();
    assert_eq!(part.params[1].name.as_bytes(), b"name*1");
    assert_eq!(part.id.as_deref(), Some(&b"<id@x>"[..]));
    assert_eq!(part.description.as_deref(), Some(&b"it's a  picture"[..]));
    assert_eq!(part.encoding.as_deref(), Some(&b"BASE64"[..]));
    assert_eq!(part.md5.as_deref(), Some(&b"Q2hlY2s="[..]));
    assert_eq!(part.location.as_deref(), Some(&b"http://x/ y"[..]));
    assert_eq!(part.disposition.as_ref().unwrap().params[0].value.as_bytes(), b"a \"b\".png");
    assert_eq!(part.languages, ["en".into(), "de".into()]);
}

#[test]
fn envelope_with_8_bit_and_control_bytes() {
    let structure = scan(
        b"Date: Wed, 1 Jul 2026 12:00:00 +0000\r\nSubject: J\xf6rg\r\n \xc3\xb6 a\rb\0c\r\nFROM: \"J\xf6rg\" <j@x>\r\n\
          Reply-To:\r\nTo: a@x\r\nTo: b@y\r\nMessage-ID: <1@x>\r\nIn-Reply-To:\r\nX-Date: no\r\n\r\nSubject: no\r\n",
    );
    let envelope = structure.envelope().unwrap();
    assert_eq!(envelope.date.as_deref(), Some(&b"Wed, 1 Jul 2026 12:00:00 +0000"[..]));
    assert_eq!(envelope.subject.as_deref(), Some(&b"J\xf6rg \xc3\xb6 a b c"[..]));
    assert_eq!(envelope.from[0].name.as_deref(), Some(&b"J\xf6rg"[..]));
    assert_eq!(envelope.sender_or_from(), envelope.from);
    assert_eq!(envelope.reply_to_or_from(), envelope.from);
    assert_eq!(envelope.to.len(), 2);
    assert!(envelope.cc.is_empty());
    assert_eq!(envelope.message_id.as_deref(), Some(&b"<1@x>"[..]));
    assert_eq!(envelope.in_reply_to.as_deref(), Some(&b""[..]));
}
