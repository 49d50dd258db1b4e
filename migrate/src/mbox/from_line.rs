//! The line that begins a message: `From sender date`.

use ipc::mail::Seconds;
use time::{Date, Month, OffsetDateTime, Time};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The date of such a line, or nothing if it is none. Without a zone it is UTC (RFC 4155 appendix A).
pub(super) fn parse(line: &[u8]) -> Option<Seconds> {
    let line = std::str::from_utf8(line.strip_prefix(b"From ")?).ok()?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // the sender may hold spaces: the date is found by its month and the time behind it
    let at = words.windows(3).position(|triple| match triple {
        [name, day, clock] => month(name).is_some() && day.parse::<u8>().is_ok() && clock.contains(':'),
        _ => false,
    })?;
    let mut rest = words.get(at..)?.iter();
    let (month, day, clock) = (month(rest.next()?)?, rest.next()?.parse().ok()?, time(rest.next()?)?);
    let (mut zone, mut year) = (0, None);
    for word in rest.take(3) {
        match offset(word) {
            Some(seconds) => zone = seconds,
            None if year.is_none() && word.len() == 4 => year = word.parse::<i32>().ok(),
            None => {}
        }
    }
    let date = Date::from_calendar_date(year?, month, day).ok()?;
    Some(date.with_time(clock).assume_utc().unix_timestamp().saturating_sub(zone))
}

/// The line for a message that arrived then.
pub(super) fn format(date: Seconds) -> String {
    let date = OffsetDateTime::from_unix_timestamp(date).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let name = |names: &[&'static str], at: u8| names.get(usize::from(at)).copied().unwrap_or_default();
    format!(
        "From MAILER-DAEMON {} {} {:2} {:02}:{:02}:{:02} {:04}\n",
        name(&DAYS, date.weekday().number_days_from_monday()),
        name(&MONTHS, u8::from(date.month()).saturating_sub(1)),
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
        date.year()
    )
}

fn month(word: &str) -> Option<Month> {
    let at = MONTHS.iter().position(|name| *name == word)?;
    Month::try_from(u8::try_from(at).ok()?.checked_add(1)?).ok()
}

fn time(word: &str) -> Option<Time> {
    let mut parts = word.split(':').map(str::parse::<u8>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    Time::from_hms(hour, minute, second.min(59)).ok()
}

fn offset(word: &str) -> Option<Seconds> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2).filter(|(_, minutes)| minutes.len() == 2)?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    Some((i64::from(hours) * 3600 + i64::from(minutes) * 60) * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_programs() {
        for (line, date) in [
            ("From a@b Thu Jan  1 00:00:00 1970", Some(0)),
            ("From MAILER-DAEMON Fri Feb 13 23:31:30 2009", Some(1_234_567_890)),
            ("From - Fri Feb 13 23:31:30 2009", Some(1_234_567_890)),
            ("From a b c Fri Feb 13 23:31 2009", Some(1_234_567_860)),
            ("From a Sat Feb 14 01:31:30 +0200 2009", Some(1_234_567_890)),
            ("From a Fri Feb 13 18:31:30 2009 -0500", Some(1_234_567_890)),
            ("From a Fri Feb 13 23:31:30 UTC 2009", Some(1_234_567_890)),
            ("From here on everything is text", None),
            ("From a Mon Feb 30 00:00:00 2009", None),
            ("From ", None),
            ("from a Thu Jan  1 00:00:00 1970", None),
        ] {
            assert_eq!(parse(line.as_bytes()), date, "{line}");
        }
    }

    #[test]
    fn a_date_comes_back() {
        for date in [0, 1_234_567_890, 951_782_400, 4_102_444_799] {
            assert_eq!(parse(format(date).trim_end().as_bytes()), Some(date));
        }
    }
}
