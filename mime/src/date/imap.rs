//! IMAP's `date-time` and `date` (RFC 9051 section 9).

use super::{Date, calendar_date, month, month_name, number, numeric_zone, seconds_of_day, unix, utc};

/// The instant, in seconds since 1970, as IMAP's INTERNALDATE without its quotes: ` 1-Jul-2026 12:00:00 +0000`.
#[must_use]
pub fn format_internal_date(unix: i64) -> String {
    let at = utc(unix);
    let (hour, minute, second) = at.to_hms();
    format!(
        "{:>2}-{}-{:04} {hour:02}:{minute:02}:{second:02} +0000",
        at.day(),
        month_name(at.month()),
        at.year()
    )
}

/// Reads IMAP's `date-time` without its quotes; the result is in seconds since 1970.
///
/// One digit for the day is accepted, because clients send it.
#[must_use]
pub fn parse_internal_date(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let mut words = text.split(|byte| *byte == b' ');
    let date = parse_imap_date(words.next()?)?;
    let time = words.next().filter(|time| time.len() == 8)?;
    let zone = numeric_zone(words.next()?)?;
    if words.next().is_some() { None } else { Some(unix(date, seconds_of_day(time)?, zone)) }
}

/// Reads IMAP's `date`, as in SEARCH, without quotes: `1-Jul-2026`.
#[must_use]
pub fn parse_imap_date(text: &[u8]) -> Option<Date> {
    let mut pieces = text.split(|byte| *byte == b'-');
    let day = number(pieces.next()?, 2)?;
    let month = month(pieces.next().filter(|name| name.len() == 3)?)?;
    let year = number(pieces.next().filter(|year| year.len() == 4)?, 4)?;
    if pieces.next().is_some() { None } else { calendar_date(year, month, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates() {
        assert_eq!(format_internal_date(1_782_907_200), " 1-Jul-2026 12:00:00 +0000");
        assert_eq!(parse_internal_date(b" 1-Jul-2026 12:00:00 +0000"), Some(1_782_907_200));
        assert_eq!(parse_internal_date(b"01-jul-2026 14:30:00 +0230"), Some(1_782_907_200));
        assert_eq!(parse_internal_date(b"1-Jul-2026 02:00:00 -1000"), Some(1_782_907_200));
        for bad in [
            "",
            " 1-Jul-2026",
            " 1-Jul-2026 12:00 +0000",
            " 1-Jul-2026 12:00:00",
            " 1-Jul-2026 12:00:00 GMT",
            " 1-Jul-2026 24:00:00 +0000",
            "31-Jun-2026 12:00:00 +0000",
            " 1-Jul-2026 12:00:00 +0000 ",
            " 1-Jul-2026 12:00:00 +00000",
        ] {
            assert_eq!(parse_internal_date(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn every_instant_comes_back() {
        for unix in [-1, 0, 951_782_400, i64::from(u32::MAX), 253_402_300_799] {
            assert_eq!(parse_internal_date(format_internal_date(unix).as_bytes()), Some(unix));
        }
        assert_eq!(format_internal_date(i64::MAX), "31-Dec-9999 23:59:59 +0000");
        assert_eq!(format_internal_date(i64::MIN), " 1-Jan-0000 00:00:00 +0000");
    }

    #[test]
    fn search_dates() {
        assert_eq!(parse_imap_date(b"1-Jul-2026"), parse_imap_date(b"01-JUL-2026"));
        assert!(parse_imap_date(b"29-Feb-2024").is_some());
        for bad in ["29-Feb-2026", "1-July-2026", "1-Jul-26", "-1-Jul-2026", "1-Jul-2026-", "+1-Jul-2026"] {
            assert_eq!(parse_imap_date(bad.as_bytes()), None, "{bad}");
        }
    }
}
