//! SEARCH in messages that are longer than what is read of each at first.

use ipc::mail::SystemFlags;

use crate::connection::Connection;
use crate::fake::Store;

/// Two texts with an attachment between them.
fn mail() -> String {
    format!(
        "Subject: long\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst of two\r\n--b\r\n\
         Content-Type: application/zip; name=\"enclosed.zip\"\r\n\r\n{}\r\n--b\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nlast =6Ff two {}\r\n--b--\r\n",
        "attached ".repeat(9_000),
        "word ".repeat(9_000),
    )
}

#[test]
fn texts_are_found_wherever_they_are() {
    let mail = mail();
    let mut scanner = mime::Scanner::new(mime::Limits::default());
    scanner.push(mail.as_bytes());
    let right = ipc::codec::encode_record(&scanner.finish()).unwrap();
    for structure in [right, Vec::new(), vec![0xff; 300]] {
        let store = Store::shared();
        for bytes in [mail.as_bytes(), b"Subject: short\r\n\r\nnothing\r\n"] {
            let structure = if bytes.len() > 100 { structure.clone() } else { Vec::new() };
            store.borrow_mut().named("INBOX").deliver(bytes, structure, SystemFlags::SEEN, &[], 0);
        }
        let mut connection = Connection::selected(&store);
        for (key, want) in [
            ("BODY \"FIRST of two\"", " 1"),
            ("BODY \"last of two word\"", " 1"),
            ("BODY enclosed.zip", " 1"),
            ("BODY attached", ""),
            ("BODY \"two last\"", ""),
            ("NOT BODY first", " 2"),
            ("TEXT \"subject: \"", " 1 2"),
            ("TEXT boundary BODY word", " 1"),
            ("OR SUBJECT short BODY last", " 1 2"),
        ] {
            connection.send(format!("a SEARCH {key}\r\n").as_bytes());
            assert_eq!(connection.said(), format!("* SEARCH{want}\r\na OK Searched.\r\n"), "{key}");
        }
    }
}

/// What becomes of a store that dies while a message is searched: the session ends, with a word.
#[test]
fn a_store_that_dies_is_told() {
    for dies_after in 1..6 {
        let store = Store::shared();
        let flags = SystemFlags::SEEN;
        store.borrow_mut().named("INBOX").deliver(mail().as_bytes(), Vec::new(), flags, &[], 0);
        let mut connection = Connection::selected(&store);
        connection.backend.dies_after = Some(dies_after);
        connection.send(b"a SEARCH TEXT absent\r\n");
        let said = connection.said();
        assert!(said.starts_with("* BYE [UNAVAILABLE]") && !connection.open, "{dies_after}: {said}");
    }
}
