//! Strangers, and users, that say too much: a line without an end, a literal larger than the address space of some, a
//! message of nothing but parts.

use std::fmt::Write;
use std::time::{Duration, Instant};

use bulkhead_tests::attack::{Client, Door, LOGIN, PASSWORD, Scale, Siege, alone, connector, runtime};
use bulkhead_tests::mail::{Smtp, curl};
use bulkhead_tests::suite::{Options, text_of};

/// Octets sent at once.
const BLOCK: usize = 64 * 1024;
const SILENCE: Duration = Duration::from_secs(2);
const FROM: std::net::Ipv4Addr = std::net::Ipv4Addr::new(127, 10, 0, 1);

fn siege() -> Siege {
    // what is read of a line, of a literal or of a refused message is not kept
    Siege { growth: 24, ..Siege::new(Options::default()) }
}

#[test]
fn a_line_of_a_gibibyte() {
    let _alone = alone();
    let siege = siege();
    let suite = &siege.suite;
    let blocks = Scale::here().of(32 << 20, 1 << 30) / BLOCK as u64;
    siege.under("a line without an end", async {
        for (door, refusal) in [
            (Door::Smtp, "500 5.5.2 "),
            (Door::Submission, "500 5.5.2 "),
            (Door::Submissions, "500 5.5.2 "),
            (Door::Imap, "* BYE [TOOBIG] "),
            (Door::Imaps, "* BYE [TOOBIG] "),
            (Door::Pop3, "-ERR "),
            (Door::Pop3s, "-ERR "),
        ] {
            let mut client = Client::open(suite, door, FROM, &connector()).await.expect("a greeting");
            let (went, said) = client.pour(&[b'A'; BLOCK], blocks, SILENCE).await;
            assert!(said.contains(refusal), "{door:?} after {went} blocks: {said:?}");
            // whoever goes on is not listened to for long: what stands in buffers on the way, and no more
            assert!(went < blocks.min(400), "{door:?} takes {went} blocks");
        }
    });
}

#[test]
fn a_line_of_a_gibibyte_in_a_message() {
    let _alone = alone();
    let siege = Siege { growth: 64, ..siege() };
    let suite = &siege.suite;
    let blocks = Scale::here().of(72 << 20, 1 << 30) / BLOCK as u64;
    siege.under("a message of one endless line", async {
        let mut client = Client::open(suite, Door::Smtp, FROM, &connector()).await.expect("a greeting");
        let envelope = format!("EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{LOGIN}>\r\nDATA\r\n");
        client.send(envelope.as_bytes()).await.expect("it is sent");
        client.until(&["354 "]).await.expect("a reply");
        let (went, mut said) = client.pour(&[b'A'; BLOCK], blocks, Duration::ZERO).await;
        if went == blocks {
            client.send(b"\r\n.\r\n").await.expect("it is sent");
            said.push_str(&client.until(&["552 "]).await.expect("a reply"));
        }
        assert!(said.contains("552 5.3.4 "), "after {went} blocks: {said:?}");
    });
    let status = curl(&siege.suite, &format!("{LOGIN}:{PASSWORD}"), "", Some("STATUS INBOX (MESSAGES)"));
    assert!(text_of(&status).contains("MESSAGES 1"), "only what came afterwards: {}", text_of(&status));
}

#[test]
fn a_literal_of_four_gibibytes() {
    let _alone = alone();
    let siege = siege();
    let suite = &siege.suite;
    const SIZES: [&str; 4] = ["4294967295", "4294967296", "18446744073709551616", "99999999999999999999999"];
    siege.under("literals announced", async {
        for size in SIZES {
            for command in
                ["a LOGIN {", "a AUTHENTICATE {", "a LOGIN anna {", "a APPEND INBOX {", "a SELECT {"]
            {
                refused(suite, false, command, size).await;
            }
            for command in
                ["a APPEND INBOX {", "a APPEND {", "a SELECT {", "a SEARCH TEXT {", "a LIST {", "a FETCH {"]
            {
                refused(suite, true, command, size).await;
            }
        }
    });
}

