//! IMAP sessions that do what mail programs do: look for news, list, read, mark, search.

use std::rc::Rc;
use std::time::Instant;

use super::{Clock, Figure, Outcome, Plan, together};
use crate::client::Imap;
use crate::failure::Result;
use crate::mail::{Random, rare_word};
use crate::suite::{Account, Suite};

/// Are texts searched?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// One operation in twenty is a SEARCH TEXT.
    Searched,
    /// It is a SEARCH FROM instead.
    Left,
}

pub(super) async fn run(suite: &Rc<Suite>, plan: Plan, sessions: usize, texts: Texts) -> Result<Outcome> {
    let clock = Clock::start(suite)?;
    let until = Instant::now() + plan.time;
    let place = suite.places.imaps.clone();
    let done = together(sessions, async move |number| {
        let account = Account::filled(number);
        let mut imap = Imap::select(&place, &account.address, &account.password).await?;
        let mut random = Random::new(number as u64);
        // Each session begins elsewhere in the round, so that not all search at once.
        let mut done = 0_u64;
        while Instant::now() < until {
            let command = command(&mut random, number as u64 * 7 + done, plan.mailbox as u64, texts);
            imap.command(&command).await?;
            done += 1;
        }
        Ok(done)
    })
    .await?;
    let count = done.into_iter().sum::<u64>() as f64;
    let elapsed = clock.elapsed();
    Ok(Outcome::Figures(vec![
        Figure::rate("", "operations/s", count / elapsed),
        Figure::cost("CPU", "ms an operation", clock.cpu(suite)? * 1000.0 / count),
    ]))
}

/// A round of twenty: mostly small ones, as a day of a mail program is.
fn command(random: &mut Random, turn: u64, messages: u64, texts: Texts) -> String {
    let one = 1 + random.below(messages);
    let page = 1 + random.below(messages.saturating_sub(50).max(1));
    match turn % 20 {
        0..4 => "NOOP".into(),
        4..9 => format!("FETCH {one} (FLAGS BODY.PEEK[])"),
        9..11 => format!(
            "FETCH {page}:{} (UID FLAGS RFC822.SIZE INTERNALDATE \
             BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE)])",
            page + 49
        ),
        11 => format!("FETCH {page}:{} (UID FLAGS ENVELOPE BODYSTRUCTURE)", page + 49),
        12 => "FETCH 1:* (UID FLAGS)".into(),
        13 | 14 => format!("STORE {one} +FLAGS.SILENT (\\Seen)"),
        15 => format!("STORE {one} -FLAGS (\\Seen)"),
        16 => "SEARCH UNSEEN".into(),
        17 => "SEARCH SUBJECT \"invoice\"".into(),
        18 => "STATUS INBOX (MESSAGES UNSEEN UIDNEXT)".into(),
        _ if texts == Texts::Searched => format!("SEARCH TEXT \"{}\"", rare_word(random)),
        _ => format!("SEARCH FROM \"{}\"", rare_word(random)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_searches_once() {
        let mut random = Random::new(1);
        for (texts, expected) in [(Texts::Searched, 1), (Texts::Left, 0)] {
            let round: Vec<_> = (0..20).map(|turn| command(&mut random, turn, 1000, texts)).collect();
            assert_eq!(round.iter().filter(|command| command.contains(" TEXT ")).count(), expected);
        }
    }

    #[test]
    fn pages_stay_inside_the_mailbox() {
        let mut random = Random::new(2);
        for turn in 0..2000 {
            let command = command(&mut random, turn, 60, Texts::Left);
            let numbers =
                command.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse::<u64>().ok());
            assert!(
                numbers.filter(|number| *number != 822).all(|number| (1..=60).contains(&number)),
                "{command}"
            );
        }
    }
}
