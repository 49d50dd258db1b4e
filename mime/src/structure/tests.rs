use crate::{Bad, Kind, Limits, MAX_DEPTH, Param, Scanner, Section, Span, Structure, Text};

/// A multipart with text, a forwarded multipart message and a forwarded plain one: the example of RFC 9051
/// section 6.4.5.1 in small.
const MESSAGE: &str = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n\
    --o\r\n\r\none\r\n\
    --o\r\nContent-Type: message/rfc822\r\n\r\n\
    Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n\
    --i\r\n\r\ninner one\r\n--i\r\nContent-Type: text/html\r\n\r\ninner two\r\n--i--\r\n\
    --o\r\nContent-Type: message/rfc822\r\n\r\nSubject: plain\r\n\r\nplain text\r\n\
    --o--\r\n";

fn scan(message: &str) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(message.as_bytes());
    scanner.finish()
}

fn text(message: &str, span: Option<Span>) -> Option<&str> {
    let span = span?;
    message.get(span.offset as usize..span.end() as usize)
}

#[test]
fn sections() {
    let structure = scan(MESSAGE);
    let get = |path: &[u32], section| text(MESSAGE, structure.section(path, section));
    assert_eq!(get(&[], Section::Content), Some(MESSAGE));
    assert!(get(&[], Section::Header).unwrap().ends_with("boundary=o\r\n\r\n"));
    assert!(get(&[], Section::Text).unwrap().starts_with("--o\r\n"));
    assert_eq!(get(&[], Section::Mime), None);
    assert_eq!(get(&[1], Section::Content), Some("one"));
    assert_eq!(get(&[1], Section::Mime), Some("\r\n"));
    assert_eq!(get(&[1], Section::Header), None);
    assert_eq!(get(&[1, 1], Section::Content), None);
    assert!(get(&[2], Section::Content).unwrap().starts_with("Subject: inner\r\n"));
    assert_eq!(get(&[2], Section::Mime), Some("Content-Type: message/rfc822\r\n\r\n"));
    assert!(get(&[2], Section::Header).unwrap().starts_with("Subject: inner\r\n"));
    assert!(get(&[2], Section::Text).unwrap().starts_with("--i\r\n"));
    assert_eq!(get(&[2, 1], Section::Content), Some("inner one"));
    assert_eq!(get(&[2, 2], Section::Content), Some("inner two"));
    assert_eq!(get(&[2, 2], Section::Mime), Some("Content-Type: text/html\r\n\r\n"));
    assert_eq!(get(&[2, 3], Section::Content), None);
    assert_eq!(get(&[3, 1], Section::Content), Some("plain text"));
    assert_eq!(get(&[3, 1], Section::Mime), Some("Subject: plain\r\n\r\n"));
    assert_eq!(get(&[3, 2], Section::Content), None);
    assert_eq!(get(&[0], Section::Content), None);
    assert_eq!(get(&[4], Section::Content), None);
    assert_eq!(get(&[u32::MAX], Section::Content), None);
}

#[test]
fn part_1_of_a_plain_message_is_its_body() {
    let message = "Subject: a\r\n\r\nbody\r\n";
    let structure = scan(message);
    assert_eq!(text(message, structure.section(&[1], Section::Content)), Some("body\r\n"));
    assert_eq!(structure.section(&[2], Section::Content), None);
    assert_eq!(structure.section(&[1, 1], Section::Content), None);
}

#[test]
fn a_message_that_is_a_forwarded_message() {
    let message = "Subject: a\r\nContent-Type: message/rfc822\r\n\r\nSubject: b\r\n\r\nbody";
    let structure = scan(message);
    assert_eq!(text(message, structure.section(&[1], Section::Content)), Some("Subject: b\r\n\r\nbody"));
    assert_eq!(text(message, structure.section(&[1], Section::Header)), Some("Subject: b\r\n\r\n"));
    assert_eq!(text(message, structure.section(&[1, 1], Section::Content)), Some("body"));
    assert_eq!(structure.part(&[1, 1]).unwrap().depth, 1);
}

