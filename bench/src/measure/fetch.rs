//! Every body of a mailbox in one command, as a mail program does at its first start.

use std::rc::Rc;

use super::{Clock, Figure, Outcome, Plan, Transport, together};
use crate::client::Imap;
use crate::failure::Result;
use crate::suite::{Account, Suite};

pub(super) async fn run(
    suite: &Rc<Suite>,
    plan: Plan,
    transport: Transport,
    sessions: usize,
) -> Result<Outcome> {
    let place = match transport {
        Transport::Plain => suite.imap_plain().clone(),
        Transport::Tls => suite.places.imaps.clone(),
    };
    let reads = if sessions == 1 { plan.reads * 5 } else { plan.reads };
    let clock = Clock::start(suite)?;
    let read = together(sessions, async move |number| {
        let account = Account::filled(number);
        let mut imap = Imap::select(&place, &account.address, &account.password).await?;
        let mut read = 0;
        for _ in 0..reads {
            read += imap.command("FETCH 1:* (UID BODY.PEEK[])").await?.literals;
        }
        Ok(read)
    })
    .await?;
    let megabytes = read.into_iter().sum::<usize>() as f64 / 1e6;
    let elapsed = clock.elapsed();
    Ok(Outcome::Figures(vec![
        Figure::rate("", "MB/s", megabytes / elapsed),
        Figure::cost("CPU", "ms a MB", clock.cpu(suite)? * 1000.0 / megabytes),
    ]))
}
