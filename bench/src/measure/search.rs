//! SEARCH TEXT for a word that is hardly anywhere, so that every message is looked through.

use std::rc::Rc;
use std::time::Instant;

use super::{Clock, Figure, Outcome, Plan, median};
use crate::client::Imap;
use crate::failure::Result;
use crate::mail::{Random, rare_word};
use crate::suite::{Account, Suite};

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan) -> Result<Outcome> {
    let account = Account::filled(0);
    let mut imap = Imap::select(&suite.places.imaps, &account.address, &account.password).await?;
    let mut random = Random::new(77);
    let clock = Clock::start(suite)?;
    let mut times = Vec::new();
    for _ in 0..plan.repeats {
        let begun = Instant::now();
        imap.command(&format!("SEARCH TEXT \"{}\"", rare_word(&mut random))).await?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(Outcome::Figures(vec![
        Figure::cost("p50", "ms", median(&times)),
        Figure::cost("CPU", "ms a search", clock.cpu(suite)? * 1000.0 / plan.repeats as f64),
    ]))
}
