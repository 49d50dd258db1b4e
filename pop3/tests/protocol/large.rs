//! Maildrops and messages that are larger than what may be in memory.

use crate::connection::Connection;
use crate::fake::Store;

/// What may be pending: the mark at which it is sent, and one more piece.
const PENDING: usize = 64 * 1024 + 1024;

#[test]
fn a_message_is_streamed_and_its_size_is_exact() {
    let store = Store::shared();
    let message: Vec<u8> =
        b"Subject: x\r\n\r\n".iter().chain(b".line\r\n".repeat(300_000).iter()).copied().collect();
    store.borrow_mut().deliver(&message);
    let mut connection = Connection::logged_in(&store);
    connection.send(b"RETR 1\r\n");
    assert!(connection.pending < PENDING, "{}", connection.pending);
    let said = connection.said();
    let sent = said.strip_prefix(&format!("+OK {} octets\r\n", message.len())).unwrap();
    let sent = sent.strip_suffix(".\r\n").unwrap();
    assert_eq!(sent.len(), message.len() + 300_000, "a dot more for each line");
    assert_eq!(sent.replace("\r\n..", "\r\n.").into_bytes(), message);
}

#[test]
fn a_list_is_told_in_pieces() {
    let store = Store::shared();
    for _ in 0..20_000 {
        store.borrow_mut().deliver(b"A: 1\r\n\r\n");
    }
    let mut connection = Connection::logged_in(&store);
    connection.send(b"DELE 7\r\nUIDL\r\n");
    assert!(connection.pending < PENDING, "{}", connection.pending);
    let said = connection.said();
    let mut lines = said.lines().skip(2);
    for number in (1..=20_000).filter(|number| *number != 7) {
        assert_eq!(lines.next(), Some(format!("{number} {number:08x}00000007").as_str()));
    }
    assert_eq!((lines.next(), lines.next()), (Some("."), None));
    // alternate ones: more runs than go into one request
    let marks: String =
        (1..=20_000).step_by(2).filter(|n| *n != 7).map(|n| format!("DELE {n}\r\n")).collect();
    connection.send(format!("{marks}QUIT\r\n").as_bytes());
    assert!(connection.said().ends_with("+OK Good bye, 10000 removed.\r\n"));
    assert_eq!(store.borrow().uids(), (2..=20_000).step_by(2).collect::<Vec<_>>());
}

#[test]
fn the_top_of_a_large_message_takes_no_more_of_it_than_it_needs() {
    let store = Store::shared();
    let header = "A: b\r\n".repeat(20_000);
    store.borrow_mut().deliver(format!("{header}\r\n{}", "line\r\n".repeat(300_000)).as_bytes());
    let mut connection = Connection::logged_in(&store);
    connection.send(b"TOP 1 2\r\n");
    assert_eq!(connection.said(), format!("+OK The top follows.\r\n{header}\r\nline\r\nline\r\n.\r\n"));
    // 64 KiB, then 128 KiB, of 1.9 MB
    assert_eq!(connection.backend.announced, 192 * 1024);
}

#[test]
fn a_store_that_dies_at_any_time_removes_nothing_that_was_not_acknowledged() {
    for dies_after in 0..40 {
        let store = Store::shared();
        for _ in 0..4 {
            store.borrow_mut().deliver(&b"text\r\n".repeat(100));
        }
        let mut connection = Connection::logged_in(&store);
        connection.backend.dies_after = Some(dies_after);
        connection.send(b"RETR 1\r\nDELE 1\r\nTOP 2 1\r\nDELE 2\r\nQUIT\r\n");
        let said = connection.said();
        assert!(!connection.open);
        let left = store.borrow().uids();
        if said.contains("2 removed") {
            assert_eq!(left, [3, 4]);
        } else {
            assert!(left == [1, 2, 3, 4] || said.contains("-ERR [SYS/TEMP]"), "{said}");
            // a message that is cut off has no end
            let whole = said.matches("\r\n.\r\n").count();
            let begun = said.matches(" octets\r\n").count() + said.matches("top follows").count();
            assert!(begun - whole <= 1 && (begun == whole || !said.ends_with("-ERR")), "{said}");
        }
    }
}
