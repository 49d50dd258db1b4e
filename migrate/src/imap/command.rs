//! Commands as they are sent: a line, or several where the server has to ask for the next.

use zeroize::Zeroizing;

/// A command without its tag. It may have a password in it, and is wiped.
pub(super) struct Command {
    /// Each but the first is sent when the server asks for it.
    lines: Vec<Zeroizing<Vec<u8>>>,
}

impl Command {
    pub(super) fn new(text: &str) -> Self {
        Command { lines: vec![Zeroizing::new(text.into())] }
    }

    /// With a word as it stands.
    pub(super) fn word(mut self, word: &[u8]) -> Self {
        self.push(&[b" ", word]);
        self
    }

    /// With a string: quoted where it can be, else as a literal (RFC 9051 section 4.3).
    pub(super) fn string(mut self, string: &[u8]) -> Self {
        if string.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            self.push(&[b" \""]);
            for byte in string {
                let escape: &[u8] = if matches!(byte, b'"' | b'\\') { b"\\" } else { b"" };
                self.push(&[escape, std::slice::from_ref(byte)]);
            }
            self.push(&[b"\""]);
            return self;
        }
        self.push(&[format!(" {{{}}}", string.len()).as_bytes()]);
        self.then(string)
    }

    /// With a further line.
    pub(super) fn then(mut self, line: &[u8]) -> Self {
        self.lines.push(Zeroizing::new(line.to_vec()));
        self
    }

    /// What is sent, line by line.
    pub(super) fn lines(&self, tag: &str) -> Vec<Zeroizing<Vec<u8>>> {
        let tags = std::iter::once(format!("{tag} ")).chain(std::iter::repeat(String::new()));
        let line = |(line, tag): (&Zeroizing<Vec<u8>>, String)| {
            Zeroizing::new([tag.as_bytes(), line.as_slice(), b"\r\n"].concat())
        };
        self.lines.iter().zip(tags).map(line).collect()
    }

    fn push(&mut self, pieces: &[&[u8]]) {
        let Some(last) = self.lines.last_mut() else { return };
        // what grows is copied, and the copy that is left behind is not wiped: so it is made here
        *last = Zeroizing::new([&[last.as_slice()], pieces].concat().concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(command: &Command) -> Vec<String> {
        let lines = command.lines("b1").into_iter();
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
    }

    #[test]
    fn strings_are_quoted_or_literals() {
        let command = Command::new("LOGIN").string(b"an\"na\\").string(b"");
        assert_eq!(sent(&command), ["b1 LOGIN \"an\\\"na\\\\\" \"\"\r\n"]);
        let command = Command::new("LOGIN").string("ü".as_bytes()).string(b"p\r\nb2 LOGOUT");
        assert_eq!(sent(&command), ["b1 LOGIN {2}\r\n", "ü {12}\r\n", "p\r\nb2 LOGOUT\r\n"]);
        let command = Command::new("AUTHENTICATE PLAIN").then(b"AGE=");
        assert_eq!(sent(&command), ["b1 AUTHENTICATE PLAIN\r\n", "AGE=\r\n"]);
    }
}
