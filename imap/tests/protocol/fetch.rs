//! Every kind of section of a real message, against bytes cut by hand.

use bulkhead_imap::proto::Security;
use ipc::mail::SystemFlags;

use crate::connection::Connection;
use crate::fake::{Shared, Store};

const TOP: &str = "From: Ada <ada@one.example>\r\nTo: bob@two.example\r\nSubject: nested\r\nMIME-Version: 1.0\r\n\
                   Content-Type: multipart/mixed; boundary=outer\r\n\r\n";
const PREAMBLE: &str = "This is the preamble.\r\n";
const ONE_MIME: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
const ONE: &str = "The first part.\r\nTwo lines.";
const TWO_MIME: &str = "Content-Type: message/rfc822\r\nContent-Description: forwarded\r\n\r\n";
const INNER_HEADER: &str = "From: carl@three.example\r\nSubject: inner\r\nX-Long: folded\r\n here\r\n\
                            Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n";
const TWO_ONE_MIME: &str = "Content-Type: text/plain\r\n\r\n";
const TWO_ONE: &str = "plain";
const TWO_TWO_MIME: &str = "Content-Type: text/html\r\n\r\n";
const TWO_TWO: &str = "<b>html</b>";
const THREE_MIME: &str = "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"a.bin\"\r\n\
     Content-Transfer-Encoding: base64\r\n\r\n";
const THREE: &str = "AAECAwQ=";

fn inner_text() -> String {
    format!("--inner\r\n{TWO_ONE_MIME}{TWO_ONE}\r\n--inner\r\n{TWO_TWO_MIME}{TWO_TWO}\r\n--inner--\r\n")
}

fn text() -> String {
    let inner = inner_text();
    format!(
        "{PREAMBLE}--outer\r\n{ONE_MIME}{ONE}\r\n--outer\r\n{TWO_MIME}{INNER_HEADER}{inner}\r\n--outer\r\n\
         {THREE_MIME}{THREE}\r\n--outer--\r\nepilogue\r\n"
    )
}

/// The ways in which the store may know the structure.
#[derive(Clone, Copy, Debug)]
enum Stored {
    Right,
    Nothing,
    Garbage,
    OfAnotherMessage,
}

fn store(stored: Stored) -> Shared {
    let mail = format!("{TOP}{}", text());
    let structure_of = |mail: &str| {
        let mut scanner = mime::Scanner::new(mime::Limits::default());
        scanner.push(mail.as_bytes());
        ipc::codec::encode_record(&scanner.finish()).unwrap()
    };
    let structure = match stored {
        Stored::Right => structure_of(&mail),
        Stored::Nothing => Vec::new(),
        Stored::Garbage => vec![0xff; 300],
        Stored::OfAnotherMessage => structure_of(&format!("{mail}more")),
    };
    let store = Store::shared();
    let flags = SystemFlags::SEEN;
    store.borrow_mut().named("INBOX").deliver(mail.as_bytes(), structure, flags, &[], 0);
    store
}

/// Fetches one item, and returns its value as it was written.
fn fetched(connection: &mut Connection, item: &str, named: &str) -> String {
    connection.send(format!("f FETCH 1 {item}\r\n").as_bytes());
    let said = connection.said();
    let value = said.strip_prefix(&format!("* 1 FETCH ({named} "));
    let value = value.and_then(|value| value.strip_suffix(")\r\nf OK Fetched.\r\n"));
    value.unwrap_or_else(|| panic!("{item}: {said}")).to_owned()
}

fn literal(text: &str) -> String {
    format!("{{{}}}\r\n{text}", text.len())
}

#[test]
fn every_section() {
    let (text, inner) = (text(), inner_text());
    let whole = format!("{TOP}{text}");
    let inner_message = format!("{INNER_HEADER}{inner}");
    let cases = [
        ("BODY[]", Some(whole.as_str())),
        ("BODY[HEADER]", Some(TOP)),
        ("BODY[TEXT]", Some(&text)),
        ("BODY[1]", Some(ONE)),
        ("BODY[1.MIME]", Some(ONE_MIME)),
        ("BODY[1.1]", None),
        ("BODY[1.HEADER]", None),
        ("BODY[1.TEXT]", None),
        ("BODY[2]", Some(&inner_message)),
        ("BODY[2.MIME]", Some(TWO_MIME)),
        ("BODY[2.HEADER]", Some(INNER_HEADER)),
        ("BODY[2.TEXT]", Some(&inner)),
        ("BODY[2.1]", Some(TWO_ONE)),
        ("BODY[2.1.MIME]", Some(TWO_ONE_MIME)),
        ("BODY[2.2]", Some(TWO_TWO)),
        ("BODY[2.2.MIME]", Some(TWO_TWO_MIME)),
        ("BODY[2.3]", None),
        ("BODY[3]", Some(THREE)),
        ("BODY[3.MIME]", Some(THREE_MIME)),
        ("BODY[4]", None),
        ("BODY[HEADER.FIELDS (SUBJECT)]", Some("Subject: nested\r\n\r\n")),
        ("BODY[HEADER.FIELDS (Absent)]", Some("\r\n")),
        (
            "BODY[2.HEADER.FIELDS (x-long FROM)]",
            Some("From: carl@three.example\r\nX-Long: folded\r\n here\r\n\r\n"),
        ),
        (
            "BODY[2.HEADER.FIELDS.NOT (x-long Content-Type)]",
            Some("From: carl@three.example\r\nSubject: inner\r\n\r\n"),
        ),
        ("BODY[3.HEADER.FIELDS (From)]", None),
    ];
    for stored in [Stored::Right, Stored::Nothing, Stored::Garbage, Stored::OfAnotherMessage] {
        let mut connection = Connection::selected(&store(stored));
        for (item, want) in &cases {
            let want = want.map_or_else(|| "NIL".to_owned(), literal);
            assert_eq!(fetched(&mut connection, item, item), want, "{item}, {stored:?}");
        }
        for (item, want) in [("RFC822", whole.as_str()), ("RFC822.HEADER", TOP), ("RFC822.TEXT", &text)] {
            assert_eq!(fetched(&mut connection, item, item), literal(want), "{item}, {stored:?}");
        }
    }
}

