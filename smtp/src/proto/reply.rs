//! Replies: a code, an enhanced status code, a text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One reply, RFC 5321 section 4.2. The text never holds a word of the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    status: Option<Status>,
    text: Cow<'static, str>,
}

/// An enhanced status code, RFC 3463: class, subject, detail.
pub(super) type Status = (u8, u8, u8);

impl Reply {
    /// A reply with an enhanced status code, as RFC 2034 section 4 asks of all but the greeting, HELO and EHLO.
    pub(super) fn new(code: u16, status: Status, text: impl Into<Cow<'static, str>>) -> Self {
        Reply { code, status: Some(status), text: text.into() }
    }

    /// A reply without one. Several lines are parted by LF.
    pub(super) fn plain(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Reply { code, status: None, text: text.into() }
    }

    /// Appends the reply as it goes over the wire.
    pub(super) fn write(&self, output: &mut Vec<u8>) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let mark = if lines.peek().is_some() { '-' } else { ' ' };
            let mut wire = format!("{}{mark}", self.code);
            if let Some((class, subject, detail)) = self.status {
                // writing to a String cannot fail
                let _ = write!(wire, "{class}.{subject}.{detail} ");
            }
            wire.push_str(line);
            wire.push_str("\r\n");
            output.extend_from_slice(wire.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut output = Vec::new();
        reply.write(&mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn lines_are_marked() {
        assert_eq!(wire(&Reply::plain(250, "a\nB\nC 1")), "250-a\r\n250-B\r\n250 C 1\r\n");
        assert_eq!(wire(&Reply::new(550, (5, 1, 1), "No")), "550 5.1.1 No\r\n");
    }
}
