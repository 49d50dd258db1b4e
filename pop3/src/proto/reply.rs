//! Replies, RFC 1939 section 3.

/// An extended response code: why not, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// RFC 3206 section 5: the name or the password is wrong.
    Auth,
    /// RFC 3206 section 4: a trouble of ours that will pass.
    Temporary,
    /// RFC 3206 section 4: a trouble of ours that somebody has to mend.
    Permanent,
}

/// `+OK text`
pub(super) fn ok(text: &str, out: &mut Vec<u8>) {
    line(&["+OK ", text], out);
}

/// `-ERR text`
pub(super) fn err(text: &str, out: &mut Vec<u8>) {
    line(&["-ERR ", text], out);
}

/// `-ERR [code] text`
pub(super) fn err_with(code: Code, text: &str, out: &mut Vec<u8>) {
    let code = match code {
        Code::Auth => "[AUTH] ",
        Code::Temporary => "[SYS/TEMP] ",
        Code::Permanent => "[SYS/PERM] ",
    };
    line(&["-ERR ", code, text], out);
}

/// A line of a multi-line reply. The text is of our making and begins with no dot.
pub(super) fn item(text: &str, out: &mut Vec<u8>) {
    line(&[text], out);
}

/// The end of a multi-line reply.
pub(super) fn end(out: &mut Vec<u8>) {
    line(&["."], out);
}

/// An empty challenge, RFC 5034 section 4.
pub(super) fn challenge(out: &mut Vec<u8>) {
    line(&["+ "], out);
}

fn line(parts: &[&str], out: &mut Vec<u8>) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
