//! What is measured, a file each.

mod arrival;
mod deliver;
mod fetch;
mod fill;
mod login;
mod memory;
mod mixed;
mod retrieve;
mod search;

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Greeting;
use crate::failure::{Failure, Result};
use crate::suite::Suite;

pub use fill::fill;

/// How much of each.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each is measured on each suite, in turns.
    pub rounds: u32,
    /// Messages of a delivery with 20 connections; a third of it with one.
    pub messages: usize,
    /// How long sessions go on where time is given.
    pub time: Duration,
    /// Times each session reads its whole mailbox.
    pub reads: usize,
    /// Logins.
    pub logins: usize,
    /// Idle connections.
    pub idle: usize,
    /// Messages whose arrival is watched, and searches.
    pub repeats: usize,
    /// Messages in each filled mailbox.
    pub mailbox: usize,
}

impl Plan {
    /// Less than ten minutes in all.
    pub const QUICK: Plan = Plan {
        rounds: 3,
        messages: 3000,
        time: Duration::from_secs(3),
        reads: 1,
        logins: 1000,
        idle: 200,
        repeats: 12,
        mailbox: 1000,
    };
    /// For figures to publish.
    pub const FULL: Plan = Plan {
        rounds: 5,
        messages: 15_000,
        time: Duration::from_secs(15),
        reads: 4,
        logins: 5000,
        idle: 1000,
        repeats: 50,
        mailbox: 1000,
    };
}

/// Whether a connection is in plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In plain; of Bulkhead, which has no logins in plain, over TLS.
    Plain,
    /// TLS from the first byte.
    Tls,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Transport::Plain => "plain",
            Transport::Tls => "TLS",
        }
    }
}

/// One measurement; it gives one row or several.
#[derive(Clone, Copy, Debug)]
pub enum Measurement {
    /// Mail by SMTP or LMTP, up to its being in the mailbox.
    Deliver(Greeting, usize, usize),
    /// Sessions that do what mail programs do; with searches in texts, or without.
    Mixed(usize, mixed::Texts),
    /// SEARCH TEXT.
    Search,
    /// Every body of the mailbox.
    Fetch(Transport, usize),
    /// IMAP logins.
    Login(Transport),
    /// Idle IMAP connections.
    Memory(Transport),
    /// RETR of every message.
    Retrieve(Transport, usize),
    /// From the end of a message to the news of it in IDLE.
    Arrival,
}

impl Measurement {
    /// All, in the order of the table. Those that fill mailboxes come last.
    #[must_use]
    pub fn all() -> Vec<Measurement> {
        use Measurement::{Arrival, Deliver, Fetch, Login, Memory, Mixed, Retrieve, Search};
        use Transport::{Plain, Tls};
        use mixed::Texts::{Left, Searched};
        vec![
            // First: Dovecot is told of news by inotify, of which the many processes of later rows leave it none.
            Arrival,
            Memory(Plain),
            Memory(Tls),
            Mixed(1, Searched),
            Mixed(20, Searched),
            Mixed(100, Searched),
            Mixed(1, Left),
            Mixed(20, Left),
            Search,
            Fetch(Plain, 1),
            Fetch(Plain, 20),
            Fetch(Tls, 1),
            Fetch(Tls, 20),
            Login(Plain),
            Login(Tls),
            Retrieve(Plain, 1),
            Retrieve(Plain, 20),
            Retrieve(Tls, 1),
            Retrieve(Tls, 20),
            Deliver(Greeting::Smtp, 4 << 10, 20),
            Deliver(Greeting::Smtp, 4 << 10, 1),
            Deliver(Greeting::Smtp, 64 << 10, 20),
            Deliver(Greeting::Lmtp, 4 << 10, 20),
        ]
    }

    /// What the table calls it.
    #[must_use]
    pub fn name(self) -> String {
        let sessions =
            |count: usize| if count == 1 { "1 session".into() } else { format!("{count} sessions") };
        match self {
            Measurement::Deliver(protocol, size, connections) => {
                let protocol = match protocol {
                    Greeting::Smtp => "SMTP",
                    Greeting::Lmtp => "LMTP",
                };
                let plural = if connections == 1 { "" } else { "s" };
                format!("{protocol} {} KiB, {connections} connection{plural}", size >> 10)
            }
            Measurement::Mixed(count, mixed::Texts::Searched) => format!("IMAP mixed, {}", sessions(count)),
            Measurement::Mixed(count, mixed::Texts::Left) => {
                format!("IMAP mixed without TEXT, {}", sessions(count))
            }
            Measurement::Search => "IMAP SEARCH TEXT".into(),
            Measurement::Fetch(transport, count) => {
                format!("IMAP fetch of all bodies, {}, {}", transport.name(), sessions(count))
            }
            Measurement::Login(transport) => format!("IMAP logins, {}", transport.name()),
            Measurement::Memory(transport) => format!("idle IMAP connection, {}", transport.name()),
            Measurement::Retrieve(transport, count) => {
                format!("POP3 RETR, {}, {}", transport.name(), sessions(count))
            }
            Measurement::Arrival => "new mail to an IDLE client".into(),
        }
    }

