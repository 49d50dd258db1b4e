//! Status responses and continuation requests, RFC 3501 sections 7.1 and 7.5.

use super::code::Code;
use super::string;
use crate::proto::parse::Tag;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It was done.
    Ok,
    /// It was not.
    No,
    /// It was not understood, or not in place.
    Bad,
}

impl Condition {
    fn name(self) -> &'static str {
        match self {
            Condition::Ok => "OK",
            Condition::No => "NO",
            Condition::Bad => "BAD",
        }
    }
}

/// `tag OK [code] text`: a command is done with.
pub fn tagged(tag: &Tag, condition: Condition, code: Option<Code<'_>>, text: &str, out: &mut Vec<u8>) {
    line(tag.as_str(), condition.name(), code, text, out);
}

/// `* OK [code] text`: something to know.
pub fn untagged(condition: Condition, code: Option<Code<'_>>, text: &str, out: &mut Vec<u8>) {
    line("*", condition.name(), code, text, out);
}

/// `* BYE text`: the connection is about to be closed.
pub fn bye(code: Option<Code<'_>>, text: &str, out: &mut Vec<u8>) {
    line("*", "BYE", code, text, out);
}

/// `+ text`: the client may go on. For SASL the text is base64, and may be empty, RFC 3501 section 6.2.2.
pub fn continuation(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"+ ");
    out.extend(text.bytes().filter(|byte| matches!(byte, b' '..=b'~')));
    out.extend_from_slice(b"\r\n");
}

fn line(tag: &str, condition: &str, code: Option<Code<'_>>, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(tag.as_bytes());
    out.push(b' ');
    out.extend_from_slice(condition.as_bytes());
    out.push(b' ');
    if let Some(code) = code {
        code.encode(out);
        out.push(b' ');
    }
    string::text(text, out);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use ipc::mail::UidRange;

    use super::super::mailbox::PermanentFlags;
    use super::*;
    use crate::proto::parse::Flag;

    fn run(first: u32, last: u32) -> UidRange {
        UidRange { first, last }
    }

    #[test]
    fn lines() {
        let permanent = PermanentFlags { flags: &Flag::SYSTEM, new_keywords: true };
        for (code, want) in [
            (None, "a OK done\r\n"),
            (Some(Code::ReadWrite), "a OK [READ-WRITE] done\r\n"),
            (Some(Code::AppendUid { validity: 7, uid: 9 }), "a OK [APPENDUID 7 9] done\r\n"),
            (
                Some(Code::CopyUid { validity: 7, source: &[run(2, 4), run(9, 9)], copies: &[run(1, 4)] }),
                "a OK [COPYUID 7 2:4,9 1:4] done\r\n",
            ),
            (Some(Code::BadCharset(&["UTF-8"])), "a OK [BADCHARSET (UTF-8)] done\r\n"),
            (Some(Code::BadCharset(&[])), "a OK [BADCHARSET] done\r\n"),
            (
                Some(Code::Capability(&["IMAP4rev1", "AUTH=PLAIN"])),
                "a OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] done\r\n",
            ),
            (
                Some(Code::PermanentFlags(permanent)),
                "a OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] done\r\n",
            ),
            (Some(Code::Unseen(3)), "a OK [UNSEEN 3] done\r\n"),
        ] {
            let mut out = Vec::new();
            tagged(&Tag::from("a"), Condition::Ok, code, "done", &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    #[test]
    fn continuations() {
        let mut out = Vec::new();
        continuation("", &mut out);
        continuation("go\r\non", &mut out);
        assert_eq!(out, b"+ \r\n+ goon\r\n");
    }
}
