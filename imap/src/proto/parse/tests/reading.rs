//! Commands out of a stream of octets.

use listener::session::Input;

use super::super::*;

/// A dialog: what the client sends, and what comes of it. Messages are accepted and taken whole.
pub(super) fn outcomes<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = CommandReader::new(limits);
    let mut input = Input::default();
    let mut seen = Vec::new();
    let mut message = Vec::new();
    for piece in pieces {
        input.push(piece);
        loop {
            message.extend(reader.take_message(&mut input, 7));
            match reader.next(&mut input) {
                Outcome::Incomplete if reader.message_left() > 0 && !input.bytes().is_empty() => {}
                Outcome::Incomplete => break,
                Outcome::LiteralWanted { size } => seen.push(format!("+{size}")),
                Outcome::Command(tagged) => seen.push(format!("{} {:?}", tagged.tag, tagged.command)),
                Outcome::Append(append) => {
                    seen.push(format!("{} APPEND {} {}", append.tag, append.mailbox.as_str(), append.size));
                    reader.accept_message();
                }
                Outcome::AppendEnd => {
                    seen.push(format!("message {}", std::mem::take(&mut message).escape_ascii()));
                }
                Outcome::Bad(refused) => seen.push(format!("{} {:?}", tag(refused.tag), refused.why)),
                Outcome::TooLong { tag: of, recovery } => {
                    seen.push(format!("{} too long {recovery:?}", tag(of)))
                }
            }
        }
        assert!(reader.message_left() > 0 || input.bytes().is_empty(), "input is consumed");
    }
    seen
}

fn tag(tag: Option<Tag>) -> String {
    tag.map_or_else(|| "*".to_owned(), |tag| tag.to_string())
}

fn limits() -> Limits {
    Limits { lines: 200, literal: 100, command: 250, swallowed: 60, message: 1000 }
}

fn check(sent: &str, want: &[&str]) {
    assert_eq!(outcomes(limits(), [sent.as_bytes()]), want, "{sent:?}");
    assert_eq!(outcomes(limits(), sent.as_bytes().chunks(1)), want, "octet by octet: {sent:?}");
}

#[test]
fn lines() {
    check("a NOOP\r\nb CHECK\nc NOO", &["a Noop", "b Check"]);
    check("\r\n\na NOOP\r\n", &["* Tag", "* Tag", "a Noop"]);
    check("a NOOP\rb\r\n", &["a Trailing"]);
    check("a NOOP", &[]);
}

#[test]
fn literals() {
    check("a SELECT {5}\r\nInBox\r\n", &["+5", "a Select(MailboxName(\"INBOX\"))"]);
    check("a SELECT {5+}\r\nInBox\r\n", &["a Select(MailboxName(\"INBOX\"))"]);
    check("a LOGIN {1}\nu {0}\r\n\r\n", &["+1", "+0", "a Login { user: \"u\", password: Secret }"]);
    check(
        "a LOGIN {6}\r\n{3}\r\n  {0+}\n\r\n",
        &["+6", "a Login { user: \"{3}\\r\\n \", password: Secret }"],
    );
    check("a SELECT {1}\r\n\0\r\n", &["+1", "a String"]);
    check("a SELECT x{1}\r\ny\r\n", &["+1", "a Trailing"]);
    check("a SELECT \"x {1}\r\ny\r\n", &["+1", "a String"]);
}

#[test]
fn refused_at_the_literal() {
    // a client that waits sends nothing more of the command
    check("a FOO {10}\r\nb NOOP\r\n", &["a UnknownCommand", "b Noop"]);
    check("a NOOP {10}\r\nb NOOP\r\n", &["a UnknownCommand", "b Noop"]);
    check("{10}\r\nb NOOP\r\n", &["* Tag", "b Noop"]);
    // one that does not wait has sent it, with more literals perhaps
    check("a FOO {6+}\r\nb NOOP x {1+}\r\n\n\r\nc NOOP\r\n", &["a UnknownCommand", "c Noop"]);
    check("a FOO {6+}\r\nb NOOP x {1}\r\nc NOOP\r\n", &["a UnknownCommand", "c Noop"]);
    check("a FOO {61+}\r\nb NOOP\r\n", &["a too long Close"]);
    check("a FOO {1+}\r\nx {61+}\r\nb NOOP\r\n", &["a UnknownCommand", "* too long Close"]);
}

#[test]
fn too_long() {
    check("a SELECT {101}\r\nb NOOP\r\n", &["a too long Resume", "b Noop"]);
    check("a SELECT {4294967296}\r\nb NOOP\r\n", &["a too long Resume", "b Noop"]);
    check("a SELECT {99999999999999999999}\r\nb NOOP\r\n", &["a too long Resume", "b Noop"]);
    check("a SELECT {101+}\r\nb NOOP\r\n", &["a too long Close"]);
    let literal = format!("{{100}}\r\n{}", "x".repeat(100));
    let three = format!("a SEARCH TEXT {literal} TEXT {literal} TEXT {literal}");
    assert_eq!(outcomes(limits(), [three.as_bytes()])[..3], ["+100", "+100", "a too long Resume"]);
}

