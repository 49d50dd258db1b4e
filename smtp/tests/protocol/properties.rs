//! What holds for every input.

use std::sync::Arc;

use bulkhead_smtp::proto::data::Unstuffer;
use bulkhead_smtp::proto::{
    Command, ForwardPath, RcptTo, ReversePath, Service, Settings, SmtpSession, parse,
};
use listener::session::Session;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{Connection, Line, settings};

/// Everything that a client can see of a session, and everything the store got.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    output: String,
    log: Vec<String>,
    stored: Vec<Vec<u8>>,
    line: Line,
}

fn talk(settings: Settings, bytes: &[u8], cuts: &[usize]) -> Seen {
    talk_to(Service::Mx, settings, bytes, cuts)
}

fn talk_to(service: Service, settings: Settings, bytes: &[u8], cuts: &[usize]) -> Seen {
    let mut connection = connection(service, settings);
    let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
    while !rest.is_empty() {
        let (part, after) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
        connection.send(part, usize::MAX);
        rest = after;
    }
    let output = String::from_utf8(connection.output).expect("replies are ASCII");
    Seen { output, log: connection.backend.log, stored: connection.backend.stored, line: connection.line }
}

/// Pieces from which most of what a client can say is made.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"EHLO client.example\r\n",
        b"HELO c\r\n",
        b"MAIL FROM:<a@there.example>\r\n",
        b"MAIL FROM:<> SIZE=9\r\n",
        b"RCPT TO:<alice@here.example>\r\n",
        b"RCPT TO:<team@here.example>\r\n",
        b"RCPT TO:<x@y.example>\r\n",
        b"DATA\r\n",
        b"BDAT 7\r\n",
        b"BDAT 3 LAST\r\n",
        b"BDAT 0\r\n",
        b"BDAT 90\r\n",
        b"BDAT 0 LAST\r\n",
        b"LHLO c\r\n",
        b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
        b"AUTH LOGIN\r\n",
        b"YWxpY2U=\r\n",
        b"c2VjcmV0\r\n",
        b"*\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b".\r\n",
        b".",
        b"..",
        b"\r\n",
        b"\r",
        b"\n",
        b"\0",
        b"text",
        b"Received: x\r\n",
        b"\r\n.\r\n",
        b"\xff",
    ];
    prop_oneof![8 => select(known).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..9)]
}

/// A connection of any kind, and for submission one on which alice has logged in.
fn connection(service: Service, settings: Settings) -> Connection {
    let mut session = SmtpSession::new(Arc::new(Settings { service, ..settings }), [192, 0, 2, 7].into());
    if service == Service::Submission {
        session.secured();
    }
    let mut connection = Connection::over(session);
    if service == Service::Submission {
        connection.send(b"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", usize::MAX);
    }
    connection
}

fn service() -> impl Strategy<Value = Service> {
    select(vec![Service::Mx, Service::Submission, Service::Lmtp])
}

fn dialog() -> impl Strategy<Value = Vec<u8>> {
    let start = b"EHLO c\r\nMAIL FROM:<a@there.example>\r\nRCPT TO:<alice@here.example>\r\nDATA\r\n";
    (any::<bool>(), vec(pieces(), 0..60)).prop_map(|(begins, pieces)| {
        let mut bytes = if begins { start.to_vec() } else { Vec::new() };
        bytes.extend(pieces.concat());
        bytes
    })
}

fn small() -> Settings {
    Settings { max_message_size: 60, ..settings() }
}

