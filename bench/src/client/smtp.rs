//! SMTP (RFC 5321) and LMTP (RFC 2033), one recipient a message.

use super::wire::{Place, Wire};
use crate::failure::{Failure, Result};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// EHLO
    Smtp,
    /// LHLO
    Lmtp,
}

/// A session.
pub struct Smtp {
    wire: Wire,
    /// RFC 2920: the server takes MAIL, RCPT and DATA at once.
    pipelining: bool,
}

impl Smtp {
    /// Connects and greets.
    ///
    /// # Errors
    /// When the server is not there or does not want us.
    pub async fn connect(place: &Place, greeting: Greeting) -> Result<Self> {
        let mut smtp = Smtp { wire: Wire::connect(place).await?, pipelining: false };
        smtp.expect("220", "the greeting").await?;
        let verb = match greeting {
            Greeting::Smtp => "EHLO",
            Greeting::Lmtp => "LHLO",
        };
        smtp.wire.send(format!("{verb} client.elsewhere.example\r\n").as_bytes()).await?;
        let offers = smtp.expect("250", "EHLO").await?;
        smtp.pipelining = offers.lines().any(|line| line.get(4..).is_some_and(|offer| offer == "PIPELINING"));
        Ok(smtp)
    }

    /// One transaction, up to the reply to its data.
    ///
    /// # Errors
    /// When any of it is refused.
    pub async fn deliver(&mut self, to: &str, message: &[u8]) -> Result<()> {
        self.envelope(to).await?;
        self.data(message).await?;
        self.accepted().await
    }

    /// MAIL, RCPT and DATA: the message may follow.
    ///
    /// # Errors
    /// When any of it is refused.
    pub async fn envelope(&mut self, to: &str) -> Result<()> {
        let commands =
            ["MAIL FROM:<someone@elsewhere.example>\r\n", &format!("RCPT TO:<{to}>\r\n"), "DATA\r\n"];
        let replies = [("250", "MAIL"), ("250", "RCPT"), ("354", "DATA")];
        if self.pipelining {
            self.wire.send(commands.concat().as_bytes()).await?;
        }
        for (command, (code, name)) in commands.into_iter().zip(replies) {
            if !self.pipelining {
                self.wire.send(command.as_bytes()).await?;
            }
            self.expect(code, name).await?;
        }
        Ok(())
    }

    /// The message, and the dot behind it. None of its lines may begin with a dot.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn data(&mut self, message: &[u8]) -> Result<()> {
        self.wire.send(&[message, b".\r\n"].concat()).await
    }

    /// The reply to the message.
    ///
    /// # Errors
    /// When it is no 250.
    pub async fn accepted(&mut self) -> Result<()> {
        self.expect("250", "the message").await.map(drop)
    }

    /// Takes leave.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn quit(mut self) -> Result<()> {
        self.wire.send(b"QUIT\r\n").await?;
        self.expect("221", "QUIT").await.map(drop)
    }

    async fn expect(&mut self, code: &str, expected: &'static str) -> Result<String> {
        let mut reply = String::new();
        loop {
            let line = self.wire.line().await?;
            let last = !line.get(3..).is_some_and(|rest| rest.starts_with('-'));
            reply.push_str(&line);
            reply.push('\n');
            if last {
                let wanted = reply.starts_with(code);
                return if wanted { Ok(reply) } else { Err(Failure::Reply { expected, said: reply }) };
            }
        }
    }
}
