//! What a command says it will ask of the store is what it asks.

use ipc::mail::SystemFlags;

use crate::connection::Connection;
use crate::fake::{Shared, Store};

/// 300 messages, of 1000 octets and some of 100,000.
fn store() -> Shared {
    let store = Store::shared();
    for number in 0..300 {
        let words = if number % 50 == 7 { 20_000 } else { 200 };
        let mail = format!(
            "From: a{number}@example.org\r\nSubject: number {number}\r\n\r\n{}\r\n",
            "word ".repeat(words)
        );
        let mut scanner = mime::Scanner::new(mime::Limits::default());
        scanner.push(mail.as_bytes());
        let structure = ipc::codec::encode_record(&scanner.finish()).unwrap();
        let mut store = store.borrow_mut();
        store.named("INBOX").deliver(mail.as_bytes(), structure, SystemFlags::default(), &[], 0);
    }
    store
}

/// Questions that were foreseen, and those that were not.
fn foresight(store: &Shared, command: &str) -> (usize, usize) {
    let mut connection = Connection::selected(store);
    connection.backend.foresight = (0, 0);
    connection.send(format!("a {command}\r\n").as_bytes());
    let said = connection.said();
    assert!(said.lines().last().is_some_and(|line| line.starts_with("a OK ")), "{command}");
    connection.backend.foresight
}

#[test]
fn what_is_asked_was_foreseen() {
    let store = store();
    for (command, asked) in [
        ("FETCH 1:* (UID BODY.PEEK[])", (300, 0)),
        ("FETCH 1:* (BODY.PEEK[]<10.20> ENVELOPE)", (600, 0)),
        ("FETCH 1:* (UID ENVELOPE BODYSTRUCTURE)", (300, 0)),
        ("FETCH 2:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])", (598, 0)),
        ("FETCH 1:6 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])", (18, 0)),
        ("FETCH 1:* (FLAGS UID)", (0, 0)),
        ("SEARCH SUBJECT 77", (300, 0)),
        ("SEARCH SEEN SUBJECT 77", (0, 0)),
        ("UID SEARCH 20:250 FROM a77", (231, 0)),
        // of those that are long, first the header, then where the texts are, then these
        ("SEARCH TEXT absent", (300, 12)),
        ("SEARCH BODY absent", (300, 6)),
    ] {
        assert_eq!(foresight(&store, command), asked, "{command}");
    }
}

#[test]
fn one_question_is_asked_at_once() {
    let store = store();
    for command in ["FETCH 3 (BODY.PEEK[])", "SEARCH 3 SUBJECT 2", "UID FETCH 3 (ENVELOPE)"] {
        assert_eq!(foresight(&store, command), (0, 1), "{command}");
    }
}
