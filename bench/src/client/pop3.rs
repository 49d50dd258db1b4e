//! POP3 (RFC 1939).

use super::wire::{Place, Wire};
use crate::failure::{Failure, Result};

/// A session.
pub struct Pop3 {
    wire: Wire,
}

impl Pop3 {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn login(place: &Place, user: &str, password: &str) -> Result<Self> {
        let mut pop3 = Pop3 { wire: Wire::connect(place).await? };
        pop3.ok("the greeting").await?;
        pop3.command(&format!("USER {user}"), "USER").await?;
        pop3.command(&format!("PASS {password}"), "PASS").await?;
        Ok(pop3)
    }

    /// How many messages there are.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn messages(&mut self) -> Result<u64> {
        let said = self.command("STAT", "STAT").await?;
        let count = said.split_whitespace().nth(1).and_then(|count| count.parse().ok());
        count.ok_or(Failure::Reply { expected: "STAT", said })
    }

    /// Reads a message; the number of its bytes.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn retrieve(&mut self, number: u64) -> Result<usize> {
        self.command(&format!("RETR {number}"), "RETR").await?;
        self.wire.skip_to_dot().await
    }

    /// Takes leave.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn quit(mut self) -> Result<()> {
        self.command("QUIT", "QUIT").await.map(drop)
    }

    async fn command(&mut self, command: &str, name: &'static str) -> Result<String> {
        self.wire.send(format!("{command}\r\n").as_bytes()).await?;
        self.ok(name).await
    }

    async fn ok(&mut self, expected: &'static str) -> Result<String> {
        let said = self.wire.line().await?;
        if said.starts_with("+OK") { Ok(said) } else { Err(Failure::Reply { expected, said }) }
    }
}
