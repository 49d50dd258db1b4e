//! Sessions with servers that are played.

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Write};
use std::rc::Rc;

use super::*;

/// What a server sends, whatever it is told; and what it was told.
struct Played {
    says: Cursor<Vec<u8>>,
    told: Rc<RefCell<Vec<u8>>>,
}

impl Read for Played {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // in small pieces, as a network has them
        let most = out.len().min(7);
        self.says.read(&mut out[..most])
    }
}

impl Write for Played {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.told.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn played(says: &str) -> (Box<dyn Stream>, Rc<RefCell<Vec<u8>>>) {
    let told = Rc::default();
    (Box::new(Played { says: Cursor::new(says.into()), told: Rc::clone(&told) }), told)
}

fn told(told: &Rc<RefCell<Vec<u8>>>) -> String {
    String::from_utf8(told.borrow().clone()).unwrap()
}

fn client(says: &str) -> (Client, Rc<RefCell<Vec<u8>>>) {
    let (stream, told) = played(&format!("* PREAUTH welcome\r\n{says}"));
    (Client::greeted(stream).unwrap(), told)
}

#[test]
fn logging_in_where_sasl_is() {
    let (stream, heard) = played(
        "* OK hello\r\n* CAPABILITY IMAP4rev1 auth=plain SASL-IR\r\nb1 OK\r\nb2 OK in\r\n* CAPABILITY IMAP4rev1\r\nb3 OK\r\n",
    );
    Client::greeted(stream).unwrap().log_in("anna", b"secret").unwrap();
    assert!(told(&heard).contains("b2 AUTHENTICATE PLAIN AGFubmEAc2VjcmV0\r\n"), "{}", told(&heard));
}

#[test]
fn logging_in_step_by_step() {
    let (stream, heard) = played(
        "* OK hello\r\n* CAPABILITY IMAP4rev1\r\nb1 OK\r\n+ \r\nb2 OK in\r\n* CAPABILITY IMAP4rev1\r\nb3 OK\r\n",
    );
    Client::greeted(stream).unwrap().log_in("anna", "pässe".as_bytes()).unwrap();
    assert!(told(&heard).contains("b2 LOGIN \"anna\" {6}\r\npässe\r\n"), "{}", told(&heard));
}

#[test]
fn logins_that_fail() {
    let refused = "* OK hello\r\n* CAPABILITY IMAP4rev1\r\nb1 OK\r\nb2 NO [AUTHENTICATIONFAILED] who?\r\n";
    let disabled = "* OK hello\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nb1 OK\r\n";
    let (stream, _) = played(refused);
    let error = Client::greeted(stream).unwrap().log_in("anna", b"x").unwrap_err();
    assert!(matches!(error, ImapError::Login(why) if why == "who?"));
    let (stream, heard) = played(disabled);
    let error = Client::greeted(stream).unwrap().log_in("anna", b"secret").unwrap_err();
    assert!(matches!(error, ImapError::Unsafe(_)) && !told(&heard).contains("secret"));
}

#[test]
fn greetings_that_are_none() {
    for says in ["", "* BYE full\r\n", "220 mail ESMTP\r\n", "* 1 EXISTS\r\n", "b1 OK\r\n"] {
        assert!(Client::greeted(played(says).0).is_err(), "{says}");
    }
}

/// RFC 9051 section 11.2: what came in plain counts for nothing, and what is behind the answer was put there.
#[test]
fn starttls_is_not_talked_out_of() {
    let can = "* OK hello\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\nb1 OK\r\n";
    assert!(Client::starttls(played(&format!("{can}b2 OK go\r\n")).0).is_ok());
    for says in [
        "* PREAUTH hello\r\n".to_owned(),
        "* OK hello\r\n* CAPABILITY IMAP4rev1\r\nb1 OK\r\n".to_owned(),
        format!("{can}b2 NO not now\r\n"),
        format!("{can}* BYE\r\n"),
    ] {
        assert!(Client::starttls(played(&says).0).is_err(), "{says}");
    }
    let injected = format!("{can}b2 OK go\r\n* CAPABILITY IMAP4rev1\r\nb1 OK injected\r\n");
    let whole = Cursor::new(injected.into_bytes());
    struct Whole(Cursor<Vec<u8>>);
    impl Read for Whole {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0.read(out)
        }
    }
    impl Write for Whole {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(Client::starttls(Box::new(Whole(whole))), Err(ImapError::Unsafe(_))));
}

