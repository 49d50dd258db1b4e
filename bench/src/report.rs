//! The table, and the same as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::failure::Result;
use crate::measure::{Better, Figure, Measurement, Outcome, median};
use crate::suite::Kind;

/// All rows.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    failures: Vec<String>,
    /// What a suite does not have.
    absent: Vec<(String, Kind, &'static str)>,
}

#[derive(Debug)]
struct Row {
    measurement: String,
    /// Bulkhead's side is over TLS although the row says plain.
    tls_for_plain: bool,
    figure: Figure,
    /// What was measured on ours, a round each.
    bulkhead: Vec<f64>,
    /// The same on the others.
    peers: Vec<f64>,
}

impl Report {
    /// Takes what a measurement brought.
    pub fn add(&mut self, measurement: Measurement, kind: Kind, outcome: Result<Outcome>) {
        match outcome {
            Ok(Outcome::Figures(figures)) => {
                for figure in figures {
                    let value = figure.value;
                    let row = self.row(measurement, figure);
                    match kind {
                        Kind::Bulkhead => row.bulkhead.push(value),
                        Kind::Peers => row.peers.push(value),
                    }
                }
            }
            Ok(Outcome::Absent(reason)) => self.absent.push((measurement.name(), kind, reason)),
            Err(error) => self.failures.push(format!("{}: {}: {error}", measurement.name(), kind.name())),
        }
    }

    /// What could not be measured although it should have been.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        json!({ "rows": rows, "failures": self.failures })
    }

    fn row(&mut self, measurement: Measurement, figure: Figure) -> &mut Row {
        let name = measurement.name();
        let same = |row: &Row| row.measurement == name && row.figure.name == figure.name;
        let place = self.rows.iter().position(same).unwrap_or(self.rows.len());
        if place == self.rows.len() {
            let tls_for_plain = measurement.plain_logins();
            let (bulkhead, peers) = (Vec::new(), Vec::new());
            self.rows.push(Row { measurement: name, tls_for_plain, figure, bulkhead, peers });
        }
        #[expect(clippy::indexing_slicing, reason = "it was found there, or has just been put there")]
        &mut self.rows[place]
    }

    fn cell(&self, row: &Row, kind: Kind) -> String {
        let values = match kind {
            Kind::Bulkhead => &row.bulkhead,
            Kind::Peers => &row.peers,
        };
        let absent = || self.absent.iter().find(|(name, of, _)| *name == row.measurement && *of == kind);
        match middle(values) {
            Some(value) => number(value),
            None => absent().map_or("–", |(_, _, reason)| reason).to_owned(),
        }
    }
}

impl Row {
    /// How many times better ours is; none when one of them is missing.
    fn ratio(&self) -> Option<f64> {
        let (ours, theirs) = (middle(&self.bulkhead)?, middle(&self.peers)?);
        let ratio = match self.figure.better {
            Better::Higher => ours / theirs,
            Better::Lower => theirs / ours,
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    fn json(&self) -> Value {
        let side = |values: &[f64]| json!({ "median": middle(values), "values": values });
        json!({
            "measurement": self.measurement,
            "figure": self.figure.name,
            "unit": self.figure.unit,
            "better": self.figure.better,
            "bulkhead": side(&self.bulkhead),
            "bulkhead_over_tls": self.tls_for_plain,
            "peers": side(&self.peers),
            "times_better": self.ratio(),
        })
    }
}

fn middle(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| median(values))
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | Bulkhead | Postfix + Dovecot | unit | times better |\n|---|--:|--:|---|--:|")?;
        for row in &self.rows {
            let (name, unit) = (row.figure.name, row.figure.unit);
            let comma = if name.is_empty() { "" } else { ": " };
            let note = if row.tls_for_plain { " (TLS)" } else { "" };
            let ratio = row.ratio().map_or("–".into(), number);
            let (ours, theirs) = (self.cell(row, Kind::Bulkhead), self.cell(row, Kind::Peers));
            writeln!(f, "| {}{comma}{name} | {ours}{note} | {theirs} | {unit} | {ratio} |", row.measurement)?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "\nfailed: {failure}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    fn figures(value: f64, better: Better) -> Result<Outcome> {
        Ok(Outcome::Figures(vec![
            Figure { name: "first", unit: "x", better, value },
            Figure { name: "second", unit: "x", better, value },
        ]))
    }

    #[test]
    fn a_ratio_above_one_is_good_for_us() {
        for (better, expected) in [(Better::Higher, 2.0), (Better::Lower, 0.5)] {
            let mut report = Report::default();
            for value in [10.0, 1000.0, 0.0] {
                report.add(Measurement::Search, Kind::Bulkhead, figures(value, better));
            }
            report.add(Measurement::Search, Kind::Peers, figures(5.0, better));
            assert_eq!(report.rows.len(), 2);
            assert!(report.rows.iter().all(|row| row.ratio() == Some(expected)), "{report}");
        }
    }

    #[test]
    fn what_is_absent_is_said() {
        let mut report = Report::default();
        report.add(Measurement::Arrival, Kind::Bulkhead, Ok(Outcome::Absent("not there yet")));
        report.add(Measurement::Arrival, Kind::Peers, figures(5.0, Better::Lower));
        report.add(Measurement::Arrival, Kind::Bulkhead, Ok(Outcome::Absent("not there yet")));
        let text = report.to_string();
        for name in ["first", "second"] {
            assert!(text.contains(&format!("{name} | not there yet | 5.00 | x | – |")), "{text}");
        }
    }

    #[test]
    fn what_failed_is_said_and_is_no_row() {
        let mut report = Report::default();
        report.add(Measurement::Search, Kind::Peers, Err(Failure::Late("a reply")));
        assert_eq!(report.failures().len(), 1);
        assert!(
            report.to_string().contains("failed: IMAP SEARCH TEXT: Postfix + Dovecot: a reply: out of time")
        );
    }
}
