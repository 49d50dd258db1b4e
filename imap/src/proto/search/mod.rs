//! SEARCH without a store: what a message must be, as far as it is known.
//!
//! A key is compiled once, and asked with more and more knowledge of a message, the cheap first, until it is decided.
//!
//! RFC 3501 section 6.4.4: "[MIME-IMB] content transfer encodings, and [MIME-HDRS] strings in [RFC-2822]/[MIME-IMB]
//! headers, MUST be decoded before comparing text in a [CHARSET] other than US-ASCII." Everything is compared as its reader sees
//! it, whatever the case: header fields, and of a body the parts that are text, with the headers of all parts. What is in an
//! attachment is not searched.

mod body;
mod fold;
mod header;
mod needle;
mod test;

#[cfg(test)]
mod tests;

pub use body::BodySearch;
pub(crate) use header::{Field, Header};
pub(crate) use needle::{Needles, Scope};
pub(crate) use test::{Facts, Test};

use super::parse::{By, SearchKey};
use super::view::{View, system_flag};
use needle::Collected;

/// Texts that one SEARCH looks for in bodies: each costs its time on every octet of every message.
pub(crate) const TEXTS_MAX: usize = 16;

/// A search that would cost too much.
#[derive(Debug)]
pub(crate) struct TooMany;

/// A compiled search.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// What a message must be.
    pub(crate) test: Test,
    /// What is looked for in headers.
    pub(crate) fields: Vec<Field>,
    /// What is looked for in texts.
    pub(crate) needles: Needles,
    /// How many conditions the test is made of.
    pub(crate) conditions: usize,
    /// Is one of them on the header, the texts aside?
    pub(crate) reads_header: bool,
}

/// Compiles a key for a view.
///
/// # Errors
/// When it has more than [`TEXTS_MAX`] texts.
pub(crate) fn compile(key: &SearchKey, view: &View) -> Result<Compiled, TooMany> {
    let mut compiler =
        Compiler { view, fields: Vec::new(), texts: Collected::default(), conditions: 0, dates: 0 };
    let test = compiler.test(key);
    let Compiler { fields, texts, conditions, dates, .. } = compiler;
    let reads_header = dates > 0 || !fields.is_empty();
    Ok(Compiled {
        test,
        fields,
        needles: texts.compiled(TEXTS_MAX).ok_or(TooMany)?,
        conditions,
        reads_header,
    })
}

struct Compiler<'a> {
    view: &'a View,
    fields: Vec<Field>,
    texts: Collected,
    conditions: usize,
    /// Conditions on the Date field.
    dates: usize,
}

impl Compiler<'_> {
    fn test(&mut self, key: &SearchKey) -> Test {
        self.conditions = self.conditions.saturating_add(1);
        match key {
            SearchKey::All => Test::Always(true),
            SearchKey::And(keys) => Test::And(keys.iter().map(|key| self.test(key)).collect()),
            SearchKey::Or(one, other) => Test::Or(Box::new((self.test(one), self.test(other)))),
            SearchKey::Not(key) => Test::Not(Box::new(self.test(key))),
            SearchKey::Has(flag) => self.flag(flag),
            SearchKey::Lacks(flag) => Test::Not(Box::new(self.flag(flag))),
            SearchKey::Recent => Test::Recent,
            SearchKey::Before(date) => Test::Before(*date),
            SearchKey::On(date) => Test::On(*date),
            SearchKey::Since(date) => Test::Since(*date),
            SearchKey::SentBefore(date) => self.dated(Test::SentBefore(*date)),
            SearchKey::SentOn(date) => self.dated(Test::SentOn(*date)),
            SearchKey::SentSince(date) => self.dated(Test::SentSince(*date)),
            SearchKey::Larger(size) => Test::Larger(*size),
            SearchKey::Smaller(size) => Test::Smaller(*size),
            SearchKey::Header(name, text) => self.field(Field::named(name, text)),
            SearchKey::Body(text) => Test::Found(self.texts.add(Scope::Body, text)),
            SearchKey::Text(text) => {
                let whole = Test::Found(self.texts.add(Scope::Whole, text));
                Test::Or(Box::new((self.field(Field::any(text)), whole)))
            }
            SearchKey::Sequence(set) => Test::Sequence(set.resolve(self.view.exists())),
            // a UID that is not there is none
            SearchKey::Uid(set) => self.view.resolve(By::Uid, set).map_or(Test::Always(false), Test::Uid),
        }
    }

    fn dated(&mut self, test: Test) -> Test {
        self.dates = self.dates.saturating_add(1);
        test
    }

    /// Each is looked for once, however often it is asked for.
    fn field(&mut self, field: Field) -> Test {
        let at = self.fields.iter().position(|known| *known == field);
        Test::Field(at.unwrap_or_else(|| {
            self.fields.push(field);
            self.fields.len().saturating_sub(1)
        }))
    }

    fn flag(&self, flag: &super::parse::Flag) -> Test {
        match flag {
            super::parse::Flag::Keyword(keyword) => match self.view.keywords.bit(keyword) {
                0 => Test::Always(false),
                bit => Test::Keyword(bit),
            },
            system => Test::Flags(system_flag(system).unwrap_or_default()),
        }
    }
}