/// Announces a literal, waiting for the invitation to send it and not, and pours a hundred blocks of it if not.
async fn refused(suite: &bulkhead_tests::suite::Suite, logged_in: bool, command: &str, size: &str) {
    for (end, blocks) in [("}", 0), ("+}", 100)] {
        let mut client = Client::open(suite, Door::Imaps, FROM, &connector()).await.expect("a greeting");
        if logged_in {
            let reply = client.log_in(Door::Imaps, LOGIN, PASSWORD).await.expect("a reply");
            assert!(reply.starts_with("l OK"), "{reply}");
        }
        client.send(format!("{command}{size}{end}\r\n").as_bytes()).await.expect("it is sent");
        let said = if blocks == 0 {
            client.line().await.expect("a reply")
        } else {
            client.pour(&[b'A'; BLOCK], blocks, SILENCE).await.1
        };
        let clear = ["a NO ", "a BAD ", "* BYE ", "* BAD "].iter().any(|start| said.starts_with(start));
        assert!(clear, "{command}{size}{end} logged in: {logged_in}: {said:?}");
    }
}

#[test]
fn ten_thousand_parts() {
    let _alone = alone();
    let siege = siege();
    let mut flat = String::from(
        "Subject: flat\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    );
    for number in 0..10_000 {
        let _ = write!(flat, "--b\r\nContent-Type: text/x-{number}; name=n{number}\r\n\r\n{number}\r\n");
    }
    flat.push_str("--b--\r\n");
    let mut deep = String::from("Subject: deep\r\nMIME-Version: 1.0\r\n");
    for number in 0..10_000 {
        let _ = write!(deep, "Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n");
    }
    deep.push_str("\r\nthe bottom\r\n");
    let mut messages = String::from("Subject: messages in messages\r\nMIME-Version: 1.0\r\n");
    messages.push_str(&"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n".repeat(10_000));
    let bombs = [flat, deep, messages];
    let taken = siege.under("ten thousand parts", async {
        let mut smtp = Smtp::connect(siege.suite.smtp).expect("a greeting");
        smtp.say("EHLO x.example").expect("a reply");
        for bomb in &bombs {
            assert!(smtp.deliver(LOGIN, bomb).expect("a reply"), "{}", &bomb[..60]);
        }
        read_all(&siege.suite, bombs.len()).await
    });
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

/// Asks for all that is computed of a message, of the first `count`; how long that took.
async fn read_all(suite: &bulkhead_tests::suite::Suite, count: usize) -> Duration {
    let mut imap = Client::open(suite, Door::Imaps, FROM, &connector()).await.expect("a greeting");
    imap.log_in(Door::Imaps, LOGIN, PASSWORD).await.expect("a reply");
    imap.say("s SELECT INBOX", "s OK").await.expect("a mailbox");
    let asked = Instant::now();
    for number in 1..=count {
        for (items, most) in [
            ("BODYSTRUCTURE", 1 << 20),
            ("(ENVELOPE BODY)", 1 << 20),
            ("BODY.PEEK[1]", 4 << 20),
            ("BODY.PEEK[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]", 4 << 20),
            ("BODY.PEEK[10000.MIME]", 4 << 20),
            ("BODY.PEEK[]", 4 << 20),
        ] {
            imap.send(format!("f FETCH {number} {items}\r\n").as_bytes()).await.expect("it is sent");
            let mut octets = 0;
            loop {
                let line = imap.line().await.expect("a reply");
                octets += line.len();
                assert!(octets < most, "{items} of {number} is more than {most} octets");
                if line.starts_with("f ") {
                    assert!(line.starts_with("f OK"), "{items} of {number}: {line}");
                    break;
                }
            }
        }
    }
    imap.say("x SEARCH TEXT bottom", "x OK").await.expect("a reply");
    asked.elapsed()
}

#[test]
fn the_harness_hears_what_is_poured_out() {
    // a probe that measured nothing would let every attack pass
    let _alone = alone();
    let siege = siege();
    runtime().block_on(async {
        let mut client =
            Client::open(&siege.suite, Door::Smtp, FROM, &connector()).await.expect("a greeting");
        let (went, said) = client.pour(b"NOOP\r\n", 5, Duration::from_millis(500)).await;
        assert_eq!((went, said.matches("250 2.0.0").count()), (5, 5), "{said}");
    });
}
