//! What holds whatever the client sends and whatever the mail is.

use proptest::prelude::*;

use bulkhead_pop3::proto::{Security, parse};

use crate::connection::Connection;
use crate::fake::Store;

/// Reads a multi-line reply as a strict client does, and as one for which LF ends a line; both must see one reply.
fn messages(sent: &[u8]) -> (Vec<u8>, &[u8]) {
    let head = sent.windows(2).position(|pair| pair == b"\r\n").expect("a status line") + 2;
    let (mut at, mut message) = (head, Vec::new());
    loop {
        let rest = &sent[at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("an end of the line") + 2;
        let line = &rest[..end];
        at += end;
        if line == b".\r\n" {
            return (message, &sent[at..]);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
}

/// The place behind the first line that is a dot alone, where LF ends a line.
fn lenient_end(sent: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in sent.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line == b".\r\n" || line == b".\n" {
            return Some(at);
        }
    }
    None
}

fn mail() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b".".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"Subject: x".to_vec()),
        Just(b"+OK".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn command() -> impl Strategy<Value = String> {
    let number = 0_u32..9;
    prop_oneof![
        number.clone().prop_map(|n| format!("DELE {n}")),
        number.clone().prop_map(|n| format!("RETR {n}")),
        (number.clone(), 0_u32..4).prop_map(|(n, lines)| format!("TOP {n} {lines}")),
        number.clone().prop_map(|n| format!("LIST {n}")),
        number.prop_map(|n| format!("UIDL {n}")),
        Just("LIST".to_owned()),
        Just("UIDL".to_owned()),
        Just("STAT".to_owned()),
        Just("RSET".to_owned()),
        Just("NOOP".to_owned()),
        Just("CAPA".to_owned()),
    ]
}

proptest! {
    /// Any mail arrives as it is, and no client sees its end before the end.
    #[test]
    fn retr_brings_the_octets_and_one_end(message in mail()) {
        let store = Store::shared();
        store.borrow_mut().deliver(&message);
        let mut connection = Connection::logged_in(&store);
        connection.send(b"RETR 1\r\n");
        let sent = std::mem::take(&mut connection.output);
        prop_assert_eq!(lenient_end(&sent), Some(sent.len()));
        let (got, rest) = messages(&sent);
        prop_assert!(rest.is_empty());
        // a dot behind a LF alone is doubled, too, for those who see a line there
        let mut expected = Vec::new();
        for (at, byte) in message.iter().enumerate() {
            let behind_bare = at > 0 && message[at - 1] == b'\n' && (at < 2 || message[at - 2] != b'\r');
            if *byte == b'.' && behind_bare {
                expected.push(b'.');
            }
            expected.push(*byte);
        }
        if !message.is_empty() && !message.ends_with(b"\r\n") {
            expected.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!(got, expected);
    }

    /// TOP is a front of what RETR sends.
    #[test]
    fn top_is_a_front_of_the_message(message in mail(), lines in 0_u32..20) {
        let store = Store::shared();
        store.borrow_mut().deliver(&message);
        let mut connection = Connection::logged_in(&store);
        connection.send(b"RETR 1\r\n");
        let whole = std::mem::take(&mut connection.output);
        connection.send(format!("TOP 1 {lines}\r\n").as_bytes());
        let top = std::mem::take(&mut connection.output);
        prop_assert_eq!(lenient_end(&top), Some(top.len()));
        let ((whole, _), (top, _)) = (messages(&whole), messages(&top));
        let kept = top.strip_suffix(b"\r\n").unwrap_or(&top);
        prop_assert!(whole.starts_with(kept));
    }

    /// Whatever is sent, by whatever pieces: no panic, and before a login no question but for the login.
    #[test]
    fn nothing_that_is_sent_breaks_a_session(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        plain in any::<bool>(),
        chunk in 1_usize..100,
    ) {
        let store = Store::shared();
        store.borrow_mut().deliver(b"A: 1\r\n\r\n");
        let security = if plain { Security::Plain } else { Security::Tls };
        let mut connection = Connection::new(&store, security);
        for piece in bytes.chunks(chunk) {
            connection.send(piece);
        }
        let _parsed = parse(&bytes);
        prop_assert_eq!(store.borrow().uids(), [1]);
    }

    /// Whatever is commanded: nothing is removed but by QUIT, and then exactly what was marked.
    #[test]
    fn only_quit_removes_and_only_what_is_marked(
        commands in proptest::collection::vec(command(), 0..40),
        quits in any::<bool>(),
    ) {
        let store = Store::shared();
        for _ in 0..7 {
            store.borrow_mut().deliver(b"A: 1\r\n\r\n.\r\n");
        }
        let mut connection = Connection::logged_in(&store);
        let mut marked = std::collections::BTreeSet::new();
        for command in &commands {
            if !connection.open {
                break;
            }
            connection.send(format!("{command}\r\n").as_bytes());
            let said = connection.said();
            match command.split_once(' ') {
                Some(("DELE", number)) if said.starts_with("+OK") => {
                    prop_assert!(marked.insert(number.parse::<u32>().unwrap()));
                }
                None if command == "RSET" => marked.clear(),
                None if command == "STAT" => {
                    let left = 7 - marked.len();
                    prop_assert_eq!(said, format!("+OK {left} {}\r\n", left * 11));
                }
                _ => {}
            }
            prop_assert_eq!(store.borrow().uids().len(), 7);
        }
        let expected: Vec<u32> = if quits && connection.open {
            connection.send(b"QUIT\r\n");
            (1..=7).filter(|uid| !marked.contains(uid)).collect()
        } else {
            (1..=7).collect()
        };
        drop(connection);
        prop_assert_eq!(store.borrow().uids(), expected);
    }
}
