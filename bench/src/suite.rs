//! The suites under test, each with directories, ports and accounts of its own.

mod bulkhead;
mod dovecot;
mod peers;
mod postfix;
mod stage;

use std::path::PathBuf;

pub use stage::Stage;

use crate::client::Greeting;
use crate::client::{Imap, Place, Smtp};
use crate::failure::Result;
use crate::group::Group;

/// Accounts whose mailboxes are filled, and accounts that get mail.
pub const ACCOUNTS: usize = 20;
/// The domain of all of them.
const DOMAIN: &str = "example.org";

/// One of those that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Bulkhead,
    /// Postfix and Dovecot.
    Peers,
}

impl Kind {
    /// Both, ours first.
    pub const ALL: [Kind; 2] = [Kind::Bulkhead, Kind::Peers];

    /// How tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bulkhead => "Bulkhead",
            Kind::Peers => "Postfix + Dovecot",
        }
    }
}

/// Where a suite's services are; none where it has none.
#[derive(Clone, Debug)]
pub struct Places {
    /// SMTP for mail from elsewhere.
    pub smtp: Place,
    /// LMTP by TCP.
    pub lmtp: Option<Place>,
    /// IMAP with logins in plain.
    pub imap: Option<Place>,
    /// IMAP over TLS.
    pub imaps: Place,
    /// POP3 with logins in plain.
    pub pop3: Option<Place>,
    /// POP3 over TLS.
    pub pop3s: Place,
}

/// A suite that runs. It ends when it is dropped.
#[derive(Debug)]
pub struct Suite {
    /// Which.
    pub kind: Kind,
    /// Its processes.
    pub group: Group,
    /// Its services.
    pub places: Places,
    /// Where its mailboxes are.
    pub mail: PathBuf,
}

impl Suite {
    /// Starts one, and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(kind: Kind, stage: &Stage) -> Result<Self> {
        let suite = match kind {
            Kind::Bulkhead => bulkhead::start(stage)?,
            Kind::Peers => peers::start(stage)?,
        };
        suite.serves().await?;
        Ok(suite)
    }

    /// Ends it and starts it anew, on the same mailboxes: what it holds in memory is as on the first day.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&mut self) -> Result<()> {
        self.group.restart()?;
        self.serves().await
    }

    /// Waits until it takes mail and lets users in.
    async fn serves(&self) -> Result<()> {
        let places = &self.places;
        stage::patiently(async || Smtp::connect(&places.smtp, Greeting::Smtp).await?.quit().await).await?;
        stage::patiently(async || {
            let account = Account::filled(0);
            Imap::login(&places.imaps, &account.address, &account.password).await.map(drop)
        })
        .await
    }

    /// IMAP in plain, or over TLS where there are no logins in plain.
    #[must_use]
    pub fn imap_plain(&self) -> &Place {
        self.places.imap.as_ref().unwrap_or(&self.places.imaps)
    }

    /// POP3 in plain, or over TLS where there are no logins in plain.
    #[must_use]
    pub fn pop3_plain(&self) -> &Place {
        self.places.pop3.as_ref().unwrap_or(&self.places.pop3s)
    }
}

/// Someone who has a mailbox.
#[derive(Clone, Debug)]
pub struct Account {
    /// The address, which is the login name.
    pub address: String,
    /// The password.
    pub password: String,
}

impl Account {
    /// One with a mailbox that was filled before.
    #[must_use]
    pub fn filled(number: usize) -> Self {
        Account::named(&format!("reader{:02}", number % ACCOUNTS))
    }

    /// One that gets mail.
    #[must_use]
    pub fn receiving(number: usize) -> Self {
        Account::named(&format!("writer{:02}", number % ACCOUNTS))
    }

    /// All.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ACCOUNTS).map(Account::filled).chain((0..ACCOUNTS).map(Account::receiving))
    }

    fn named(name: &str) -> Self {
        Account { address: format!("{name}@{DOMAIN}"), password: format!("password-of-{name}") }
    }
}
