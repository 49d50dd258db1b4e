//! Sizes with units.

use std::time::Duration;

use super::written::Quantity;

const TIMES: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

const UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// The bytes a quantity means.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn bytes(quantity: &Quantity) -> Result<u64, (String, String)> {
    match quantity {
        Quantity::Bytes(bytes) => u64::try_from(*bytes)
            .map_err(|_| ("a size cannot be negative".into(), "write bytes, or \"50 MiB\"".into())),
        Quantity::Text(text) => with_unit(text),
    }
}

fn with_unit(text: &str) -> Result<u64, (String, String)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
    let bad =
        || (format!("`{text}` is no size"), "write a whole number and a unit, such as \"50 MiB\"".into());
    let number: u64 = number.parse().map_err(|_| bad())?;
    let unit = unit.trim();
    if unit.is_empty() {
        return Ok(number);
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| {
        (format!("`{unit}` is no unit of size"), "the units are B, KiB, MiB, GiB, kB, MB, GB".to_owned())
    })?;
    number.checked_mul(*factor).ok_or_else(bad)
}

/// The time that a text means.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn time(text: &str) -> Result<Duration, (String, String)> {
    let bad = || {
        let hint = "write a whole number and a unit: \"90s\", \"15m\", \"24h\" or \"7d\"";
        (format!("`{text}` is no time"), hint.to_owned())
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = text.split_at_checked(digits).ok_or_else(bad)?;
    let (_, seconds) = TIMES.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(*seconds).map(Duration::from_secs).ok_or_else(bad)
}

/// A time as it is written.
pub(super) fn shown_time(time: Duration) -> String {
    let seconds = time.as_secs();
    let fits = |(_, unit): &&(&str, u64)| seconds.is_multiple_of(*unit) && seconds >= *unit;
    match TIMES.iter().filter(fits).max_by_key(|(_, unit)| *unit) {
        Some((name, unit)) => format!("{}{name}", seconds.checked_div(*unit).unwrap_or_default()),
        None => format!("{seconds}s"),
    }
}

/// A size as a person reads it.
pub(super) fn shown(bytes: u64) -> String {
    let fits = |(_, factor): &&(&str, u64)| {
        factor.is_power_of_two() && bytes.is_multiple_of(*factor) && bytes >= *factor
    };
    match UNITS.iter().filter(fits).max_by_key(|(_, factor)| *factor) {
        Some((name, factor)) => format!("{} {name}", bytes.checked_div(*factor).unwrap_or_default()),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let size = |text: &str| bytes(&Quantity::Text(text.into())).ok();
        assert_eq!(size("50 MiB"), Some(52_428_800));
        assert_eq!(size("50MiB"), Some(52_428_800));
        assert_eq!(size("7"), Some(7));
        assert_eq!(size("1 kB"), Some(1000));
        for bad in ["", "MiB", "1.5 MiB", "-1", "1 mib", "99999999999 GiB", "18446744073709551616"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert_eq!(bytes(&Quantity::Bytes(9)).ok(), Some(9));
        assert!(bytes(&Quantity::Bytes(-9)).is_err());
    }

    #[test]
    fn times() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("7 d", 604_800)] {
            assert_eq!(time(text).unwrap(), Duration::from_secs(seconds));
        }
        for bad in ["", "5", "h", "1.5h", "-1h", "1w", "99999999999999999999d", "9999999999999999999d"] {
            assert!(time(bad).is_err(), "{bad}");
        }
        assert_eq!(shown_time(Duration::from_secs(86_400)), "1d");
        assert_eq!(shown_time(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn shown_in_the_largest_unit_that_fits() {
        assert_eq!(shown(52_428_800), "50 MiB");
        assert_eq!(shown(1000), "1000 B");
        assert_eq!(shown(0), "0 B");
    }
}
