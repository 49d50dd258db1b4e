//! What an IMAP connection costs that has INBOX open and waits in IDLE.

use std::rc::Rc;
use std::time::Duration;

use super::{Figure, Outcome, Plan, Transport};
use crate::client::Imap;
use crate::failure::Result;
use crate::suite::{Account, Suite};

/// Connections that were open before, so that what is there once is not counted.
const BEFORE: usize = 20;
/// For buffers to be given back.
const SETTLED: Duration = Duration::from_secs(3);

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan, transport: Transport) -> Result<Outcome> {
    let place = match transport {
        Transport::Plain => suite.imap_plain(),
        Transport::Tls => &suite.places.imaps,
    };
    let mut sessions = Vec::new();
    let mut before = 0;
    for number in 0..BEFORE + plan.idle {
        if number == BEFORE {
            tokio::time::sleep(SETTLED).await;
            before = suite.group.memory();
        }
        let account = Account::filled(number);
        let mut imap = Imap::select(place, &account.address, &account.password).await?;
        imap.idle().await?;
        sessions.push(imap);
    }
    tokio::time::sleep(SETTLED).await;
    let grown = suite.group.memory().saturating_sub(before) as f64;
    drop(sessions);
    Ok(Outcome::Figures(vec![Figure::cost("PSS", "KiB", grown / 1024.0 / plan.idle as f64)]))
}