#[test]
fn a_folder_is_looked_at_and_not_touched() {
    let (mut client, heard) = client(
        "* LIST () \".\" {5}\r\na\r\n\"b\r\nb1 OK\r\n\
         + \r\n* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 12] x\r\nb2 OK [READ-ONLY] x\r\n\
         * 1 FETCH (UID 5 FLAGS (\\Seen))\r\nb3 OK\r\nb4 NO gone\r\n",
    );
    let listed = client.list().unwrap();
    assert_eq!(listed[0].name, b"a\r\n\"b");
    let examined = client.examine(&listed[0].name).unwrap().unwrap();
    assert_eq!((examined.messages, examined.uid_validity, examined.uid_next), (2, Some(7), Some(12)));
    assert_eq!(client.rows().unwrap()[0].uid, 5);
    assert_eq!(client.examine(b"x").unwrap().unwrap_err(), "gone");
    let heard = told(&heard);
    assert!(heard.contains("b2 EXAMINE {5}\r\na\r\n\"b\r\n"), "{heard}");
    assert!(!heard.contains("SELECT") && !heard.contains("STORE"), "{heard}");
}

/// RFC 9051 has no LSUB, and RFC 6154 has servers that tell special uses only to whoever asks.
#[test]
fn what_a_newer_server_is_asked() {
    for (capabilities, list, subscribed) in [
        ("IMAP4rev1", "b4 LIST \"\" \"*\"\r\n", "b5 LSUB "),
        ("IMAP4rev2", "b4 LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\n", "b5 LIST (SUBSCRIBED) "),
        ("IMAP4rev1 LIST-EXTENDED", "b4 LIST \"\" \"*\"\r\n", "b5 LIST (SUBSCRIBED) "),
    ] {
        let (stream, heard) = played(&format!(
            "* OK\r\n* CAPABILITY {capabilities}\r\nb1 OK\r\n\
             b2 OK [CAPABILITY {capabilities}] in\r\n* CAPABILITY {capabilities}\r\nb3 OK\r\nb4 OK\r\nb5 OK\r\n"
        ));
        let mut client = Client::greeted(stream).unwrap();
        client.log_in("anna", b"x").unwrap();
        assert!(client.list().unwrap().is_empty() && client.subscribed().unwrap().is_empty());
        let heard = told(&heard);
        assert!(heard.contains(list) && heard.contains(subscribed), "{heard}");
    }
}

fn read(fetched: Fetched<'_>) -> Result<Option<Vec<u8>>, io::Error> {
    let mut bytes = Vec::new();
    match fetched {
        Fetched::Message(mut body) => body.read_to_end(&mut bytes).map(|_| Some(bytes)),
        Fetched::Gone | Fetched::Refused(_) => Ok(None),
    }
}

#[test]
fn messages_come_one_after_the_other() {
    let (mut client, heard) = client(
        "* 1 FETCH (UID 5 BODY[] {4}\r\na)\r\n)\r\nb1 OK\r\n\
         * 9 EXISTS\r\n* 2 FETCH (FLAGS (x))\r\n* 2 FETCH (BODY[] {0}\r\n UID 6)\r\n* 3 EXPUNGE\r\nb2 OK\r\n\
         * 3 FETCH (UID 7 BODY[] \"short\")\r\nb3 OK\r\n\
         b4 OK nothing\r\nb5 NO broken\r\n* 4 FETCH (UID 10 BODY[] NIL)\r\nb6 OK\r\n",
    );
    let mut bodies = Bodies::of(5..=10);
    let got: Vec<_> = (5..=8)
        .map(|uid| {
            assert_eq!(bodies.next_uid(), Some(uid));
            read(bodies.fetch(&mut client).unwrap()).unwrap()
        })
        .collect();
    assert_eq!(got, [Some(b"a)\r\n".to_vec()), Some(Vec::new()), Some(b"short".to_vec()), None]);
    assert!(matches!(bodies.fetch(&mut client).unwrap(), Fetched::Refused(why) if why == "broken"));
    assert!(matches!(bodies.fetch(&mut client).unwrap(), Fetched::Gone));
    assert_eq!(bodies.next_uid(), None);
    let heard = told(&heard);
    assert_eq!(heard.matches("BODY.PEEK[]").count(), 6, "{heard}");
}

