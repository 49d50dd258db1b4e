//! Dates, RFC 3501 section 9: `date` of SEARCH and `date-time` of APPEND.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// `date`: `1-Feb-1994`, quoted or not.
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<Date> {
    let quoted = cursor.skip(b'"');
    let day = digits(cursor, 1..=2)?;
    let date = month_and_year(cursor, day)?;
    if quoted {
        cursor.expect(b'"', Syntax::Date)?;
    }
    Ok(date)
}

/// `date-time`: `"17-Jul-1996 02:44:25 -0700"`; a day below ten has a space or a zero before it.
pub(super) fn date_time(cursor: &mut Cursor<'_>) -> Parsed<OffsetDateTime> {
    cursor.expect(b'"', Syntax::Date)?;
    let width = if cursor.skip(b' ') { 1..=1 } else { 1..=2 };
    let day = digits(cursor, width)?;
    let date = month_and_year(cursor, day)?;
    cursor.expect(b' ', Syntax::Date)?;
    let time = time(cursor)?;
    cursor.expect(b' ', Syntax::Date)?;
    let zone = zone(cursor)?;
    cursor.expect(b'"', Syntax::Date)?;
    Ok(OffsetDateTime::new_in_offset(date, time, zone))
}

fn month_and_year(cursor: &mut Cursor<'_>, day: u16) -> Parsed<Date> {
    cursor.expect(b'-', Syntax::Date)?;
    let month = month(cursor.take(3).ok_or(Syntax::Date)?).ok_or(Syntax::Date)?;
    cursor.expect(b'-', Syntax::Date)?;
    let year = digits(cursor, 4..=4)?;
    let day = u8::try_from(day).map_err(|_| Syntax::Date)?;
    Date::from_calendar_date(year.into(), month, day).map_err(|_| Syntax::Date)
}

fn month(name: &[u8]) -> Option<Month> {
    Some(match name.to_ascii_lowercase().as_slice() {
        b"jan" => Month::January,
        b"feb" => Month::February,
        b"mar" => Month::March,
        b"apr" => Month::April,
        b"may" => Month::May,
        b"jun" => Month::June,
        b"jul" => Month::July,
        b"aug" => Month::August,
        b"sep" => Month::September,
        b"oct" => Month::October,
        b"nov" => Month::November,
        b"dec" => Month::December,
        _ => return None,
    })
}

fn time(cursor: &mut Cursor<'_>) -> Parsed<Time> {
    let hour = two(cursor)?;
    cursor.expect(b':', Syntax::Date)?;
    let minute = two(cursor)?;
    cursor.expect(b':', Syntax::Date)?;
    let second = two(cursor)?;
    // a leap second is taken for the one before it
    let second = if second == 60 { 59 } else { second };
    Time::from_hms(hour, minute, second).map_err(|_| Syntax::Date)
}

fn zone(cursor: &mut Cursor<'_>) -> Parsed<UtcOffset> {
    let sign = match cursor.take(1) {
        Some(b"+") => 1,
        Some(b"-") => -1,
        _ => return Err(Syntax::Date),
    };
    let hours = i32::from(two(cursor)?);
    let minutes = i32::from(two(cursor)?);
    if hours >= 24 || minutes >= 60 {
        return Err(Syntax::Date);
    }
    let seconds = sign * (hours * 3600 + minutes * 60);
    UtcOffset::from_whole_seconds(seconds).map_err(|_| Syntax::Date)
}

fn two(cursor: &mut Cursor<'_>) -> Parsed<u8> {
    u8::try_from(digits(cursor, 2..=2)?).map_err(|_| Syntax::Date)
}

fn digits(cursor: &mut Cursor<'_>, width: std::ops::RangeInclusive<usize>) -> Parsed<u16> {
    let mut count = 0_usize;
    let mut number = 0_u16;
    while count < *width.end() {
        let Some(digit) = cursor.peek().filter(u8::is_ascii_digit) else { break };
        cursor.skip(digit);
        number = number.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0')));
        count = count.saturating_add(1);
    }
    if width.contains(&count) { Ok(number) } else { Err(Syntax::Date) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, want) in [
            ("1-Feb-1994", Some("1994-02-01")),
            ("01-feb-1994", Some("1994-02-01")),
            ("\"29-FEB-2024\"", Some("2024-02-29")),
            ("29-Feb-2023", None),
            ("0-Feb-1994", None),
            ("\"1-Feb-1994", None),
            ("1-Feb-94", None),
            ("1-Foo-1994", None),
            ("1 Feb 1994", None),
            ("001-Feb-1994", None),
            ("1-Feb-19944", None),
        ] {
            let mut cursor = Cursor::new(text.as_bytes());
            let got = date(&mut cursor).ok().filter(|_| cursor.is_empty()).map(|date| date.to_string());
            assert_eq!(got.as_deref(), want, "{text}");
        }
    }

    #[test]
    fn date_times() {
        for (text, want) in [
            ("\"17-Jul-1996 02:44:25 -0700\"", Some(837_596_665)),
            ("\" 1-Jan-1970 00:00:01 +0000\"", Some(1)),
            ("\"01-Jan-1970 01:30:00 +0130\"", Some(0)),
            ("\"1-Jan-1970 00:00:00 +0000\"", Some(0)),
            ("\"31-Dec-2016 23:59:60 +0000\"", Some(1_483_228_799)),
            ("\" 11-Jan-1970 00:00:00 +0000\"", None),
            ("\"01-Jan-1970 24:00:00 +0000\"", None),
            ("\"01-Jan-1970 00:60:00 +0000\"", None),
            ("\"01-Jan-1970 00:00:00 +2400\"", None),
            ("\"01-Jan-1970 00:00:00 0000\"", None),
            ("\"01-Jan-1970 00:00:00 +0000", None),
            ("01-Jan-1970 00:00:00 +0000", None),
        ] {
            let got = date_time(&mut Cursor::new(text.as_bytes())).ok().map(OffsetDateTime::unix_timestamp);
            assert_eq!(got, want, "{text}");
        }
    }
}