/// What a client does to a message of right form, RFC 5321 section 4.5.2.
fn stuff(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = Vec::new();
    for line in lines {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

fn text_byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'.'), 1_u8..=9, 11_u8..=12, 14_u8..=255]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(
        service in service(), bytes in dialog(), cuts in vec(1_usize..40, 1..20),
    ) {
        let whole = talk_to(service, small(), &bytes, &[usize::MAX]);
        prop_assert_eq!(whole, talk_to(service, small(), &bytes, &cuts));
    }

    /// By DATA or in chunks cut anywhere: the same message is stored.
    #[test]
    fn chunks_are_as_good_as_dots(
        service in service(), lines in vec(vec(text_byte(), 0..40), 1..20), cuts in vec(1_usize..60, 1..20),
        cut in 1_usize..50,
    ) {
        let hello = if service == Service::Lmtp { "LHLO" } else { "EHLO" };
        let start = format!("{hello} c\r\nMAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@here.example>\r\n");
        let message: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        let mut chunks = start.clone().into_bytes();
        let (mut rest, mut cuts) = (message.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (part, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            chunks.extend(format!("BDAT {}\r\n", part.len()).into_bytes());
            chunks.extend_from_slice(part);
            rest = after;
        }
        chunks.extend_from_slice(b"BDAT 0 LAST\r\n");
        let dotted = [start.as_bytes(), b"DATA\r\n", &stuff(&lines)].concat();
        let settings = || Settings { max_message_size: 1 << 20, ..settings() };
        let by_chunks = talk_to(service, settings(), &chunks, &[cut]);
        prop_assert_eq!(by_chunks.stored.len(), 1, "{}", by_chunks.output);
        prop_assert_eq!(by_chunks.stored, talk_to(service, settings(), &dotted, &[cut]).stored);
    }

    #[test]
    fn random_bytes_are_answered_with_replies(bytes in vec(any::<u8>(), 0..2000)) {
        let seen = talk(settings(), &bytes, &[97]);
        for line in seen.output.split_terminator("\r\n") {
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
            prop_assert!(code.is_some_and(|code| (200..600).contains(&code)), "{}", line);
            prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", line);
        }
    }

    #[test]
    fn a_line_never_makes_the_parser_fall(line in vec(any::<u8>(), 0..600)) {
        let _ = parse(&line);
    }

    #[test]
    fn arguments_never_make_the_parser_fall(
        verb in select(vec!["MAIL FROM:", "RCPT TO:", "EHLO ", "MAIL FROM:<a@b> ", "RCPT TO:<@"]),
        rest in "[ -~]{0,40}",
    ) {
        let _ = parse(format!("{verb}{rest}").as_bytes());
    }

    #[test]
    fn an_address_that_was_written_is_read_again(
        local in "[ -~]{1,64}", domain in "[a-z0-9_]{1,20}(\\.[a-z0-9]{1,9}){0,3}",
    ) {
        let quoted: String = local.chars().flat_map(|c| ['\\', c]).collect();
        let read = |path: &str| match parse(format!("RCPT TO:{path}").as_bytes()) {
            Ok(Command::Rcpt(RcptTo { path: path @ ForwardPath::Mailbox(_), .. })) => path,
            other => panic!("{path}: {other:?}"),
        };
        let path = read(&format!("<\"{quoted}\"@{domain}>"));
        let ForwardPath::Mailbox(address) = &path else { panic!("{path}") };
        prop_assert_eq!(address.local(), &local);
        prop_assert_eq!(&read(&path.to_string()), &path);
        match parse(format!("MAIL FROM:{path}").as_bytes()) {
            Ok(Command::Mail(mail)) => prop_assert_eq!(&mail.reverse_path, &ReversePath::Mailbox(address.clone())),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn unstuffing_undoes_stuffing(lines in vec(vec(text_byte(), 0..40), 0..20), cut in 1_usize..50) {
        let wire = [stuff(&lines), b"QUIT\r\n".to_vec()].concat();
        let (mut unstuffer, mut message, mut read) = (Unstuffer::new(u64::MAX), Vec::new(), 0);
        for part in wire.chunks(cut) {
            read += unstuffer.push(part, &mut message);
        }
        let expected: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        prop_assert_eq!(&message, &expected);
        prop_assert_eq!(unstuffer.size(), message.len() as u64);
        prop_assert!(unstuffer.ended() && unstuffer.fault().is_none());
        prop_assert_eq!(read + 6, wire.len());
    }

}

proptest! {
    // each case is a large message
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(25) })]

    #[test]
    fn what_is_stored_is_what_was_sent(lines in vec(vec(text_byte(), 0..9000), 0..20), cut in 1_usize..70_000) {
        let start = b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@here.example>\r\nDATA\r\n".to_vec();
        let wire = [start, stuff(&lines)].concat();
        let seen = talk(Settings { max_message_size: 1 << 20, ..settings() }, &wire, &[cut]);
        let expected: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        prop_assert_eq!(seen.stored.len(), 1, "{}", seen.output);
        prop_assert!(seen.stored[0].ends_with(&expected));
        let trace = &seen.stored[0][..seen.stored[0].len() - expected.len()];
        prop_assert!(trace.starts_with(b"Return-Path: <>\r\nReceived: from c ([192.0.2.7])\r\n"));
        prop_assert!(trace.is_ascii() && trace.ends_with(b" +0000\r\n"));
    }
}