#[test]
fn partial_sections() {
    let mut connection = Connection::selected(&store(Stored::Right));
    for (item, named, want) in [
        ("BODY.PEEK[1]<0.5>", "BODY[1]<0>", "The f"),
        ("BODY.PEEK[1]<4.5>", "BODY[1]<4>", "first"),
        ("BODY.PEEK[1]<19.4294967295>", "BODY[1]<19>", "o lines."),
        ("BODY.PEEK[1]<4294967295.1>", "BODY[1]<4294967295>", ""),
        ("BODY.PEEK[HEADER.FIELDS (Subject)]<9.6>", "BODY[HEADER.FIELDS (Subject)]<9>", "nested"),
        ("BODY.PEEK[HEADER.FIELDS (Subject)]<99.6>", "BODY[HEADER.FIELDS (Subject)]<99>", ""),
    ] {
        assert_eq!(fetched(&mut connection, item, named), literal(want), "{item}");
    }
}

#[test]
fn structures() {
    let (inner, message) = (inner_text(), format!("{INNER_HEADER}{}", inner_text()));
    let lines = message.matches("\r\n").count();
    assert_eq!(inner.matches("\r\n").count(), 9);
    let carl = "((NIL NIL \"carl\" \"three.example\"))";
    let envelope = format!("(NIL \"inner\" {carl} {carl} {carl} NIL NIL NIL NIL NIL)");
    let want = format!(
        "((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7BIT\" {} 1)\
         (\"message\" \"rfc822\" NIL NIL \"forwarded\" \"7BIT\" {} {envelope} \
         ((\"text\" \"plain\" NIL NIL NIL \"7BIT\" 5 0)(\"text\" \"html\" NIL NIL NIL \"7BIT\" 11 0) \"alternative\") {lines})\
         (\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 8) \"mixed\")",
        ONE.len(),
        message.len(),
    );
    let ada = "((\"Ada\" NIL \"ada\" \"one.example\"))";
    let top =
        format!("(NIL \"nested\" {ada} {ada} {ada} ((NIL NIL \"bob\" \"two.example\")) NIL NIL NIL NIL)");
    for stored in [Stored::Right, Stored::Nothing, Stored::Garbage] {
        let mut connection = Connection::selected(&store(stored));
        assert_eq!(fetched(&mut connection, "BODY", "BODY"), want);
        assert_eq!(fetched(&mut connection, "ENVELOPE", "ENVELOPE"), top);
        let extended = fetched(&mut connection, "BODYSTRUCTURE", "BODYSTRUCTURE");
        assert!(extended.contains("(\"attachment\" (\"filename\" \"a.bin\"))"), "{extended}");
    }
}

/// Whatever its size, a message passes through in pieces.
#[test]
fn memory_does_not_grow_with_the_message() {
    let store = Store::shared();
    let mail = format!("Subject: large\r\n\r\n{}", "x".repeat(3_000_000));
    store.borrow_mut().named("INBOX").deliver(mail.as_bytes(), Vec::new(), SystemFlags::SEEN, &[], 0);
    let mut connection = Connection::selected(&store);
    connection.pending = 0;
    for item in ["BODY[]", "RFC822.TEXT", "BODYSTRUCTURE"] {
        connection.send(format!("f FETCH 1 {item}\r\n").as_bytes());
        let said = connection.said();
        assert!(said.ends_with(")\r\nf OK Fetched.\r\n"));
        assert_eq!(said.contains(mail.split_at(20).1), item != "BODYSTRUCTURE");
    }
    assert!(connection.pending < 70_000, "{}", connection.pending);
}

/// In the middle of a literal there is no place for a BYE.
#[test]
fn a_store_that_dies_within_a_message_says_nothing_more() {
    let store = store(Stored::Right);
    let mut connection = Connection::new(&store, Security::Tls);
    connection.send(b"a LOGIN user secret\r\nb SELECT INBOX\r\n");
    connection.said();
    connection.backend.dies_after = Some(3);
    connection.send(b"c FETCH 1 BODY[]\r\n");
    let said = connection.said();
    assert!(said.starts_with("* 1 FETCH (BODY[] {"), "{said}");
    assert!(!connection.open && !said.contains("BYE"), "{said}");
}

/// NUL cannot be said in IMAP; a message that came with it is readable all the same.
#[test]
fn nul_becomes_a_question_mark() {
    let store = Store::shared();
    let mail = b"Subject: a\0b\r\n\r\nc\0d\r\n";
    store.borrow_mut().named("INBOX").deliver(mail, Vec::new(), SystemFlags::SEEN, &[], 0);
    let mut connection = Connection::selected(&store);
    assert_eq!(fetched(&mut connection, "BODY[]", "BODY[]"), literal("Subject: a?b\r\n\r\nc?d\r\n"));
    let field = "BODY[HEADER.FIELDS (Subject)]";
    assert_eq!(fetched(&mut connection, field, field), literal("Subject: a?b\r\n\r\n"));
}