/// LITERAL+, RFC 7888: who does not wait may send as much as who does.
#[test]
fn unasked() {
    let select = |size: usize| format!("a SELECT {{{size}+}}\r\n{}\r\nb NOOP\r\n", "x".repeat(size));
    let want = format!("a Select(MailboxName({:?}))", "x".repeat(100));
    check(&select(100), &[&want, "b Noop"]);
    let patient = Limits { swallowed: 101, ..limits() };
    for (size, want) in [(101, &["a too long Resume", "b Noop"][..]), (102, &["a too long Close"])] {
        assert_eq!(outcomes(patient, [select(size).as_bytes()]), want, "{size}");
    }
    check("a APPEND x {5+}\r\nhello\r\nb NOOP\r\n", &["a APPEND x 5", "message hello", "b Noop"]);
    check("a APPEND x {1001+}\r\nb NOOP\r\n", &["a too long Close"]);
}

#[test]
fn a_line_without_end() {
    for (start, want) in
        [("a NOOP ", "a too long Close"), ("{", "* too long Close"), ("", "* too long Close")]
    {
        check(&format!("{start}{}\r\nb NOOP\r\n", "x".repeat(200)), &[want]);
    }
    let line = format!("a {}\r\n", "x".repeat(196));
    check(&line, &["a UnknownCommand"]);
}

#[test]
fn append() {
    check("a APPEND inbox {5}\r\nhello\r\nb NOOP\r\n", &["a APPEND INBOX 5", "message hello", "b Noop"]);
    check(
        "a APPEND {5}\r\ninbox {5+}\r\nhello\nb NOOP\r\n",
        &["+5", "a APPEND INBOX 5", "message hello", "b Noop"],
    );
    check("a APPEND x (\\Seen) \" 1-Jul-2026 12:00:00 +0000\" {0}\r\n\r\n", &["a APPEND x 0", "message "]);
    check("a APPEND x {1}\r\nm {1}\r\nb NOOP\r\n", &["a APPEND x 1", "a Trailing", "b Noop"]);
    check("a APPEND x {1}\r\nm {1+}\r\nn\r\nb NOOP\r\n", &["a APPEND x 1", "a Trailing", "b Noop"]);
    check("a APPEND x {1001}\r\nb NOOP\r\n", &["a too long Resume", "b Noop"]);
    check("a APPEND x (\\Foo) {10}\r\nb NOOP\r\n", &["a Flag", "b Noop"]);
    check("a APPEND x \"today\" {10}\r\nb NOOP\r\n", &["a Date", "b Noop"]);
    check("a APPEND x y {10}\r\nb NOOP\r\n", &["a NoLiteral", "b Noop"]);
    check("a APPEND x {10}x\r\nb NOOP\r\n", &["a NoLiteral", "b Noop"]);
    check("a APPEND  {10}\r\nb NOOP\r\n", &["a String", "b Noop"]);
}

#[test]
fn append_details() {
    let mut input =
        Input::from(&b"a APPEND x (\\Seen k \\SEEN) \"01-Jan-1970 00:00:09 +0000\" {3}\r\nabc"[..]);
    let Outcome::Append(append) = CommandReader::new(limits()).next(&mut input) else { panic!() };
    assert_eq!(append.flags.iter().map(Flag::name).collect::<Vec<_>>(), ["\\Seen", "k"]);
    assert_eq!((append.date, append.size, append.kind), (Some(9), 3, LiteralKind::Synchronizing));
    assert_eq!(input.bytes(), b"abc", "nothing of the message is consumed");
}

#[test]
fn a_refused_message() {
    let next = |reader: &mut CommandReader, input: &mut Input| match reader.next(input) {
        Outcome::Command(tagged) => tagged.tag.to_string(),
        other => format!("{other:?}"),
    };
    // who waits sends nothing of it
    let mut reader = CommandReader::new(limits());
    let mut input = Input::from(&b"a APPEND x {3}\r\nb NOOP\r\n"[..]);
    reader.next(&mut input);
    assert_eq!(
        reader.next(&mut input),
        Outcome::Incomplete,
        "nothing happens before the session has decided"
    );
    assert_eq!(reader.refuse_message(), Recovery::Resume);
    assert_eq!(next(&mut reader, &mut input), "b");
    // who does not wait has sent it
    input = Input::from(&b"a APPEND x {9+}\r\nb NOOP\r\n.\r\nc NOOP\r\n"[..]);
    reader.next(&mut input);
    assert_eq!(reader.refuse_message(), Recovery::Resume);
    assert_eq!(next(&mut reader, &mut input), "c");
    // and what was begun is sent to its end
    input = Input::from(&b"a APPEND x {9}\r\nb NOOP\r\n.\r\nc NOOP\r\n"[..]);
    reader.next(&mut input);
    assert_eq!(reader.transferred(), None);
    reader.accept_message();
    assert_eq!(reader.transferred(), Some(0));
    assert_eq!(reader.take_message(&mut input, 2), b"b ");
    assert_eq!((reader.message_left(), reader.transferred()), (7, Some(2)));
    assert_eq!(reader.refuse_message(), Recovery::Resume);
    assert_eq!(reader.transferred(), Some(0), "what is thrown away buys no time");
    assert_eq!(next(&mut reader, &mut input), "c");
    assert_eq!(reader.transferred(), None);
}

#[test]
fn what_follows_a_command_stays_in_the_input() {
    let mut input = Input::from(&b"a STARTTLS\r\nb NOOP\r\n"[..]);
    let outcome = CommandReader::new(limits()).next(&mut input);
    assert!(matches!(outcome, Outcome::Command(Tagged { command: Command::StartTls, .. })));
    assert_eq!(input.bytes(), b"b NOOP\r\n");
}