#[test]
fn few_are_asked_for_ahead() {
    let answers: String =
        (1..=200).map(|n| format!("* {n} FETCH (UID {n} BODY[] {{1}}\r\nx)\r\nb{n} OK\r\n")).collect();
    let (mut client, heard) = client(&answers);
    let mut bodies = Bodies::of(1..=200);
    for number in 1..=200_usize {
        assert_eq!(read(bodies.fetch(&mut client).unwrap()).unwrap(), Some(b"x".to_vec()));
        let asked = told(&heard).matches("FETCH").count();
        assert!(asked == 200.min(number + 31), "{asked} at {number}");
    }
}

/// As Dovecot does: it is done with a few of them at once, and with the last when something else is asked.
#[test]
fn commands_are_answered_when_the_server_likes() {
    let (mut client, _) = client(
        "* 1 FETCH (UID 5 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 6 BODY[] {1}\r\nb)\r\nb1 OK\r\nb3 OK\r\nb2 OK\r\n\
         * 4 FETCH (UID 8 BODY[] {1}\r\nd)\r\nb4 OK\r\n* LIST () NIL x\r\nb5 OK\r\nb6 OK\r\nb6 OK\r\n",
    );
    let mut bodies = Bodies::of(5..=8);
    let got: Vec<_> = (5..=8).map(|_| read(bodies.fetch(&mut client).unwrap()).unwrap()).collect();
    assert_eq!(got, [Some(b"a".to_vec()), Some(b"b".to_vec()), None, Some(b"d".to_vec())]);
    assert_eq!(client.list().unwrap().len(), 1);
    assert!(client.list().is_ok() && client.list().is_err(), "but to each once");
}

#[test]
fn another_message_is_not_taken_for_that() {
    for says in [
        "* 1 FETCH (UID 6 BODY[] {1}\r\nx)\r\nb1 OK\r\n",
        "* 1 FETCH (BODY[] {1}\r\nx)\r\nb1 OK\r\n",
        "* 1 FETCH (UID 5 BODY[] {1}\r\nx BODY[] {1}\r\ny)\r\nb1 OK\r\n",
        "* 1 FETCH (UID 5 BODY[] {9}\r\nx)\r\n",
        "* 1 FETCH (UID 5 BODY[] {1}\r\nx\r\n",
    ] {
        let (mut client, _) = client(says);
        let fetched = Bodies::of([5, 6]).fetch(&mut client).unwrap();
        assert!(read(fetched).is_err(), "{says}");
        assert!(client.rows().is_err(), "{says}: nothing goes on after that");
    }
    for says in ["b3 OK\r\n", "* BYE\r\n", "b1 OK\r\nb1 OK\r\n", "+ go on\r\n", ""] {
        let (mut client, _) = client(says);
        let mut bodies = Bodies::of([5, 6]);
        let answers = [bodies.fetch(&mut client).is_ok(), bodies.fetch(&mut client).is_ok()];
        assert!(!answers[1], "{says}");
    }
}

#[test]
fn a_message_that_was_not_read_is_no_response() {
    let (mut client, _) = client("* 1 FETCH (UID 5 BODY[] {8}\r\nb2 OK\r\n\r\n");
    drop(Bodies::of([5]).fetch(&mut client).unwrap());
    assert!(client.list().is_err());
}
