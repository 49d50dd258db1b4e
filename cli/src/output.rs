//! Tables for people, JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};

use ipc::exit::{Exit, Failure};
use serde::Serialize;

/// How a list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// One cell of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    colour: Option<Colour>,
}

/// Colours of a terminal (ECMA-48 section 8.3.117).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    /// All is well.
    Green = 32,
    /// Something is going on.
    Yellow = 33,
    /// Something is wrong.
    Red = 31,
}

impl<T: std::fmt::Display> From<T> for Cell {
    fn from(value: T) -> Self {
        Cell { text: printable(&value.to_string()), colour: None }
    }
}

impl Cell {
    /// The cell in that colour, where there are colours.
    pub(crate) fn coloured(self, colour: Colour) -> Self {
        Cell { colour: Some(colour), ..self }
    }
}

/// Shows rows as the table that `cells` makes of them, or as they are.
///
/// # Errors
/// When standard output does not take them.
pub(crate) fn show<R: Serialize, const N: usize>(
    format: Format,
    head: [&str; N],
    rows: &[R],
    cells: impl Fn(&R) -> [Cell; N],
) -> Result<(), Failure> {
    match format {
        Format::Json => json(rows),
        Format::Table => {
            let coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            say(&table(head, &rows.iter().map(cells).collect::<Vec<_>>(), coloured))
        }
    }
}

/// Shows a value as JSON.
///
/// # Errors
/// When standard output does not take it.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Exit::Software, error.to_string()))?;
    say(&format!("{json}\n"))
}

/// Writes to standard output.
///
/// # Errors
/// When it does not take it.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // who reads has seen enough
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failure::new(Exit::IoError, format!("standard output: {error}"))),
    }
}

/// Says what somebody should know, beside what was asked for.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "bulkhead: {}", printable(text));
}

/// The text with control characters spelt out, so that it cannot steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let (plain, spelt) =
                if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
            plain.into_iter().chain(spelt.into_iter().flatten())
        })
        .collect()
}

fn table<const N: usize>(head: [&str; N], rows: &[[Cell; N]], coloured: bool) -> String {
    let width = |text: &str| text.chars().count();
    let mut widths = head.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(&cell.text));
        }
    }
    let head = head.map(Cell::from);
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, widest) in row.iter().zip(widths) {
            let space = " ".repeat(widest.saturating_sub(width(&cell.text)).saturating_add(2));
            match cell.colour.filter(|_| coloured) {
                Some(colour) => line.push_str(&format!("\u{1b}[{}m{}\u{1b}[0m", colour as u8, cell.text)),
                None => line.push_str(&cell.text),
            }
            line.push_str(&space);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [[Cell::from("a"), Cell::from(10)], [Cell::from("long"), Cell::from(1).coloured(Colour::Red)]];
        assert_eq!(table(["x", "n"], &rows, false), "x     n\na     10\nlong  1\n");
        assert!(table(["x", "n"], &rows, true).contains("\u{1b}[31m1\u{1b}[0m"));
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}]0;x\u{7}\né"), "a\\u{1b}]0;x\\u{7}\\né");
    }
}
