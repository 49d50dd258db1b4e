//! What a session owes its driver, and what it does with a driver that breaks the contract.

use std::net::IpAddr;
use std::sync::Arc;

use bulkhead_smtp::proto::{
    Answer, Ask, Begun, Failure, Login, MAX_CHUNK, MAX_TARGETS, Outcome, Service, Settings, SmtpSession,
    Target, TransactionId, Verdict,
};
use ipc::mail::Senders;
use listener::session::{Farewell, Input, Session, Step};

use crate::support::{Connection, Line, settings};

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const LOST: &str = "421 4.3.0 mx.here.example Internal error, closing connection\r\n";

/// A session that has just asked for a recipient.
fn asking() -> (SmtpSession, Vec<u8>) {
    let (mut session, mut output) = (SmtpSession::new(Arc::new(settings()), PEER), Vec::new());
    let mut input = Input::from(&b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@here.example>\r\nDATA\r\n"[..]);
    let step = session.step(&mut input, &mut output);
    assert!(matches!(step, Step::Ask(Ask::Recipient { transaction: 1, .. })), "{step:?}");
    output.clear();
    (session, output)
}

#[test]
fn the_greeting_needs_no_input() {
    let (mut session, mut output) = (SmtpSession::new(Arc::new(settings()), PEER), Vec::new());
    assert!(matches!(session.step(&mut Input::default(), &mut output), Step::Read));
    assert!(matches!(session.step(&mut Input::default(), &mut output), Step::Read));
    assert_eq!(output, b"220 mx.here.example ESMTP Bulkhead\r\n");
}

#[test]
fn tls_from_the_start_is_greeted_and_not_offered_again() {
    let mut session = SmtpSession::new(Arc::new(settings()), PEER);
    session.secured();
    let mut connection = Connection::over(session);
    connection.send(b"EHLO c\r\nSTARTTLS\r\n", usize::MAX);
    let output = String::from_utf8(connection.output).unwrap();
    assert!(output.starts_with("220 mx.here.example ESMTP Bulkhead\r\n250-mx"), "{output}");
    assert!(!output.contains("250-STARTTLS"), "{output}");
    assert!(output.ends_with("503 5.5.1 TLS is active already\r\n"), "{output}");
}

#[test]
fn starttls_empties_the_input_itself() {
    let (mut session, mut output) = (SmtpSession::new(Arc::new(settings()), PEER), Vec::new());
    let mut input = Input::from(&b"STARTTLS\r\nMAIL FROM:<>\r\n"[..]);
    assert!(matches!(session.step(&mut input, &mut output), Step::StartTls));
    assert!(input.bytes().is_empty());
}

#[test]
fn a_step_without_the_handshake_ends_the_session() {
    let mut connection = Connection::new(settings());
    connection.send(b"STARTTLS\r\n", usize::MAX);
    connection.line = Line::Open;
    connection.send(b"EHLO c\r\n", usize::MAX);
    assert_eq!(connection.line, Line::Closed);
    assert!(connection.output.ends_with(LOST.as_bytes()));
}

#[test]
fn a_step_without_the_answer_ends_the_session() {
    let (mut session, mut output) = asking();
    assert!(matches!(session.step(&mut Input::default(), &mut output), Step::Close));
    assert_eq!(output, LOST.as_bytes());
}

#[test]
fn an_answer_to_another_question_ends_the_session() {
    for answer in [
        Answer::Begin(Err(Failure::Full)),
        Answer::Chunk(Ok(())),
        Answer::Commit(Outcome::Stored),
        Answer::Abort,
    ] {
        let (mut session, mut output) = asking();
        session.answered(answer, &mut output);
        assert!(matches!(session.step(&mut Input::default(), &mut output), Step::Close));
        assert_eq!(output, LOST.as_bytes());
    }
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_session() {
    let (mut session, mut output) = (SmtpSession::new(Arc::new(settings()), PEER), Vec::new());
    session.step(&mut Input::default(), &mut output);
    output.clear();
    session.answered(Answer::Commit(Outcome::Stored), &mut output);
    assert_eq!(output, LOST.as_bytes());
}

#[test]
fn an_answer_after_the_farewell_is_nothing_any_more() {
    let (mut session, mut output) = asking();
    session.farewell(Farewell::Unavailable, &mut output);
    session.answered(Answer::Recipient(Verdict::Unknown), &mut output);
    assert_eq!(output, b"421 4.3.0 mx.here.example Service unavailable, closing connection\r\n");
    assert!(matches!(session.step(&mut Input::default(), &mut output), Step::Close));
}

/// The backend checks each chunk; a CR that was held back is what could make one too large.
#[test]
fn a_chunk_keeps_its_limit_when_a_cr_was_held_back() {
    let mut connection = Connection::new(settings());
    connection.send(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@here.example>\r\nDATA\r\nx\r", usize::MAX);
    let rest = [b"\n".to_vec(), vec![b'y'; MAX_CHUNK + 10], b"\r\n.\r\n".to_vec()].concat();
    connection.send(&rest, usize::MAX);
    assert_eq!(connection.backend.stored.len(), 1);
}

/// A mistake in the scanner costs the structure: the message is stored as it came, and so is the next one.
#[cfg(feature = "planted-panic")]
#[test]
fn a_message_on_which_the_scanner_panics_is_stored() {
    for service in [Service::Mx, Service::Submission, Service::Lmtp] {
        let mut session = SmtpSession::new(Arc::new(Settings { service, ..settings() }), PEER);
        session.secured();
        let mut connection = Connection::over(session);
        let hello =
            if service == Service::Lmtp { "LHLO c" } else { "EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==" };
        connection.send(format!("{hello}\r\n").as_bytes(), usize::MAX);
        for planted in ["X-Bulkhead-Test: panic\r\n", ""] {
            connection.output.clear();
            connection.backend.log.clear();
            let message = format!("Date: x\r\nMessage-ID: <y>\r\n{planted}Subject: z\r\n\r\ntext\r\n");
            let envelope = "MAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@here.example>\r\nDATA\r\n";
            connection.send(format!("{envelope}{message}.\r\n").as_bytes(), 7);
            let said = String::from_utf8(connection.output.clone()).unwrap();
            assert!(said.contains("\r\n250 2.0.0 Stored as "), "{service:?}: {said}");
            assert!(connection.backend.stored.last().unwrap().ends_with(message.as_bytes()));
            let panicked = connection.backend.log.contains(&"the scanner panicked".to_owned());
            assert_eq!(panicked, !planted.is_empty(), "{service:?}");
        }
    }
}

/// A driver that sends the slow away has to know what is under way.
#[test]
fn what_is_under_way_is_counted() {
    let mut session = SmtpSession::new(Arc::new(settings()), PEER);
    let mut say = |text: &str| {
        let (mut input, mut output) = (Input::from(text.as_bytes()), Vec::new());
        while let Step::Ask(ask) = session.step(&mut input, &mut output) {
            let answer = match ask {
                Ask::Recipient { .. } => Answer::Recipient(Verdict::Accepted(vec![Target::Account(1)])),
                Ask::Begin(_) => Answer::Begin(Ok(Begun { id: TransactionId(1), now: 0 })),
                Ask::Chunk(_) => Answer::Chunk(Ok(())),
                Ask::Commit(_) => Answer::Commit(Outcome::Stored),
                other => panic!("{other:?}"),
            };
            session.answered(answer, &mut output);
        }
        session.transferring()
    };
    let envelope = "MAIL FROM:<>\r\nRCPT TO:<alice@here.example>\r\n";
    assert_eq!(say(&format!("HELO c\r\n{envelope}")), None);
    assert_eq!(say("DATA\r\nA: b\r\n\r\n"), Some(8));
    assert_eq!(say("..\r\n.\r\n"), None);
    assert_eq!(say(&format!("{envelope}BDAT 6\r\nA: b\r\n")), Some(6));
    assert_eq!(say("NOOP\r\nBDAT 4\r\nC:"), Some(8));
    assert_eq!(say(" d"), Some(10));
    assert_eq!(say("BDAT 0 LAST\r\n"), None);
    // what nobody wants is under way, too
    assert_eq!(say("BDAT 9\r\nxx"), Some(0));
    assert_eq!(say("1234567"), None);
}

/// Strangers pay for what they do wrong; who has logged in does not, and no mail server that passes mail on.
#[test]
fn offences_are_those_of_strangers() {
    for (service, stranger, known) in
        [(Service::Mx, 2, 2), (Service::Submission, 2, 0), (Service::Lmtp, 0, 0)]
    {
        let mut session = SmtpSession::new(Arc::new(Settings { service, ..settings() }), PEER);
        session.secured();
        let mut output = Vec::new();
        let mut say = |text: &str| {
            let mut input = Input::from(text.as_bytes());
            while let Step::Ask(ask) = session.step(&mut input, &mut output) {
                assert!(matches!(ask, Ask::Login { .. }));
                session.answered(Answer::Login(Login::Welcome(Senders::default())), &mut output);
            }
            session.take_offences()
        };
        assert_eq!(say("FROB\r\nFROB\r\n"), stranger, "{service:?}");
        assert_eq!(say("NOOP\r\n"), 0);
        let _of_mx = say("EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
        assert_eq!(say("FROB\r\nFROB\r\n"), known, "{service:?}");
    }
}

/// What goes beyond the wire's limit would end the channel that all messages of the worker go over.
#[test]
fn recipients_that_lead_to_too_many_come_with_the_next_transaction() {
    let mut connection = Connection::new(settings());
    connection.send(b"HELO c\r\nMAIL FROM:<>\r\n", usize::MAX);
    connection.output.clear();
    let rcpt = |number: usize| format!("RCPT TO:<crowd{number}@here.example>\r\n");
    let fitting = MAX_TARGETS / 100;
    for number in (0..=fitting).chain([0]) {
        connection.send(rcpt(number).as_bytes(), usize::MAX);
    }
    let replies = String::from_utf8(std::mem::take(&mut connection.output)).unwrap();
    let replies: Vec<_> = replies.lines().collect();
    assert_eq!(replies[fitting], "452 4.5.3 Too many recipients");
    let accepted = replies.iter().filter(|reply| reply.starts_with("250 ")).count();
    assert_eq!(accepted, fitting + 1, "who is among the targets already is no one more");
    connection.send(b"DATA\r\nx\r\n.\r\n", usize::MAX);
    assert!(connection.output.starts_with(b"354 "));
    assert_eq!(connection.backend.stored.len(), 1);
}

#[test]
fn a_large_message_may_come_in_many_chunks_but_not_octet_by_octet() {
    for (octets, line) in [(1024, Line::Open), (1, Line::Closed)] {
        let mut connection = Connection::new(Settings { max_message_size: 1 << 30, ..settings() });
        connection.send(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@here.example>\r\n", usize::MAX);
        let chunk = [format!("BDAT {octets}\r\n").into_bytes(), vec![b'x'; octets]].concat();
        for _ in 0..20_001 {
            connection.send(&chunk, usize::MAX);
        }
        assert_eq!(connection.line, line, "{octets}");
    }
}
