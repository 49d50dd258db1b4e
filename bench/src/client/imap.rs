//! IMAP4rev1 (RFC 3501), one command at a time.

use super::wire::{Place, Wire};
use crate::failure::{Failure, Result};

/// A session.
pub struct Imap {
    wire: Wire,
    count: u64,
}

/// What a command brought.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Untagged lines; of one with literals, the last piece.
    pub lines: Vec<String>,
    /// Bytes of literals.
    pub literals: usize,
    /// The tagged line, behind its OK.
    pub text: String,
}

impl Imap {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// When the server is not there.
    pub async fn connect(place: &Place) -> Result<Self> {
        let mut imap = Imap { wire: Wire::connect(place).await?, count: 0 };
        let greeting = imap.wire.line().await?;
        if greeting.starts_with("* OK") {
            Ok(imap)
        } else {
            Err(Failure::Reply { expected: "the greeting", said: greeting })
        }
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn login(place: &Place, user: &str, password: &str) -> Result<Self> {
        let mut imap = Imap::connect(place).await?;
        imap.command(&format!("LOGIN {user} {password}")).await?;
        Ok(imap)
    }

    /// Connects, logs in and selects INBOX.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn select(place: &Place, user: &str, password: &str) -> Result<Self> {
        let mut imap = Imap::login(place, user, password).await?;
        imap.command("SELECT INBOX").await?;
        Ok(imap)
    }

    /// A command, up to its OK.
    ///
    /// # Errors
    /// When the reply is not OK.
    pub async fn command(&mut self, command: &str) -> Result<Reply> {
        let tag = self.tag();
        self.wire.send(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.reply(&tag).await
    }

    /// Appends messages to INBOX: in one command where the server can (RFC 3502), else one by one.
    ///
    /// # Errors
    /// When the reply is not OK.
    pub async fn append(&mut self, messages: &[Vec<u8>]) -> Result<()> {
        let offered = self.command("CAPABILITY").await?;
        let batch = if offered.lines.iter().any(|line| line.contains("MULTIAPPEND")) { 100 } else { 1 };
        for messages in messages.chunks(batch) {
            let tag = self.tag();
            let mut next = format!("{tag} APPEND INBOX");
            for message in messages {
                next.push_str(&format!(" {{{}}}\r\n", message.len()));
                self.wire.send(next.as_bytes()).await?;
                let said = self.wire.line().await?;
                if !said.starts_with('+') {
                    return Err(Failure::Reply { expected: "APPEND", said });
                }
                self.wire.send(message).await?;
                next.clear();
            }
            self.wire.send(b"\r\n").await?;
            self.reply(&tag).await?;
        }
        Ok(())
    }

    /// How many messages INBOX has.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn messages(&mut self) -> Result<u64> {
        let reply = self.command("STATUS INBOX (MESSAGES)").await?;
        let said = reply.lines.concat();
        let count = said.split_once("(MESSAGES ").and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
        count.ok_or(Failure::Reply { expected: "STATUS", said })
    }

    /// Begins IDLE (RFC 2177).
    ///
    /// # Errors
    /// When the server does not go along.
    pub async fn idle(&mut self) -> Result<()> {
        let tag = self.tag();
        self.wire.send(format!("{tag} IDLE\r\n").as_bytes()).await?;
        let said = self.wire.line().await?;
        if said.starts_with('+') { Ok(()) } else { Err(Failure::Reply { expected: "IDLE", said }) }
    }

    /// Waits for news of a new message.
    ///
    /// # Errors
    /// When none comes.
    pub async fn exists(&mut self) -> Result<()> {
        while !self.wire.line().await?.ends_with(" EXISTS") {}
        Ok(())
    }

    fn tag(&mut self) -> String {
        self.count += 1;
        format!("a{}", self.count)
    }

    async fn reply(&mut self, tag: &str) -> Result<Reply> {
        let mut reply = Reply::default();
        loop {
            let line = self.wire.line().await?;
            if let Some(count) = literal(&line) {
                self.wire.skip(count).await?;
                reply.literals += count;
            } else if let Some(rest) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                return match rest.strip_prefix("OK") {
                    Some(text) => Ok(Reply { text: text.to_owned(), ..reply }),
                    None => Err(Failure::Reply { expected: "OK", said: line }),
                };
            } else {
                reply.lines.push(line);
            }
        }
    }
}

/// The size of the literal that follows a line.
fn literal(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn literals() {
        for (line, size) in [
            ("* 1 FETCH (BODY[] {42}", Some(42)),
            ("* 1 FETCH (BODY[] \"{42}\")", None),
            ("a OK {x}", None),
            ("{}", None),
            ("{0}", Some(0)),
        ] {
            assert_eq!(super::literal(line), size, "{line}");
        }
    }
}
