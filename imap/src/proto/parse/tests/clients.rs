//! What mail programs send.

use super::super::command;

#[test]
fn understood() {
    for line in [
        // Thunderbird
        "1 capability",
        "2 authenticate PLAIN",
        "5 ID (\"name\" \"Thunderbird\" \"version\" \"115.6.0\")",
        "7 list (subscribed) \"\" \"*\"",
        "8 lsub \"\" \"*\"",
        "9 list \"\" \"INBOX\"",
        "10 select \"INBOX\"",
        "11 getquotaroot \"INBOX\"",
        "12 UID fetch 1:* (FLAGS)",
        "13 UID fetch 44 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID \
         Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])",
        "14 UID fetch 44 (UID RFC822.SIZE BODY.PEEK[])",
        "15 UID fetch 44 (UID RFC822.SIZE BODY.PEEK[]<0.131072>)",
        "16 uid store 44 +Flags (\\Seen)",
        "17 uid store 44 -FLAGS.SILENT (NonJunk)",
        "18 uid copy 44 \"Trash\"",
        "19 STATUS \"Sent\" (UIDNEXT MESSAGES UNSEEN RECENT)",
        "20 IDLE",
        "21 UID SEARCH UNDELETED HEADER Message-ID <x@y>",
        // Apple Mail
        "1.5 ID (\"name\" \"Mac OS X Mail\" \"version\" \"16.0\" \"os\" \"Mac OS X\" \"vendor\" \"Apple Inc.\")",
        "2.5 AUTHENTICATE PLAIN AHVzZXIAcGFzcw==",
        "3.5 LIST \"\" \"*\"",
        "4.5 UID FETCH 1:1000 (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc \
         message-id in-reply-to references content-type x-priority x-uniform-type-identifier \
         x-universally-unique-identifier list-id list-unsubscribe)])",
        "5.5 UID FETCH 7 (BODYSTRUCTURE BODY.PEEK[HEADER])",
        "6.5 UID FETCH 7 BODY.PEEK[1.2]<0.1048576>",
        "7.5 UID STORE 7 FLAGS.SILENT (\\Seen $NotJunk)",
        "8.5 NAMESPACE",
        // mbsync
        "3 NAMESPACE",
        "4 LIST \"\" \"%\"",
        "5 SELECT \"INBOX\"",
        "6 UID FETCH 1:1 (UID)",
        "7 UID FETCH 1:500 (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-TUID MESSAGE-ID)])",
        "8 UID FETCH 12 (BODY.PEEK[])",
        "9 UID STORE 12 +FLAGS (\\Deleted)",
        "10 CLOSE",
        // imapclient and imaplib
        "FGKM1 SEARCH CHARSET UTF-8 UNSEEN SINCE 01-Feb-2024",
        "FGKM2 UID SEARCH NOT DELETED",
        "FGKM3 FETCH 1:5 (RFC822)",
        "FGKM4 UID FETCH 1,2,5 (UID ENVELOPE)",
        "FGKM5 STATUS INBOX (MESSAGES UNSEEN)",
        "FGKM6 STORE 1 +FLAGS \\Deleted",
        "FGKM7 LOGIN user@example.org \"pa\\\\ss\"",
        // K-9
        "2 ID (\"name\" \"K-9 Mail\" \"version\" \"6.8\")",
        "3 LIST \"\" *",
        "4 SELECT \"INBOX\"",
        "5 UID SEARCH 1:* NOT DELETED",
        "6 UID SEARCH 5:* SINCE 14-Jun-2024 NOT DELETED",
        "7 UID FETCH 3,4 (UID INTERNALDATE FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to \
         cc reply-to message-id references in-reply-to X-K9mail-Identity Chat-Version)])",
        "8 UID STORE 3 +FLAGS.SILENT (\\Seen)",
        "9 UID FETCH 3 BODY.PEEK[1.1]",
        // Outlook
        "kl3t CAPABILITY",
        "b7oy LOGIN \"user@example.org\" \"pass\"",
        "24c9 LIST \"\" \"\"",
        "4v19 LSUB \"\" \"*\"",
        "n3x3 UID FETCH 1:* (UID FLAGS)",
        "6tp1 UID FETCH 1,3 (UID RFC822.SIZE RFC822.HEADER)",
        "hs2v UID FETCH 3 (RFC822.PEEK BODY.PEEK[])",
        "7l29 UID FETCH 3 (UID RFC822.SIZE BODY.PEEK[])",
        "qwer APPEND",
    ] {
        // of extensions that are not announced
        let unknown = ["(subscribed)", "getquotaroot", "RFC822.PEEK", "APPEND"];
        let want = !unknown.iter().any(|word| line.contains(word));
        assert_eq!(command(line.as_bytes()).is_ok(), want, "{line}");
    }
}
