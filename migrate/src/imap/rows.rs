//! What a server's data say: folders, where they are, what is in them.

use std::collections::BTreeMap;

use ipc::mail::{Seconds, SystemFlags, Uid};

use super::date;
use super::value::Value;

/// A folder as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name, as the server spells it.
    pub name: Vec<u8>,
    /// What is between the levels of its name; none if it has but one.
    pub separator: Option<u8>,
    /// Its attributes, in lower case: `\noselect`, `\sent`.
    pub attributes: Vec<String>,
}

impl Listed {
    /// `LIST (\HasNoChildren) "/" "Sent"`, or LSUB.
    pub(super) fn of(response: &str, values: &[Value]) -> Option<Self> {
        let [first, attributes, separator, name, ..] = values else { return None };
        let text = |value: &Value| Some(String::from_utf8_lossy(value.text()?).to_ascii_lowercase());
        first.is(response).then(|| {
            Some(Listed {
                name: name.text()?.to_vec(),
                separator: separator
                    .text()
                    .filter(|_| !separator.is("NIL"))
                    .and_then(|text| text.first().copied()),
                attributes: attributes.list()?.iter().filter_map(text).collect(),
            })
        })?
    }

    /// Has it messages at all (RFC 9051 section 7.3.1)?
    #[must_use]
    pub fn can_be_opened(&self) -> bool {
        !self.attributes.iter().any(|attribute| attribute == "\\noselect" || attribute == "\\nonexistent")
    }
}

/// Prefixes of names (RFC 2342).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Of the account's own folders.
    pub own: Vec<u8>,
    /// Of others' and of shared ones.
    pub foreign: Vec<Vec<u8>>,
}

impl Namespaces {
    /// `NAMESPACE (("INBOX." ".")) NIL NIL`.
    pub(super) fn take(&mut self, values: &[Value]) {
        let [first, own, foreign @ ..] = values else { return };
        if !first.is("NAMESPACE") {
            return;
        }
        let prefixes = |value: &Value| -> Vec<Vec<u8>> {
            let each = value.list().unwrap_or_default().iter();
            each.filter_map(|namespace| Some(namespace.list()?.first()?.text()?.to_vec())).collect()
        };
        self.own = prefixes(own).into_iter().next().unwrap_or_default();
        self.foreign = foreign.iter().flat_map(prefixes).filter(|prefix| !prefix.is_empty()).collect();
    }
}

/// A folder that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// How many messages it has.
    pub messages: u32,
    /// Its UIDVALIDITY.
    pub uid_validity: Option<u32>,
    /// The UID its next message will get.
    pub uid_next: Option<Uid>,
    /// Whether its UIDs are the same another time (RFC 4315 section 3).
    pub keeps_uids: bool,
}

impl Default for Examined {
    fn default() -> Self {
        Examined { messages: 0, uid_validity: None, uid_next: None, keeps_uids: true }
    }
}

impl Examined {
    pub(super) fn take(&mut self, values: &[Value]) {
        if let [count, word] = values
            && word.is("EXISTS")
            && let Some(count) = count.number()
        {
            self.messages = count;
        }
    }

    pub(super) fn take_code(&mut self, code: &str) {
        let mut words = code.split(' ');
        let (name, number) = (words.next().unwrap_or_default(), words.next().and_then(|n| n.parse().ok()));
        match name.to_ascii_uppercase().as_str() {
            "UIDVALIDITY" => self.uid_validity = number.filter(|validity| *validity > 0),
            "UIDNEXT" => self.uid_next = number.filter(|uid| *uid > 0),
            "UIDNOTSTICKY" => self.keeps_uids = false,
            _ => {}
        }
    }
}

/// A message without its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its UID.
    pub uid: Uid,
    /// Its system flags.
    pub flags: SystemFlags,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// When it arrived; the beginning of 1970 where the server does not say.
    pub internal_date: Seconds,
    /// Its size in bytes.
    pub size: u64,
}

/// Messages by UID. A server may tell of one in several pieces.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<Uid, Row>);

impl Rows {
    /// `1 FETCH (UID 5 FLAGS (\Seen) …)`.
    pub(super) fn take(&mut self, values: &[Value]) {
        let Some(items) = fetched(values) else { return };
        let Some(uid) = uid(items) else { return };
        let row = self.0.entry(uid).or_insert_with(|| Row { uid, ..Row::default() });
        for (name, value) in pairs(items) {
            if name.is("FLAGS") {
                (row.flags, row.keywords) = flags(value.list().unwrap_or_default());
            } else if name.is("INTERNALDATE") {
                row.internal_date = value.text().and_then(date::seconds).unwrap_or_default();
            } else if name.is("RFC822.SIZE") {
                row.size = value.number().unwrap_or_default();
            }
        }
    }

