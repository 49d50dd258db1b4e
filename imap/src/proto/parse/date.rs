//! Dates, RFC 3501 section 9: `date` of SEARCH and `date-time` of APPEND.

use mime::date::{Date, parse_imap_date, parse_internal_date};

use super::cursor::Cursor;
use super::syntax::{Parsed, Syntax};

/// `date`: `1-Feb-1994`, quoted or not.
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<Date> {
    let quoted = cursor.skip(b'"');
    let text = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if quoted {
        cursor.expect(b'"', Syntax::Date)?;
    }
    parse_imap_date(text).ok_or(Syntax::Date)
}

/// `date-time`: `"17-Jul-1996 02:44:25 -0700"`, as seconds since 1970.
pub(super) fn date_time(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    cursor.expect(b'"', Syntax::Date)?;
    let text = cursor.take_while(|byte| byte != b'"');
    cursor.expect(b'"', Syntax::Date)?;
    parse_internal_date(text).ok_or(Syntax::Date)
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
            ("", None),
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
            ("\"01-Jan-1970 24:00:00 +0000\"", None),
            ("\"01-Jan-1970 00:00:00 0000\"", None),
            ("\"01-Jan-1970 00:00:00 +0000", None),
            ("01-Jan-1970 00:00:00 +0000", None),
        ] {
            assert_eq!(date_time(&mut Cursor::new(text.as_bytes())).ok(), want, "{text}");
        }
    }
}
