//! Whole SMTP dialogs, said in as many packets as one likes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::{LOGIN, PASSWORD};
use crate::mail::curl;
use crate::suite::{Options, Suite, User, text_of};

/// The commands of a message up to its text.
pub const ENVELOPE: &str = "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n";

/// A suite that the tests of a file share: it lasts as long as one of them uses it.
///
/// # Panics
/// When it does not start.
#[must_use]
pub fn shared() -> Arc<Suite> {
    static SUITE: Mutex<Weak<Suite>> = Mutex::new(Weak::new());
    let mut suite = SUITE.lock().unwrap_or_else(PoisonError::into_inner);
    suite.upgrade().unwrap_or_else(|| {
        let fresh = Arc::new(Suite::start(User::here()[0], Options::default()));
        fresh.import(&[(LOGIN, PASSWORD)]);
        *suite = Arc::downgrade(&fresh);
        fresh
    })
}

/// Sends the parts, a packet each, and reads all replies.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn exchange(port: u16, parts: &[Vec<u8>]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    for part in parts {
        // the other end may have heard enough before it is all sent
        let _ = stream.write_all(part);
        if parts.len() > 1 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

/// Is there a message with that subject?
///
/// # Panics
/// When the mailbox cannot be asked.
#[must_use]
pub fn found(suite: &Suite, subject: &str) -> bool {
    let request = format!("SEARCH HEADER SUBJECT \"{subject}\"");
    let said = text_of(&curl(suite, &format!("{LOGIN}:{PASSWORD}"), "INBOX", Some(&request)));
    assert!(said.contains("* SEARCH"), "{said}");
    said.trim() != "* SEARCH"
}
