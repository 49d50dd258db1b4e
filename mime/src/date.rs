//! Dates in mail: RFC 5322 fields, leniently, and IMAP's own forms, strictly.

mod imap;
mod mail;

pub use imap::{format_internal_date, parse_imap_date, parse_internal_date};
pub use mail::{Sent, format_mail_date, parse_mail_date};
pub use time::Date;
use time::{Month, OffsetDateTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The instant in UTC; the first or last one that has a four-digit year for any beyond.
fn utc(unix: i64) -> OffsetDateTime {
    const YEAR_0: i64 = -62_167_219_200;
    const YEAR_9999_END: i64 = 253_402_300_799;
    let unix = unix.clamp(YEAR_0, YEAR_9999_END);
    OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn month_name(month: Month) -> &'static str {
    MONTHS.get(usize::from(u8::from(month)).saturating_sub(1)).copied().unwrap_or_default()
}

/// A month by its three letters, in any case; longer names by their beginning.
fn month(word: &[u8]) -> Option<Month> {
    let start = word.get(..3)?;
    let at = MONTHS.iter().position(|name| start.eq_ignore_ascii_case(name.as_bytes()))?;
    Month::try_from(u8::try_from(at).ok()?.checked_add(1)?).ok()
}

/// A decimal number of `digits` digits or fewer, and at least one.
fn number(word: &[u8], digits: usize) -> Option<u32> {
    if word.is_empty() || word.len() > digits.min(9) {
        return None;
    }
    word.iter().try_fold(0u32, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u32::from(byte & 15)))
    })
}

fn calendar_date(year: u32, month: Month, day: u32) -> Option<Date> {
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

/// `12:34:56` or `12:34` as seconds of the day; a leap second is the one before it.
fn seconds_of_day(word: &[u8]) -> Option<u32> {
    let mut pieces = word.split(|byte| *byte == b':');
    let hour = number(pieces.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = number(pieces.next()?, 2).filter(|minute| *minute < 60)?;
    let second = match pieces.next() {
        Some(second) => number(second, 2).filter(|second| *second <= 60)?.min(59),
        None => 0,
    };
    if pieces.next().is_some() { None } else { Some(hour * 3600 + minute * 60 + second) }
}

/// `+hhmm` or `-hhmm` as seconds east of Greenwich.
fn numeric_zone(word: &[u8]) -> Option<i64> {
    let (sign, digits) = word.split_first()?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    if minutes.len() != 2 {
        return None;
    }
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    let seconds = i64::from(number(hours, 2).filter(|hours| *hours < 24)? * 3600 + minutes * 60);
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn unix(date: Date, seconds_of_day: u32, zone: i64) -> i64 {
    let midnight = date.midnight().assume_utc().unix_timestamp();
    midnight.saturating_add(i64::from(seconds_of_day)).saturating_sub(zone)
}
