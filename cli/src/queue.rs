//! `bulkhead queue`

use std::time::{SystemTime, UNIX_EPOCH};

use ipc::exit::Failure;
use ipc::mail::{Address, Seconds};
use ipc::service::admin::{QueueRow, StoreReply, StoreRequest};
use serde::Serialize;

use crate::command::Queue;
use crate::connect::{Store, Suite};
use crate::output::{self, Cell};

/// Recipients that a line of the table names.
const NAMED: usize = 3;

/// Does what is asked on mail that waits.
///
/// # Errors
/// The suite does not run, or does not admit this user.
pub(crate) fn perform(suite: &Suite, what: Queue) -> Result<(), Failure> {
    match what {
        Queue::List { json } => {
            let now = now();
            let rows: Vec<_> = all(&suite.store()?)?.iter().map(|row| Row::of(row, now)).collect();
            output::show(json.into(), ["ID", "AGE", "SIZE", "SENDER", "RECIPIENTS"], &rows, Row::cells)
        }
    }
}

fn all(store: &Store) -> Result<Vec<QueueRow>, Failure> {
    let mut all: Vec<QueueRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.id);
        let StoreReply::Queue { rows, more } = store.ask(StoreRequest::ListQueue { after })?;
        let ends = !more || rows.is_empty();
        all.extend(rows);
        if ends {
            return Ok(all);
        }
    }
}

/// A message that waits, as programs see it.
#[derive(Debug, Serialize)]
struct Row {
    /// What it is called in every log.
    id: String,
    /// Seconds since it was taken in.
    age: i64,
    /// Bytes.
    size: u32,
    /// The id of the account that sent it.
    account: u64,
    /// The reverse path; empty for the null one.
    sender: String,
    recipients: Vec<String>,
}

impl Row {
    fn of(row: &QueueRow, now: Seconds) -> Self {
        Row {
            id: row.transaction.to_string(),
            age: now.saturating_sub(row.at).max(0),
            size: row.size,
            account: row.account.0,
            sender: row.reverse_path.as_ref().map(Address::to_string).unwrap_or_default(),
            recipients: row.recipients.iter().map(Address::to_string).collect(),
        }
    }

    fn cells(&self) -> [Cell; 5] {
        let sender = if self.sender.is_empty() { "<>" } else { &self.sender };
        [
            Cell::from(&self.id),
            Cell::from(age(self.age)),
            Cell::from(self.size),
            Cell::from(sender),
            Cell::from(named(&self.recipients)),
        ]
    }
}

fn named(recipients: &[String]) -> String {
    let names = recipients.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match recipients.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// As long as it is, in its largest unit.
fn age(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds.div_euclid(60)),
        3600..86_400 => format!("{} h", seconds.div_euclid(3600)),
        _ => format!("{} d", seconds.div_euclid(86_400)),
    }
}

fn now() -> Seconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Seconds::try_from(since.as_secs()).unwrap_or(Seconds::MAX)
}

#[cfg(test)]
mod tests {
    use ipc::mail::{AccountId, QueueId, TransactionId};

    use super::*;

    #[test]
    fn a_line_names_a_few_recipients_and_counts_the_others() {
        let all: Vec<_> = (0..5).map(|number| format!("r{number}@b.example")).collect();
        assert_eq!(named(&all[..1]), "r0@b.example");
        assert_eq!(named(&all[..3]), "r0@b.example, r1@b.example, r2@b.example");
        assert_eq!(named(&all), "r0@b.example, r1@b.example, r2@b.example and 2 more");
    }

    #[test]
    fn ages() {
        assert_eq!([0, 59, 60, 7199, 86_400 * 3].map(age), ["0 s", "59 s", "1 min", "1 h", "3 d"]);
    }

    #[test]
    fn a_row_as_programs_see_it() {
        let row = QueueRow {
            id: QueueId(1),
            transaction: TransactionId(255),
            account: AccountId(7),
            reverse_path: None,
            recipients: vec![Address { local: "a".into(), domain: "b.example".into() }],
            at: 100,
            size: 9,
        };
        let json = serde_json::to_value(Row::of(&row, 160)).unwrap();
        let id = "000000000000000000000000000000ff";
        assert_eq!(
            json,
            serde_json::json!({"id": id, "age": 60, "size": 9, "account": 7, "sender": "", "recipients": ["a@b.example"]})
        );
    }
}
