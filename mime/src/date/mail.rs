//! The `Date` field (RFC 5322 section 3.3, obsolete forms of section 4.3).

use super::{DAYS, Date, calendar_date, month, month_name, number, numeric_zone, seconds_of_day, unix, utc};
use crate::value::lexer::Lexer;

/// When a message says it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The instant, in seconds since 1970.
    pub unix: i64,
    /// The date as written, which IMAP's SENTON, SENTBEFORE and SENTSINCE compare, "disregarding time and timezone"
    /// (RFC 9051 section 6.4.4).
    pub date: Date,
}

/// The instant, in seconds since 1970, as RFC 5322 section 3.3 writes it: `Wed, 1 Jul 2026 12:00:00 +0000`.
#[must_use]
pub fn format_mail_date(unix: i64) -> String {
    let at = utc(unix);
    let (hour, minute, second) = at.to_hms();
    let day_name = DAYS.get(usize::from(at.weekday().number_days_from_monday())).copied().unwrap_or_default();
    format!(
        "{day_name}, {} {} {:04} {hour:02}:{minute:02}:{second:02} +0000",
        at.day(),
        month_name(at.month()),
        at.year()
    )
}

/// Reads a `Date` field as far as it makes sense: the day of the week is ignored, years may have two or three digits,
/// a missing or broken time is midnight, a missing or unknown zone is UTC. The order of C's `ctime` is understood.
/// `None` without a date that exists.
#[must_use]
pub fn parse_mail_date(value: &[u8]) -> Option<Sent> {
    let words = words(value);
    let mut words = words.iter().map(Vec::as_slice).skip_while(|word| is_day_name(word)).peekable();
    let first = words.next()?;
    let date;
    let mut time = None;
    if let Some(month) = month(first) {
        // Jul  1 12:00:00 2026
        let day = number(words.next()?, 2)?;
        time = words.next_if(|word| word.contains(&b':'));
        // some put the zone between the time and the year
        let zone_or_year = words.next()?;
        let year_word = if number(zone_or_year, 4).is_some() { zone_or_year } else { words.next()? };
        date = calendar_date(year(year_word)?, month, day)?;
    } else {
        let month = month(words.next()?)?;
        date = calendar_date(year(words.next()?)?, month, number(first, 2)?)?;
    }
    let time = time.or_else(|| words.next()).and_then(time_of_day);
    let zone = words.next().map_or(0, zone);
    Some(Sent { unix: unix(date, time.unwrap_or(0), zone), date })
}

/// The words of the value, without comments and commas, at most as many as matter.
fn words(value: &[u8]) -> Vec<Vec<u8>> {
    const MOST: usize = 12;
    let mut lexer = Lexer::new(value);
    let mut words = Vec::new();
    while words.len() < MOST && !lexer.rest().is_empty() {
        lexer.skip_cfws();
        let word = lexer.take_while(|byte| !matches!(byte, b'(' | b',') && !byte.is_ascii_whitespace());
        if lexer.peek().is_some_and(|byte| byte != b'(') {
            lexer.skip_one();
        }
        // 1-Jul-2026
        let pieces: Vec<_> = word.split(|byte| *byte == b'-').filter(|piece| !piece.is_empty()).collect();
        if pieces.len() > 1 && word.first().is_some_and(u8::is_ascii_digit) && pieces.len() <= 3 {
            words.extend(pieces.into_iter().map(<[u8]>::to_vec));
        } else if !word.is_empty() {
            words.push(word.to_vec());
        }
    }
    words
}

fn is_day_name(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic) && month(word).is_none()
}

/// RFC 5322 section 4.3: two digits are 1950 to 2049, three are years since 1900.
fn year(word: &[u8]) -> Option<u32> {
    let year = number(word, 4)?;
    Some(match word.len() {
        1 | 2 if year < 50 => 2000 + year,
        1..=3 => 1900 + year,
        _ => year,
    })
}

fn time_of_day(word: &[u8]) -> Option<u32> {
    // 12:00:00.123
    seconds_of_day(word.split(|byte| *byte == b'.').next()?)
}

/// Seconds east of Greenwich. RFC 5322 section 4.3: names but these, and the single letters, mean nothing.
fn zone(word: &[u8]) -> i64 {
    const NAMES: [(&[u8], i64); 8] = [
        (b"EDT", -4),
        (b"EST", -5),
        (b"CDT", -5),
        (b"CST", -6),
        (b"MDT", -6),
        (b"MST", -7),
        (b"PDT", -7),
        (b"PST", -8),
    ];
    let digits: Vec<u8> = word.iter().copied().filter(|byte| *byte != b':').collect();
    let named =
        || NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, hours)| hours * 3600);
    numeric_zone(&digits).or_else(named).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-01 12:00:00 UTC, a Wednesday.
    const NOON: i64 = 1_782_907_200;

    #[test]
    fn one_instant_in_many_forms() {
        for value in [
            "Wed, 1 Jul 2026 12:00:00 +0000",
            "1 Jul 2026 12:00:00 GMT",
            "Wed,1 Jul 2026 14:00 +0200",
            "Wednesday, 01 July 26 08:00:00 EDT (a (nested) comment)",
            "(c) Wed (c), 1 (c) Jul (c) 126 04:00:00.25 -08:00",
            "Wed Jul  1 12:00:00 2026",
            "Wed Jul  1 12:00:00 UTC 2026",
            "1-Jul-2026 12:00:00 Z",
            "Wed, 1 Jul 2026 12:00:00",
            "Wed, 1 Jul 2026 12:00:00 XYZ",
            "Mon, 1 Jul 2026 12:00:00 +0000",
        ] {
            assert_eq!(parse_mail_date(value.as_bytes()).map(|sent| sent.unix), Some(NOON), "{value}");
        }
    }

    #[test]
    fn the_date_is_the_one_written() {
        let sent = parse_mail_date(b"Wed, 1 Jul 2026 23:30:00 -0800").unwrap();
        assert_eq!(sent.unix, NOON + 19 * 3600 + 1800);
        assert_eq!(Some(sent.date), super::super::parse_imap_date(b"1-Jul-2026"));
    }

    #[test]
    fn a_broken_time_still_leaves_the_date() {
        for value in ["1 Jul 2026", "1 Jul 2026 99:00:00 +0000", "1 Jul 2026 noon"] {
            assert_eq!(parse_mail_date(value.as_bytes()).unwrap().unix, NOON - 12 * 3600, "{value}");
        }
    }

    #[test]
    fn years() {
        let year_of = |value: &str| parse_mail_date(value.as_bytes()).unwrap().date.year();
        assert_eq!([year_of("1 Jul 49"), year_of("1 Jul 50"), year_of("1 Jul 126")], [2049, 1950, 2026]);
    }

    #[test]
    fn no_date() {
        for value in ["", "now", "32 Jul 2026", "30 Feb 2026 1:1:1 +0000", "1 Foo 2026", "Jul", "1 Jul 20260"]
        {
            assert_eq!(parse_mail_date(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn written_dates_are_read_back() {
        assert_eq!(format_mail_date(NOON), "Wed, 1 Jul 2026 12:00:00 +0000");
        for unix in [-1, 0, NOON, 253_402_300_799] {
            assert_eq!(parse_mail_date(format_mail_date(unix).as_bytes()).unwrap().unix, unix);
        }
    }
}
