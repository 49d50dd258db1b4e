//! Every sequence that some server took for the end of data, as a test of its own: a second message hidden behind it must
//! not come into being, however it is cut into packets, and whatever is pipelined with it (CVE-2023-51764 to -51766).

use bulkhead_tests::attack::dialog::{ENVELOPE, exchange, found, shared};
use bulkhead_tests::attack::{LOGIN, PASSWORD};
use bulkhead_tests::mail::curl;
use bulkhead_tests::suite::text_of;

/// How a dialog reaches the server.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// In one piece: EHLO, envelope, data and what is behind, pipelined.
    Whole,
    /// Each octet of the false end in a packet of its own.
    Octets,
    /// The false end across the place where the session's input is cut.
    Border,
}

fn dialog(end: &str, pace: Pace, mark: &str) -> Vec<Vec<u8>> {
    let head = format!("EHLO client.elsewhere.example\r\n{ENVELOPE}Subject: outer {mark}\r\n\r\ntext");
    let tail = format!("{ENVELOPE}Subject: smuggled {mark}\r\n\r\ntext\r\n.\r\nQUIT\r\n");
    match pace {
        Pace::Whole => vec![format!("{head}{end}{tail}").into_bytes()],
        Pace::Octets => {
            let mut parts = vec![head.into_bytes()];
            parts.extend(end.bytes().map(|octet| vec![octet]));
            parts.push(tail.into_bytes());
            parts
        }
        Pace::Border => {
            // 16 KiB are read at once, 64 KiB are a chunk: each octet of the end is the last before one of them in turn
            let mut octets = head.into_bytes();
            let filler = 64 * 1024 - octets.len() % (64 * 1024) - end.len() / 2;
            octets.extend(b"0123456789\r\n".iter().cycle().take(filler).map(|octet| match octet {
                b'\r' | b'\n' => b'x',
                other => *other,
            }));
            octets.extend(end.bytes());
            octets.extend(tail.into_bytes());
            vec![octets]
        }
    }
}

fn is_no_end(name: &str, end: &str) {
    let suite = &*shared();
    for pace in [Pace::Whole, Pace::Octets, Pace::Border] {
        let mark = format!("{name}-{pace:?}");
        let replies = exchange(suite.smtp, &dialog(end, pace, &mark));
        assert_eq!(replies.matches("354 ").count(), 1, "{end:?} {pace:?}: a second DATA: {replies}");
        let stored = replies.matches("250 2.0.0 Stored").count();
        assert!(stored <= 1, "{end:?} {pace:?}: {replies}");
        assert!(!found(suite, &format!("smuggled {mark}")), "{end:?} {pace:?}: it was delivered");
        assert_eq!(found(suite, &format!("outer {mark}")), stored == 1, "{end:?} {pace:?}: {replies}");
    }
}

macro_rules! no_end {
    ($($name:ident: $end:literal;)*) => {$(
        #[test]
        fn $name() {
            is_no_end(stringify!($name), $end);
        }
    )*};
}

no_end! {
    lf_dot_lf: "\n.\n";
    lf_dot_crlf: "\n.\r\n";
    crlf_dot_lf: "\r\n.\n";
    cr_dot_cr: "\r.\r";
    crlf_dot_cr: "\r\n.\r";
    cr_dot_crlf: "\r.\r\n";
    cr_dot_lf: "\r.\n";
    lf_dot_cr: "\n.\r";
    crcrlf_dot_crlf: "\r\r\n.\r\n";
    crlf_dot_crcrlf: "\r\n.\r\r\n";
    lfcr_dot_crlf: "\n\r.\r\n";
    crlflf_dot_crlf: "\r\n\n.\r\n";
    crlfcr_dot_crlf: "\r\n\r.\r\n";
    crlf_nul_dot_crlf: "\r\n\0.\r\n";
    crlf_dot_nul_crlf: "\r\n.\0\r\n";
    crlf_dot_cr_nul_lf: "\r\n.\r\0\n";
    cr_nul_lf_dot_crlf: "\r\0\n.\r\n";
    crlf_dot_dot_crlf: "\r\n..\r\n";
    crlf_dot_space_crlf: "\r\n. \r\n";
    crlf_space_dot_crlf: "\r\n .\r\n";
    crlf_dot_tab_crlf: "\r\n.\t\r\n";
    vertical_tab_dot_crlf: "\x0b.\r\n";
    form_feed_dot_crlf: "\x0c.\r\n";
    next_line_dot_next_line: "\u{85}.\u{85}";
    line_separator_dot_crlf: "\u{2028}.\r\n";
    backspaced_dot_crlf: "\r\nx\x08.\r\n";
    end_of_file_octet: "\r\n\x1a\r\n";
}

/// The one end there is, as a check of what the others are checked with.
#[test]
fn crlf_dot_crlf_is_the_end() {
    let suite = &*shared();
    for pace in [Pace::Whole, Pace::Octets, Pace::Border] {
        let mark = format!("real-{pace:?}");
        let replies = exchange(suite.smtp, &dialog("\r\n.\r\n", pace, &mark));
        assert_eq!(replies.matches("250 2.0.0 Stored").count(), 2, "{pace:?}: {replies}");
        assert!(found(suite, &format!("outer {mark}")) && found(suite, &format!("smuggled {mark}")));
    }
}

/// Dots at the start of lines come out as they went in, wherever the stream is cut.
#[test]
fn dots_survive_every_cut() {
    let suite = &*shared();
    let body = "..\r\n...\r\n.x\r\nx.\r\n..x..\r\n";
    let stuffed = "...\r\n....\r\n..x\r\nx.\r\n...x..\r\n";
    let text = format!("EHLO x.example\r\n{ENVELOPE}Subject: dots\r\n\r\n{stuffed}.\r\nQUIT\r\n");
    let begin = text.find("Subject").expect("a subject");
    for cut in (begin..text.len() - 6).step_by(3) {
        let (first, second) = text.split_at(cut);
        let replies = exchange(suite.smtp, &[first.into(), second.into()]);
        assert!(replies.contains("250 2.0.0 Stored"), "cut at {cut}: {replies}");
    }
    let said = curl(suite, &format!("{LOGIN}:{PASSWORD}"), "INBOX", Some("SEARCH HEADER SUBJECT dots"));
    let numbers: Vec<String> = text_of(&said).split_whitespace().skip(2).map(str::to_owned).collect();
    assert!(numbers.len() > 10, "{said:?}");
    for number in numbers {
        let path = format!("INBOX;MAILINDEX={number};SECTION=TEXT");
        let read = curl(suite, &format!("{LOGIN}:{PASSWORD}"), &path, None);
        assert_eq!(String::from_utf8_lossy(&read.stdout), body, "message {number}");
    }
}
