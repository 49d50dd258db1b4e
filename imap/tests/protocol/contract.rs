//! What a session owes its driver, and what it does with a driver that breaks the contract.

use std::sync::Arc;

use bulkhead_imap::proto::{Answer, Ask, ImapSession, LoginOutcome, Security};
use ipc::service::mailbox::MailboxReply;
use listener::session::{Farewell, Input, Session, Step};

use crate::connection::{Connection, settings};
use crate::fake::Store;

const LOST: &str = "* BYE [SERVERBUG] Internal error.\r\n";

/// A session that has just asked whether a password is right.
fn asking() -> ImapSession {
    let mut session = ImapSession::new(Arc::new(settings()), Security::Tls);
    let mut input = Input::from(&b"a LOGIN u p\r\nb NOOP\r\n"[..]);
    let step = session.step(&mut input, &mut Vec::new());
    assert!(matches!(step, Step::Ask(Ask::Login { .. })), "{step:?}");
    session
}

fn ends_with(mut session: ImapSession, mut output: Vec<u8>, want: &str) {
    let step = session.step(&mut Input::default(), &mut output);
    assert!(matches!(step, Step::Close), "{step:?}");
    assert_eq!(String::from_utf8(output).unwrap(), want);
}

#[test]
fn a_step_without_the_answer_ends_the_session() {
    ends_with(asking(), Vec::new(), LOST);
}

#[test]
fn an_answer_to_another_question_ends_the_session() {
    for answer in [Answer::Quiet, Answer::Reply(MailboxReply::Done), Answer::Chunk(vec![1]), Answer::Taken] {
        let (mut session, mut output) = (asking(), Vec::new());
        session.answered(answer, &mut output);
        ends_with(session, output, LOST);
    }
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_session() {
    let mut session = ImapSession::new(Arc::new(settings()), Security::Tls);
    session.step(&mut Input::default(), &mut Vec::new());
    let mut output = Vec::new();
    session.answered(Answer::Login(LoginOutcome::Denied), &mut output);
    ends_with(session, output, LOST);
}

#[test]
fn an_answer_after_the_farewell_is_nothing_any_more() {
    let (mut session, mut output) = (asking(), Vec::new());
    session.farewell(Farewell::Overlong, &mut output);
    session.answered(Answer::Login(LoginOutcome::Denied), &mut output);
    ends_with(session, output, "* BYE [TOOBIG] Larger than is accepted.\r\n");
}

#[test]
fn commands_before_a_login_are_counted() {
    let mut session = ImapSession::new(Arc::new(settings()), Security::Tls);
    let (mut output, mut input) = (Vec::new(), Input::default());
    for _ in 0..100 {
        input.push(b"a NOOP\r\n");
    }
    assert!(matches!(session.step(&mut input, &mut output), Step::Close));
    assert!(output.ends_with(b"* BYE Too many commands without a login.\r\n"));
}

#[test]
fn a_client_has_less_patience_to_expect_before_its_login() {
    let mut session = ImapSession::new(Arc::new(settings()), Security::Tls);
    let mut input = Input::from(&b"a LOGIN u p\r\n"[..]);
    assert_eq!(session.patience().as_secs(), 60);
    session.step(&mut input, &mut Vec::new());
    assert!(!session.wants_notice());
    session.answered(Answer::Login(LoginOutcome::Welcome(ipc::mail::AccountId(1))), &mut Vec::new());
    assert!(matches!(session.step(&mut input, &mut Vec::new()), Step::Read));
    assert_eq!(session.patience(), settings().idle);
    assert!(session.wants_notice());
}

/// RFC 3501 section 6.2.1. What was read in plain is thrown away by the driver; the session, too, is to do nothing with it.
#[test]
fn nothing_is_done_that_stands_behind_starttls() {
    let mut session = ImapSession::new(Arc::new(settings()), Security::Plain);
    let mut input = Input::from(&b"a STARTTLS\r\nb LOGIN user secret\r\n"[..]);
    let mut output = Vec::new();
    for _ in 0..3 {
        assert!(matches!(session.step(&mut input, &mut output), Step::StartTls));
    }
    assert!(output.ends_with(b"\r\na OK Begin TLS.\r\n"));
    assert_eq!(input.bytes(), b"b LOGIN user secret\r\n");
    // half a command that came before is none of the one that comes after
    let mut session = ImapSession::new(Arc::new(settings()), Security::Plain);
    session.step(&mut Input::from(&b"a STARTTLS\r\n"[..]), &mut output);
    session.secured();
    output.clear();
    let mut input = Input::from(&b"c CAPABILITY\r\n"[..]);
    assert!(matches!(session.step(&mut input, &mut output), Step::Read));
    assert!(String::from_utf8_lossy(&output).contains("AUTH=PLAIN"), "{}", output.escape_ascii());
}

#[test]
fn offences_are_what_strangers_say_that_is_no_command() {
    let store = Store::shared();
    let mut connection = Connection::new(&store, Security::Tls);
    connection.send(b"a NOOP\r\nb SELECT INBOX\r\nc LOGIN user wrong\r\n");
    assert_eq!(connection.session.take_offences(), 0);
    connection.send(b"GET / HTTP/1.1\r\nd FROB\r\ne LOGIN {99999}\r\n");
    assert_eq!(connection.session.take_offences(), 3);
    assert_eq!(connection.session.take_offences(), 0);
    connection.send(b"f LOGIN user secret\r\ng FROB\r\n");
    assert!(connection.said().ends_with("g BAD Unknown command.\r\n"));
    assert_eq!(connection.session.take_offences(), 0);
}
