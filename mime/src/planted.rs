//! A parser's mistake, for tests of what it costs.

/// The field that it is made on.
const FIELD: &[u8] = b"X-Bulkhead-Test";

#[expect(clippy::panic, reason = "that is what it is for")]
pub(crate) fn step_on(name: &[u8]) {
    if name.trim_ascii().eq_ignore_ascii_case(FIELD) {
        panic!("planted");
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Scanner, header};

    #[test]
    fn every_parser_steps_on_it() {
        let parsers: [(&str, fn(&[u8])); 2] = [
            ("the scanner", |bytes| Scanner::new(Limits::default()).push(bytes)),
            ("fields", |bytes| assert!(header::fields(bytes).count() > 0)),
        ];
        for (name, parser) in parsers {
            assert!(std::panic::catch_unwind(|| parser(b"A: 1\r\nX: y\r\n\r\n")).is_ok(), "{name}");
            assert!(
                std::panic::catch_unwind(|| parser(b"A: 1\r\nx-bulkhead-TEST: y\r\n")).is_err(),
                "{name}"
            );
        }
    }
}