    pub(super) fn sorted(self) -> Vec<Row> {
        self.0.into_values().collect()
    }
}

/// The items of a FETCH response.
pub(super) fn fetched(values: &[Value]) -> Option<&[Value]> {
    match values {
        [_, word, items] if word.is("FETCH") => items.list(),
        _ => None,
    }
}

/// Its UID.
pub(super) fn uid(items: &[Value]) -> Option<Uid> {
    item(items, "UID")?.number().filter(|uid| *uid > 0)
}

/// One of its items.
pub(super) fn item<'a>(items: &'a [Value], wanted: &str) -> Option<&'a Value> {
    pairs(items).find(|(name, _)| name.is(wanted)).map(|(_, value)| value)
}

fn pairs(items: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    items.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)))
}

fn flags(values: &[Value]) -> (SystemFlags, Vec<String>) {
    let (mut flags, mut keywords) = (SystemFlags::default(), Vec::new());
    for flag in values.iter().filter_map(Value::text).filter_map(|text| std::str::from_utf8(text).ok()) {
        let known = SystemFlags::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(flag));
        match known {
            Some((system, _)) => flags = flags.with(*system),
            // \Recent, and what others have made up
            None if flag.starts_with('\\') => {}
            None => keywords.push(flag.to_owned()),
        }
    }
    (flags, keywords)
}

#[cfg(test)]
mod tests {
    use super::super::value::{Part, values};
    use super::*;

    fn read(text: &str) -> Vec<Value> {
        values(&[Part::Text(text.into())]).unwrap()
    }

    #[test]
    fn folders() {
        let listed = Listed::of("LIST", &read(r#"LIST (\HasNoChildren \Sent) "." "INBOX.Sent""#)).unwrap();
        assert_eq!((listed.name.as_slice(), listed.separator), (&b"INBOX.Sent"[..], Some(b'.')));
        assert!(listed.can_be_opened() && listed.attributes.contains(&"\\sent".to_owned()));
        let listed = Listed::of("LSUB", &read(r"LSUB (\NoSelect) NIL x")).unwrap();
        assert!(listed.separator.is_none() && !listed.can_be_opened());
        assert!(Listed::of("LIST", &read("LSUB () NIL x")).is_none());
        assert!(Listed::of("LIST", &read("LIST () NIL ()")).is_none());
    }

    #[test]
    fn namespaces() {
        let mut found = Namespaces::default();
        found.take(&read(r#"NAMESPACE (("INBOX." ".")) (("user." ".")) (("shared." ".")("" "."))"#));
        assert_eq!(found.own, b"INBOX.");
        assert_eq!(found.foreign, [b"user.".to_vec(), b"shared.".to_vec()]);
        found.take(&read("NAMESPACE NIL NIL NIL"));
        assert_eq!(found, Namespaces::default());
    }

    #[test]
    fn an_opened_folder() {
        let mut examined = Examined::default();
        examined.take(&read("7 EXISTS"));
        examined.take(&read("9 RECENT"));
        for code in ["UIDVALIDITY 1600000077", "uidnext 41", "UIDNEXT x y", "READ-ONLY", ""] {
            examined.take_code(code);
        }
        assert_eq!((examined.messages, examined.uid_validity), (7, Some(1_600_000_077)));
        assert!(examined.keeps_uids && examined.uid_next.is_none(), "the last word counts");
        examined.take_code("UIDNOTSTICKY");
        assert!(!examined.keeps_uids);
    }

    #[test]
    fn messages_in_pieces_and_out_of_order() {
        let mut rows = Rows::default();
        for text in [
            r#"2 FETCH (UID 9 RFC822.SIZE 77 INTERNALDATE "17-Jul-1996 02:44:25 -0700" FLAGS ())"#,
            r"1 FETCH (FLAGS (\Recent \Seen work \XWho) UID 5)",
            r"2 FETCH (UID 9 FLAGS (\Deleted))",
            "3 FETCH (FLAGS ())",
            "3 EXPUNGE",
            "4 FETCH (UID 0 FLAGS ())",
            "FETCH",
        ] {
            rows.take(&read(text));
        }
        let rows = rows.sorted();
        assert_eq!(
            (rows[0].uid, rows[0].flags, rows[0].keywords.as_slice()),
            (5, SystemFlags::SEEN, &["work".to_owned()][..])
        );
        assert_eq!((rows[1].uid, rows[1].flags, rows[1].size), (9, SystemFlags::DELETED, 77));
        assert_eq!((rows[1].internal_date, rows.len()), (837_596_665, 2));
    }
}
