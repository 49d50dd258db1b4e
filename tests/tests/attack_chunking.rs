//! Smuggling by BDAT (RFC 3030): what was counted is message, whatever it looks like, and what was not is commands, whatever
//! stands before it; in one packet, and octet by octet.

use bulkhead_tests::attack::dialog::{ENVELOPE, exchange, found, shared};

const TO_ANNA: &str = "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<anna@example.org>\r\n";

/// A message that looks like the end of another, and commands.
fn trap(mark: &str, end: &str) -> String {
    format!("Subject: outer {mark}\r\n\r\ntext{end}{ENVELOPE}Subject: smuggled {mark}\r\n\r\ntext\r\n.\r\n")
}

fn chunk(text: &str, last: bool) -> String {
    format!("BDAT {}{}\r\n{text}", text.len(), if last { " LAST" } else { "" })
}

/// Says it in one packet, and then in packets of a few octets; hands the replies to `check` with a mark of its own.
fn said(name: &str, dialog: impl Fn(&str) -> String, check: impl Fn(&str, &str)) {
    let suite = &*shared();
    for size in [usize::MAX, 31] {
        let mark = format!("{name}-{size}");
        let text = format!("EHLO x.example\r\n{}QUIT\r\n", dialog(&mark));
        let parts: Vec<Vec<u8>> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let replies = exchange(suite.smtp, &parts);
        assert!(replies.contains("250 CHUNKING\r\n"), "{replies}");
        assert!(!found(suite, &format!("smuggled {mark}")), "{mark}: {replies}");
        assert!(!replies.contains("354 "), "{mark}: a command out of a chunk was executed: {replies}");
        check(&mark, &replies);
    }
}

fn stored(replies: &str) -> usize {
    replies.matches("250 2.0.0 Stored").count()
}

#[test]
fn an_end_of_data_in_a_chunk_is_text() {
    said(
        "in-a-chunk",
        |mark| format!("{TO_ANNA}{}", chunk(&trap(mark, "\r\n.\r\n"), true)),
        |mark, replies| {
            assert_eq!(stored(replies), 1, "{replies}");
            assert!(found(&shared(), &format!("outer {mark}")));
        },
    );
}

#[test]
fn an_end_of_data_across_two_chunks_is_text() {
    for cut in 1..5 {
        said(
            "across",
            |mark| {
                let whole = trap(mark, "\r\n.\r\n");
                let at = whole.find("\r\n.\r\n").expect("it is there") + cut;
                let (first, second) = whole.split_at(at);
                format!("{TO_ANNA}{}{}", chunk(first, false), chunk(second, true))
            },
            |_, replies| assert_eq!(stored(replies), 1, "{replies}"),
        );
    }
}

#[test]
fn a_bare_line_end_spoils_the_message_and_nothing_behind_it_is_a_command() {
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"] {
        said(
            "bare",
            |mark| format!("{TO_ANNA}{}", chunk(&trap(mark, end), true)),
            |_, replies| {
                assert_eq!(
                    (stored(replies), replies.matches("550 5.6.11").count()),
                    (0, 1),
                    "{end:?}: {replies}"
                );
            },
        );
    }
}

#[test]
fn octets_of_a_chunk_nobody_wants_are_not_commands() {
    let inner = |mark: &str| trap(mark, "\r\n.\r\n");
    said(
        "before-mail",
        |mark| chunk(&inner(mark), true),
        |_, replies| {
            assert_eq!((stored(replies), replies.matches("503 ").count()), (0, 1), "{replies}");
        },
    );
    let nobody = "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<nobody@example.org>\r\n";
    said(
        "nobody",
        |mark| format!("{nobody}{}", chunk(&inner(mark), true)),
        |_, replies| {
            assert_eq!((stored(replies), replies.matches("554 5.5.1").count()), (0, 1), "{replies}");
        },
    );
    // one chunk of a message that was given up already
    said(
        "given-up",
        |mark| format!("{TO_ANNA}{}{}", chunk("a bare\nline feed", false), chunk(&inner(mark), true)),
        |_, replies| assert_eq!((stored(replies), replies.matches("503 ").count()), (0, 1), "{replies}"),
    );
}

#[test]
fn what_was_not_counted_is_commands() {
    said(
        "short",
        |mark| format!("{TO_ANNA}BDAT 4 LAST\r\ntextSubject: outer {mark}\r\nNOOP\r\n"),
        |mark, replies| {
            assert_eq!(stored(replies), 1, "{replies}");
            assert!(replies.contains("500 ") && replies.contains("250 2.0.0 Ok"), "{replies}");
            assert!(!found(&shared(), &format!("outer {mark}")));
        },
    );
}

#[test]
fn a_count_that_is_none_is_refused_and_the_connection_is_no_riddle() {
    for count in ["-1", "+5", "0x10", "5 FIRST", "", "5 5", "1e3"] {
        said(
            "count",
            |mark| format!("{TO_ANNA}BDAT {count}\r\n{}", trap(mark, "\r\n.\r\n").replace("DATA\r\n", "")),
            |_, replies| {
                // what follows is octets of nobody knows how many: they cannot be told from commands, so nothing is read on
                assert_eq!(stored(replies), 0, "{count:?}: {replies}");
                assert!(replies.contains("\r\n501 ") && !replies.contains("221 "), "{count:?}: {replies}");
            },
        );
    }
}

#[test]
fn a_count_larger_than_all_that_comes_swallows_it() {
    for count in ["400000000", "18446744073709551615", "18446744073709551616", "99999999999999999999999"] {
        said(
            "large",
            |mark| format!("{TO_ANNA}BDAT {count} LAST\r\n{}", trap(mark, "\r\n.\r\n")),
            |_, replies| {
                assert_eq!(stored(replies), 0, "{count:?}: {replies}");
                assert!(!replies.contains("221 "), "{count:?}: {replies}");
            },
        );
    }
}

#[test]
fn data_and_bdat_do_not_mix() {
    said(
        "mixed",
        |mark| {
            format!(
                "{TO_ANNA}{}DATA\r\nSubject: smuggled {mark}\r\n\r\ntext\r\n.\r\n",
                chunk("text\r\n", false)
            )
        },
        |_, replies| assert_eq!(stored(replies), 0, "{replies}"),
    );
}
