//! One client's command must not keep the others of its worker waiting: what takes long is done in turns.

use ipc::mail::SystemFlags;

use crate::connection::Connection;
use crate::fake::Store;

fn search(connection: &mut Connection, key: &str) -> (String, usize) {
    connection.turns = 0;
    connection.send(format!("a SEARCH {key}\r\n").as_bytes());
    (connection.said(), connection.turns)
}

#[test]
fn many_conditions_on_many_messages_are_tried_in_turns() {
    let store = Store::shared();
    for _ in 0..200 {
        store.borrow_mut().named("INBOX").deliver(b"A: 1\r\n\r\n", Vec::new(), SystemFlags::SEEN, &[], 0);
    }
    let mut connection = Connection::selected(&store);
    let everything: Vec<_> = (1..=200).map(|number| number.to_string()).collect();
    let all = format!("* SEARCH {}\r\na OK Searched.\r\n", everything.join(" "));
    assert_eq!(search(&mut connection, "SEEN"), (all.clone(), 0));
    let (said, turns) = search(&mut connection, &vec!["SEEN"; 999].join(" "));
    assert_eq!(said, all);
    assert!(turns >= 3, "{turns}");
}

#[test]
fn a_long_header_is_searched_in_turns() {
    let store = Store::shared();
    let mail = format!("{}Subject: last\r\n\r\nbody", "X: y\r\n".repeat(30_000));
    store.borrow_mut().named("INBOX").deliver(mail.as_bytes(), Vec::new(), SystemFlags::SEEN, &[], 0);
    let mut connection = Connection::selected(&store);
    let absent: Vec<_> = (0..50).map(|number| format!("NOT HEADER X z{number}")).collect();
    let (said, turns) = search(&mut connection, &format!("{} SUBJECT LAST BODY body", absent.join(" ")));
    assert_eq!(said, "* SEARCH 1\r\na OK Searched.\r\n");
    assert!(turns >= 50, "{turns}");
}

#[test]
fn many_names_are_told_in_turns() {
    let store = Store::shared();
    let long = "x".repeat(1000);
    for number in 0..100 {
        store.borrow_mut().folder(&format!("{long}{number:03}"), None);
    }
    let mut connection = Connection::selected(&store);
    for (command, pattern) in [("LIST", "*"), ("LSUB", "*"), ("LIST", &*"*x".repeat(50))] {
        (connection.turns, connection.pending) = (0, 0);
        connection.send(format!("a {command} \"\" {pattern}\r\n").as_bytes());
        let said = connection.said();
        assert!(said.ends_with("a OK Mailboxes listed.\r\n"));
        let all = if pattern == "*" { 101 } else { 0 };
        assert_eq!(said.matches("\"/\"").count(), all, "{command}");
        assert!(connection.pending < 70_000, "{}", connection.pending);
        assert!(pattern == "*" || connection.turns > 30, "{}", connection.turns);
    }
}

#[test]
fn many_names_in_a_long_header_are_much_work() {
    let store = Store::shared();
    let mail = format!("{}\r\nbody", "X: y\r\n".repeat(30_000));
    store.borrow_mut().named("INBOX").deliver(mail.as_bytes(), Vec::new(), SystemFlags::SEEN, &[], 0);
    let mut connection = Connection::selected(&store);
    for (names, work) in [(1, 180_000), (500, 90_000_000)] {
        connection.work = 0;
        let list = "A ".repeat(names);
        connection.send(format!("a FETCH 1 BODY.PEEK[HEADER.FIELDS ({})]\r\n", list.trim()).as_bytes());
        assert!(connection.said().ends_with("a OK Fetched.\r\n"));
        assert!(connection.work >= work, "{names}: {}", connection.work);
    }
}