#[test]
fn children_in_order() {
    let structure = scan(MESSAGE);
    assert_eq!(structure.children(0).collect::<Vec<_>>(), [1, 2, 6]);
    assert_eq!(structure.children(2).collect::<Vec<_>>(), [3]);
    assert_eq!(structure.children(3).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(structure.children(4).count(), 0);
    assert_eq!(structure.children(99).count(), 0);
}

#[test]
fn it_survives_encoding() {
    let structure = scan(MESSAGE);
    let json = serde_json::to_string(&structure).unwrap();
    assert_eq!(serde_json::from_str::<Structure>(&json).unwrap(), structure);
}

#[test]
fn decoding_refuses_long_lists_and_strings() {
    let mut structure = scan("a: b\r\n\r\n");
    structure.parts[0].languages = vec![Text::from("en"); 33];
    let json = serde_json::to_string(&structure).unwrap();
    assert!(
        serde_json::from_str::<Structure>(&json).unwrap_err().to_string().contains("at most 32 elements")
    );
    let long = serde_json::to_string(&vec![b'a'; crate::MAX_TEXT + 1]).unwrap();
    assert!(serde_json::from_str::<Text>(&long).is_err());
}

/// Every lie is found, and without it the structure is accepted.
#[test]
fn lies_are_found() {
    type Lie = fn(&mut Structure);
    let lies: &[(Lie, Bad)] = &[
        (|s| s.parts.clear(), Bad::Empty),
        (|s| s.parts = vec![s.parts[1].clone(); 1001], Bad::TooMany),
        (|s| s.parts[4].params = vec![Param { name: "a".into(), value: "b".into() }; 65], Bad::TooMany),
        (
            |s| (3..6).for_each(|at| s.parts[at].description = Some(Text::new(vec![b'a'; 40_000]))),
            Bad::TooHeavy,
        ),
        (|s| s.parts[0].body.len += 1, Bad::Place(0)),
        (|s| s.parts[0].header.offset = 1, Bad::Place(0)),
        (|s| s.parts[1].body.len += 1_000_000, Bad::Place(1)),
        (|s| s.parts[1].body.len = u64::MAX, Bad::Place(1)),
        (|s| s.parts[4].header.offset = 0, Bad::Place(4)),
        (|s| s.parts[1].header.len += 1, Bad::Place(1)),
        (|s| s.parts[1].lines = 4, Bad::Place(1)),
        (|s| s.parts.swap(4, 5), Bad::Place(5)),
        (|s| s.parts[3].body.len -= 1, Bad::Place(3)),
        (|s| s.parts[1].depth = 2, Bad::Depth(1)),
        (|s| s.parts[1].depth = 0, Bad::Kind(0)),
        (|s| s.parts[6].depth = 0, Bad::Depth(6)),
        (|s| s.parts[5].depth = MAX_DEPTH + 1, Bad::Depth(5)),
        (|s| s.parts[1].kind = Kind::Message, Bad::Kind(1)),
        (|s| s.parts[2].kind = Kind::Leaf, Bad::Kind(2)),
        (|s| s.parts.truncate(6 + 1), Bad::Kind(6)),
        (|s| s.parts[1].media_type = "multipart".into(), Bad::Kind(1)),
        (|s| s.parts[1].media_subtype = "a b".into(), Bad::Text(1)),
        (|s| s.parts[1].encoding = Some("7 bit".into()), Bad::Text(1)),
        (|s| s.parts[1].id = Some(serde_json::from_str("[97,13,10]").unwrap()), Bad::Text(1)),
        (|s| s.parts[0].envelope = None, Bad::Envelope(0)),
        (|s| s.parts[3].envelope = None, Bad::Envelope(3)),
        (|s| s.parts[1].envelope = s.parts[0].envelope.clone(), Bad::Envelope(1)),
    ];
    let len = MESSAGE.len() as u64;
    for (at, (lie, bad)) in lies.iter().enumerate() {
        let mut structure = scan(MESSAGE);
        assert_eq!(structure.check(len), Ok(()));
        lie(&mut structure);
        assert_eq!(structure.check(len), Err(*bad), "lie {at}");
    }
    assert_eq!(scan(MESSAGE).check(len - 1), Err(Bad::Place(0)));
}

#[test]
fn what_nobody_parses_is_one_text() {
    let structure = Structure::opaque(7);
    let whole = Some(Span { offset: 0, len: 7 });
    let get = |path: &[u32], section| structure.section(path, section);
    assert_eq!(get(&[], Section::Content), whole);
    assert_eq!(get(&[], Section::Text), whole);
    assert_eq!(get(&[1], Section::Content), whole);
    assert_eq!(get(&[], Section::Header), Some(Span::default()));
    assert_eq!((get(&[2], Section::Content), structure.envelope()), (None, None));
    assert!(structure.root().unwrap().is_type("TEXT", "plain"));
}
