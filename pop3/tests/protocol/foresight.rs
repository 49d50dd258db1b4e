//! Who retrieves one message after the other is read ahead for.

use ipc::service::mailbox::Foreseen;

use crate::connection::Connection;
use crate::fake::Store;

/// The UIDs that were said to be retrieved soon.
fn foreseen(connection: &mut Connection, commands: &str) -> Vec<u32> {
    connection.send(commands.as_bytes());
    let said = connection.said();
    assert!(!said.contains("-ERR"), "{said}");
    let soon = std::mem::take(&mut connection.backend.foreseen);
    soon.into_iter()
        .map(|foreseen| match foreseen {
            Foreseen::Body { uid, offset: 0, length: 6 } => uid,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn what_comes_next_is_foreseen_once() {
    let store = Store::shared();
    for _ in 0..50 {
        store.borrow_mut().deliver(b"text\r\n");
    }
    let mut connection = Connection::logged_in(&store);
    for (commands, want) in [
        ("RETR 1\r\n", vec![]),
        ("DELE 1\r\nDELE 4\r\nRETR 2\r\n", [2, 3].into_iter().chain(5..=34).collect()),
        ("RETR 3\r\n", vec![]),
        // one was passed over
        ("RETR 5\r\nRETR 7\r\nTOP 8 1\r\n", vec![]),
        ("RETR 8\r\n", (8..=39).collect()),
        (&(9..=39).map(|number| format!("RETR {number}\r\n")).collect::<String>(), vec![]),
        ("RETR 40\r\nRETR 41\r\n", (40..=50).collect()),
        ("RETR 50\r\nRETR 49\r\nRETR 49\r\n", vec![]),
    ] {
        assert_eq!(foreseen(&mut connection, commands), want, "{commands}");
    }
}

#[test]
fn a_store_that_dies_meanwhile_is_told() {
    let store = Store::shared();
    (0..3).for_each(|_| store.borrow_mut().deliver(b"text\r\n"));
    for dies_after in 0..7 {
        let mut connection = Connection::logged_in(&store);
        connection.backend.dies_after = Some(dies_after);
        connection.send(b"RETR 1\r\nRETR 2\r\nRETR 3\r\n");
        let said = connection.said();
        assert!(!connection.open, "{dies_after}");
        assert!(said.matches("+OK 6 octets\r\ntext\r\n.\r\n").count() <= 2, "{dies_after}: {said}");
    }
}
