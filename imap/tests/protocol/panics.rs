//! A message on which a parser panics: one session notices, and from then on it is text for everybody.

use ipc::mail::SystemFlags;

use crate::connection::Connection;
use crate::fake::{Shared, Store};

const MAIL: &[u8] = b"Subject: planted\r\nX-Bulkhead-Test: panic\r\n\r\nbody\r\n";

/// The messages 1 and 3 are good ones; nothing is stored of the structure of any.
fn planted() -> Shared {
    let store = Store::shared();
    for mail in [&b"Subject: one\r\n\r\nbody\r\n"[..], MAIL, b"Subject: three\r\n\r\nbody\r\n"] {
        store.borrow_mut().named("INBOX").deliver(mail, Vec::new(), SystemFlags::SEEN, &[], 0);
    }
    store
}

fn is_opaque(store: &Shared) -> bool {
    store.borrow_mut().named("INBOX").messages.get(&2).is_some_and(|message| message.row.opaque)
}

fn said(connection: &mut Connection, command: &str) -> String {
    connection.send(format!("a {command}\r\n").as_bytes());
    connection.said()
}

#[test]
fn whatever_is_asked_first_is_answered() {
    let size = MAIL.len();
    let nothing = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    let whole = String::from_utf8_lossy(MAIL);
    for (item, want) in [
        ("ENVELOPE", format!("ENVELOPE {nothing}")),
        ("BODY", format!("BODY (\"text\" \"plain\" NIL NIL NIL \"8bit\" {size} 0)")),
        ("(UID BODY.PEEK[TEXT])", format!("UID 2 BODY[TEXT] {{{size}}}\r\n{whole}")),
        (
            "(BODY.PEEK[HEADER.FIELDS (Subject)] ENVELOPE)",
            format!("BODY[HEADER.FIELDS (Subject)] {{0}}\r\n ENVELOPE {nothing}"),
        ),
    ] {
        let store = planted();
        let mut connection = Connection::selected(&store);
        let answer = said(&mut connection, &format!("FETCH 2 {item}"));
        assert_eq!(answer, format!("* 2 FETCH ({want})\r\na OK Fetched.\r\n"), "{item}");
        assert!(is_opaque(&store), "{item}");
        // it goes on, here and elsewhere
        for connection in [&mut connection, &mut Connection::selected(&store)] {
            let answer = said(connection, &format!("FETCH 2 {item}"));
            assert_eq!(answer, format!("* 2 FETCH ({want})\r\na OK Fetched.\r\n"), "{item}");
            let all = said(connection, "FETCH 1:3 ENVELOPE");
            assert!(all.contains("\"one\"") && all.contains("\"three\"") && all.contains("a OK"), "{all}");
        }
    }
}

#[test]
fn what_is_not_parsed_is_served_as_it_is() {
    let store = planted();
    let mut connection = Connection::selected(&store);
    let answer = said(&mut connection, "FETCH 2 (RFC822.SIZE BODY.PEEK[])");
    assert!(answer.contains(&String::from_utf8_lossy(MAIL).into_owned()), "{answer}");
    assert!(!is_opaque(&store));
}

#[test]
fn a_search_goes_on_without_it() {
    for (key, want) in [
        ("SUBJECT planted", ""),
        ("NOT SUBJECT planted", " 1 2 3"),
        ("BODY body", " 1 2 3"),
        ("BODY \"subject: planted\"", " 2"),
        ("TEXT three", " 3"),
        ("SENTSINCE 1-Jan-2000", ""),
    ] {
        let store = planted();
        let mut connection = Connection::selected(&store);
        for _ in 0..2 {
            let answer = said(&mut connection, &format!("SEARCH {key}"));
            assert_eq!(answer, format!("* SEARCH{want}\r\na OK Searched.\r\n"), "{key}");
        }
        assert!(is_opaque(&store), "{key}");
    }
}

/// One that is longer than what a search reads first, and is scanned piece by piece.
#[test]
fn a_long_one_is_no_different() {
    let store = Store::shared();
    let mail = format!("{}{}", String::from_utf8_lossy(MAIL), "word ".repeat(20_000));
    for command in ["SEARCH BODY \"word word\"", "FETCH 1 (BODY)"] {
        store.borrow_mut().named("INBOX").messages.clear();
        let flags = SystemFlags::SEEN;
        let uid = store.borrow_mut().named("INBOX").deliver(mail.as_bytes(), Vec::new(), flags, &[], 0);
        let mut connection = Connection::selected(&store);
        let answer = said(&mut connection, command);
        assert!(answer.contains("SEARCH 1") || answer.contains("\"text\" \"plain\""), "{answer}");
        let opaque = store.borrow_mut().named("INBOX").messages.get(&uid).map(|message| message.row.opaque);
        assert_eq!(opaque, Some(true), "{command}");
    }
}

#[test]
fn it_can_be_appended() {
    let store = planted();
    let mut connection = Connection::selected(&store);
    let mail = String::from_utf8_lossy(MAIL);
    let answer = said(&mut connection, &format!("APPEND INBOX {{{}+}}\r\n{mail}", mail.len()));
    assert!(answer.ends_with("a OK [APPENDUID 7 4] Appended.\r\n"), "{answer}");
    assert!(store.borrow_mut().named("INBOX").messages[&4].structure.is_empty());
}
