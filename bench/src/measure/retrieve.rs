//! RETR of every message of a maildrop, one after the other.

use std::rc::Rc;

use super::{Clock, Figure, Outcome, Plan, Transport, together};
use crate::client::Pop3;
use crate::failure::Result;
use crate::suite::{Account, Suite};

pub(super) async fn run(
    suite: &Rc<Suite>,
    plan: Plan,
    transport: Transport,
    sessions: usize,
) -> Result<Outcome> {
    let place = match transport {
        Transport::Plain => suite.pop3_plain().clone(),
        Transport::Tls => suite.places.pop3s.clone(),
    };
    let reads = if sessions == 1 { plan.reads * 5 } else { plan.reads };
    let clock = Clock::start(suite)?;
    let read = together(sessions, async move |number| {
        let account = Account::filled(number);
        let mut pop3 = Pop3::login(&place, &account.address, &account.password).await?;
        let messages = pop3.messages().await?;
        for _ in 0..reads {
            for number in 1..=messages {
                pop3.retrieve(number).await?;
            }
        }
        pop3.quit().await?;
        Ok(messages * reads as u64)
    })
    .await?;
    let count = read.into_iter().sum::<u64>() as f64;
    let elapsed = clock.elapsed();
    Ok(Outcome::Figures(vec![
        Figure::rate("", "messages/s", count / elapsed),
        Figure::cost("CPU", "ms per 1000", clock.cpu(suite)? * 1e6 / count),
    ]))
}
