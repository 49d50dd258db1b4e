//! `[replace]`: when a worker is replaced by a fresh one.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::resolve::Resolver;
use super::units;

/// When workers are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// After that time; never, when none is said.
    pub after: Option<Duration>,
    /// After so many connections; never, when none is said.
    pub connections: Option<u64>,
    /// How long the sessions of one that was replaced may go on.
    pub drain: Duration,
}

/// `[replace]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The age at which a worker is replaced, or "never".
    pub after: Option<Spanned<String>>,
    /// The connections after which one is; 0 is never.
    pub connections: Option<Spanned<u64>>,
    /// How long the sessions of a replaced worker may go on.
    pub drain: Option<Spanned<String>>,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A flood of processes helps nobody.
const AGES: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(365 * 86_400);
/// A session that is idle all day is no reason to keep a process that may be in foreign hands.
const DRAINS: RangeInclusive<Duration> = SECOND..=Duration::from_secs(7 * 86_400);

impl Resolver<'_> {
    pub(super) fn turnover(&mut self, written: &Replace) -> Turnover {
        let after = match &written.after {
            Some(never) if never.get_ref() == "never" => None,
            after => Some(self.time(after.as_ref(), DAY, AGES)),
        };
        let connections = self.number(written.connections.as_ref(), 100_000, 0..=1_000_000_000_000);
        Turnover {
            after,
            connections: Some(connections).filter(|connections| *connections > 0),
            drain: self.time(written.drain.as_ref(), HOUR, DRAINS),
        }
    }

    fn time(
        &mut self,
        written: Option<&Spanned<String>>,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(written) = written else { return default };
        match units::time(written.get_ref()) {
            Ok(time) if range.contains(&time) => time,
            Ok(_) => {
                let message = format!("`{}` is out of range", written.get_ref());
                let (low, high) = (units::shown_time(*range.start()), units::shown_time(*range.end()));
                self.complain(written.span(), (message, format!("it is from {low} to {high}")));
                default
            }
            Err(mistake) => {
                self.complain(written.span(), mistake);
                default
            }
        }
    }
}
