//! From the dot that ends a message to the news of it on a connection in IDLE.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Figure, Outcome, Plan, median};
use crate::client::{Greeting, Imap, Smtp};
use crate::failure::Result;
use crate::mail::{self, Random};
use crate::suite::{Account, Suite};

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan) -> Result<Outcome> {
    let account = Account::receiving(0);
    let mut imap = Imap::select(&suite.places.imaps, &account.address, &account.password).await?;
    imap.idle().await?;
    let mut random = Random::new(5);
    let mut smtp = Smtp::connect(&suite.places.smtp, Greeting::Smtp).await?;
    let mut times = Vec::new();
    for _ in 0..plan.repeats {
        tokio::time::sleep(Duration::from_millis(50 + random.below(100))).await;
        let message = mail::message(&mut random, 4 << 10);
        smtp.envelope(&account.address).await?;
        let begun = Instant::now();
        smtp.data(&message).await?;
        smtp.accepted().await?;
        imap.exists().await?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    smtp.quit().await?;
    Ok(Outcome::Figures(vec![Figure::cost("p50", "ms", median(&times))]))
}
