//! IMAP logins, twenty at once: connect, handshake, LOGIN, LOGOUT. The passwords were seen before.

use std::cell::Cell;
use std::rc::Rc;

use super::{Clock, Figure, Outcome, Plan, Transport, together};
use crate::client::{Imap, Place};
use crate::failure::Result;
use crate::suite::{ACCOUNTS, Account, Suite};

/// Clients at once.
const CLIENTS: usize = 20;

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan, transport: Transport) -> Result<Outcome> {
    let place = match transport {
        Transport::Plain => suite.imap_plain().clone(),
        Transport::Tls => suite.places.imaps.clone(),
    };
    let warm = place.clone();
    together(ACCOUNTS, async move |number| once(&warm, number).await).await?;
    let clock = Clock::start(suite)?;
    let next = Cell::new(0);
    together(CLIENTS, async move |_| {
        while next.get() < plan.logins {
            let number = next.replace(next.get() + 1);
            once(&place, number).await?;
        }
        Ok(())
    })
    .await?;
    let elapsed = clock.elapsed();
    Ok(Outcome::Figures(vec![
        Figure::rate("", "logins/s", plan.logins as f64 / elapsed),
        Figure::cost("CPU", "ms a login", clock.cpu(suite)? * 1000.0 / plan.logins as f64),
    ]))
}

async fn once(place: &Place, number: usize) -> Result<()> {
    let account = Account::filled(number);
    let mut imap = Imap::login(place, &account.address, &account.password).await?;
    imap.command("LOGOUT").await.map(drop)
}
