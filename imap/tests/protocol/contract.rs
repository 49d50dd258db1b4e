//! What a session owes its driver, and what it does with a driver that breaks the contract.

use std::sync::Arc;

use bulkhead_imap::proto::{Answer, Ask, ImapSession, LoginOutcome, Security};
use ipc::service::mailbox::MailboxReply;
use listener::session::{Farewell, Input, Session, Step};

use crate::connection::settings;

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
