//! What is held against a client that has not logged in.

use bulkhead_pop3::proto::Security;
use listener::session::Session;

use crate::connection::Connection;
use crate::fake::Store;

#[test]
fn offences_are_what_strangers_say_that_is_no_command() {
    let store = Store::shared();
    let mut connection = Connection::new(&store, Security::Tls);
    connection.send(b"CAPA\r\nSTAT\r\nAUTH\r\nUSER user\r\nPASS wrong\r\n");
    assert_eq!(connection.session.take_offences(), 0);
    connection.send(b"GET / HTTP/1.1\r\nFROB\r\n");
    assert_eq!(connection.session.take_offences(), 2);
    assert_eq!(connection.session.take_offences(), 0);
    connection.send(b"USER user\r\nPASS secret\r\nFROB\r\n");
    assert!(connection.said().ends_with("-ERR Unknown command.\r\n"));
    assert_eq!(connection.session.take_offences(), 0);
    let mut connection = Connection::new(&store, Security::Plain);
    connection.send(&b"x".repeat(5000));
    assert!(!connection.open);
    assert_eq!(connection.session.take_offences(), 1);
}
