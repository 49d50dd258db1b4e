//! Conditions on a message of which not everything is known.

use ipc::mail::SystemFlags;
use ipc::service::mailbox::MessageRow;
use mime::date::Date;
use time::OffsetDateTime;

use super::header::Header;
use crate::proto::parse::Numbers;

/// A condition.
#[derive(Debug)]
pub(crate) enum Test {
    Always(bool),
    And(Vec<Test>),
    Or(Box<(Test, Test)>),
    Not(Box<Test>),
    Flags(SystemFlags),
    Keyword(u64),
    Recent,
    Before(Date),
    On(Date),
    Since(Date),
    SentBefore(Date),
    SentOn(Date),
    SentSince(Date),
    Larger(u64),
    Smaller(u64),
    /// The field with this number.
    Field(usize),
    /// The text with this number.
    Found(usize),
    Sequence(Numbers),
    Uid(Numbers),
}

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) sequence: u32,
    pub(crate) row: &'a MessageRow,
    pub(crate) recent: bool,
    /// The header, when it was read, as far as it was looked at.
    pub(crate) header: Option<&'a Header>,
    /// Which of the texts are there, when they were looked for.
    pub(crate) found: Option<&'a [bool]>,
}

impl Test {
    /// Does the message meet it? `None`: more has to be known.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        let sent = |compare: fn(Date, Date) -> bool, date: &Date| {
            facts.header.map(|header| header.sent().is_some_and(|sent| compare(sent, *date)))
        };
        match self {
            Test::Always(holds) => Some(*holds),
            Test::And(tests) => all(tests.iter().map(|test| test.holds(facts))),
            Test::Or(tests) => {
                let neither =
                    all([&tests.0, &tests.1].into_iter().map(|test| test.holds(facts).map(|holds| !holds)));
                neither.map(|neither| !neither)
            }
            Test::Not(test) => test.holds(facts).map(|holds| !holds),
            Test::Flags(flags) => Some(facts.row.flags.has(*flags)),
            Test::Keyword(bit) => Some(facts.row.keywords & bit != 0),
            Test::Recent => Some(facts.recent),
            Test::Before(date) => Some(arrived(facts.row).is_some_and(|arrived| arrived < *date)),
            Test::On(date) => Some(arrived(facts.row) == Some(*date)),
            Test::Since(date) => Some(arrived(facts.row).is_some_and(|arrived| arrived >= *date)),
            Test::SentBefore(date) => sent(|sent, date| sent < date, date),
            Test::SentOn(date) => sent(|sent, date| sent == date, date),
            Test::SentSince(date) => sent(|sent, date| sent >= date, date),
            Test::Larger(size) => Some(u64::from(facts.row.size) > *size),
            Test::Smaller(size) => Some(u64::from(facts.row.size) < *size),
            Test::Field(field) => facts.header.and_then(|header| header.has(*field)),
            Test::Found(text) => facts.found.map(|found| found.get(*text).copied().unwrap_or_default()),
            Test::Sequence(numbers) => Some(numbers.contains(facts.sequence)),
            Test::Uid(numbers) => Some(numbers.contains(facts.row.uid)),
        }
    }
}

/// Do all hold? One that does not decides, whatever is not known of the others.
fn all(holds: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for each in holds {
        match each {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

/// The day on which a message arrived, in UTC as INTERNALDATE tells it.
fn arrived(row: &MessageRow) -> Option<Date> {
    OffsetDateTime::from_unix_timestamp(row.internal_date).ok().map(OffsetDateTime::date)
}