    /// Measured once, on a suite just started: what was freed before is in the memory of a process for long.
    #[must_use]
    pub fn once(self) -> bool {
        matches!(self, Measurement::Memory(_))
    }

    /// Is it over TLS on Bulkhead although its row says plain?
    #[must_use]
    pub fn plain_logins(self) -> bool {
        matches!(
            self,
            Measurement::Fetch(Transport::Plain, _)
                | Measurement::Login(Transport::Plain)
                | Measurement::Memory(Transport::Plain)
                | Measurement::Retrieve(Transport::Plain, _)
        )
    }

    /// Measures it once.
    ///
    /// # Errors
    /// When the suite does not do what is asked.
    pub async fn run(self, suite: &Rc<Suite>, plan: Plan) -> Result<Outcome> {
        match self {
            Measurement::Deliver(protocol, size, connections) => {
                deliver::run(suite, plan, deliver::Load { protocol, size, connections }).await
            }
            Measurement::Mixed(sessions, texts) => mixed::run(suite, plan, sessions, texts).await,
            Measurement::Search => search::run(suite, plan).await,
            Measurement::Fetch(transport, sessions) => fetch::run(suite, plan, transport, sessions).await,
            Measurement::Login(transport) => login::run(suite, plan, transport).await,
            Measurement::Memory(transport) => memory::run(suite, plan, transport).await,
            Measurement::Retrieve(transport, sessions) => {
                retrieve::run(suite, plan, transport, sessions).await
            }
            Measurement::Arrival => arrival::run(suite, plan).await,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Figures, a row each.
    Figures(Vec<Figure>),
    /// The suite cannot do this (yet).
    Absent(&'static str),
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What the row is called, behind the measurement's name.
    pub name: &'static str,
    /// In what it is counted.
    pub unit: &'static str,
    /// Which is better, more or less of it?
    pub better: Better,
    /// How much.
    pub value: f64,
}

/// The direction of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// A rate.
    Higher,
    /// A cost.
    Lower,
}

impl Figure {
    fn rate(name: &'static str, unit: &'static str, value: f64) -> Self {
        Figure { name, unit, better: Better::Higher, value }
    }

    fn cost(name: &'static str, unit: &'static str, value: f64) -> Self {
        Figure { name, unit, better: Better::Lower, value }
    }
}

/// Time on the clock, and CPU time of the suite.
struct Clock {
    begun: Instant,
    cpu: Duration,
}

impl Clock {
    fn start(suite: &Suite) -> Result<Self> {
        Ok(Clock { cpu: suite.group.cpu()?, begun: Instant::now() })
    }

    /// Seconds.
    fn elapsed(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Seconds that the suite used.
    fn cpu(&self, suite: &Suite) -> Result<f64> {
        Ok(suite.group.cpu()?.saturating_sub(self.cpu).as_secs_f64())
    }
}

/// Does it `count` times at once; what each brought.
async fn together<T: 'static>(
    count: usize,
    each: impl AsyncFn(usize) -> Result<T> + 'static,
) -> Result<Vec<T>> {
    let each = Rc::new(each);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let each = each.clone();
        tasks.spawn_local(async move { each(number).await });
    }
    let mut brought = Vec::with_capacity(count);
    while let Some(ended) = tasks.join_next().await {
        brought.push(ended.map_err(|error| Failure::Machine(error.to_string()))??);
    }
    Ok(brought)
}

/// The middle one; of none, 0.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    (at(sorted.len() / 2) + at(sorted.len().saturating_sub(1) / 2)) / 2.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn medians() {
        for (values, middle) in
            [(&[][..], 0.0), (&[3.0][..], 3.0), (&[4.0, 1.0][..], 2.5), (&[9.0, 1.0, 2.0][..], 2.0)]
        {
            assert!((super::median(values) - middle).abs() < f64::EPSILON, "{values:?}");
        }
    }
}
