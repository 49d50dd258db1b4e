//! When a message arrived, as IMAP writes it.

use ipc::mail::Seconds;
use time::{Date, Month, Time};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a `date-time` (RFC 9051 section 9): `17-Jul-1996 02:44:25 -0700`.
pub(super) fn seconds(text: &[u8]) -> Option<Seconds> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let moment = day(date)?.with_time(clock(time)?).assume_utc().unix_timestamp();
    moment.checked_sub(offset(zone)?)
}

fn day(date: &str) -> Option<Date> {
    let mut fields = date.split('-');
    let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let month = Month::try_from(u8::try_from(month).ok()?.checked_add(1)?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

fn clock(time: &str) -> Option<Time> {
    let mut fields = time.split(':').map(str::parse);
    let (hour, minute, second) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    // a leap second is the one before
    Time::from_hms(hour, minute, if second == 60 { 59 } else { second }).ok()
}

fn offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes().first()? {
        b'+' => (1, zone.strip_prefix('+')?),
        b'-' => (-1, zone.strip_prefix('-')?),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 && digits.len() == 4).then(|| sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_of_rfc_9051() {
        assert_eq!(seconds(b"17-Jul-1996 02:44:25 -0700"), Some(837_596_665));
        assert_eq!(seconds(b" 1-Jan-1970 00:00:00 +0000"), Some(0));
        assert_eq!(seconds(b"13-feb-2009 23:31:30 +0130"), Some(1_234_567_890 - 5400));
        assert_eq!(seconds(b"31-Dec-2016 23:59:60 +0000"), seconds(b"31-Dec-2016 23:59:59 +0000"));
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "17-Jul-1996",
            "31-Feb-1996 02:44:25 -0700",
            "1-Jan-1970 24:00:00 +0000",
            "1-Jan-1970 00:00:00 +00é",
        ] {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes(text in "[ 0-9]{0,3}-(Jan|Feb|é|[0-9]{0,20})-[0-9]{0,20} [0-9:]{0,12} [+-]?[0-9é-]{0,9}") {
            let _ = seconds(text.as_bytes());
        }
    }
}
