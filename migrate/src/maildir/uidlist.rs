//! `dovecot-uidlist`: the UIDs of a folder, and its UIDVALIDITY.

use std::collections::HashMap;

use ipc::mail::Uid;

use super::file_name::unique;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UidList {
    /// UIDVALIDITY.
    pub(super) validity: Option<u32>,
    /// The next UID.
    pub(super) next: Option<Uid>,
    /// UIDs by the unique part of the file's name.
    pub(super) uids: HashMap<Vec<u8>, Uid>,
}

impl UidList {
    /// Reads version 3 (`3 V… N…`, then `uid extensions :name`) and version 1 (`1 validity next`, then `uid name`). Of a file
    /// in any other form nothing is believed.
    pub(super) fn parse(file: &[u8]) -> Self {
        let mut lines = file.split(|byte| *byte == b'\n');
        let header = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let mut words = header.split_ascii_whitespace();
        let mut list = UidList::default();
        let name: fn(&[u8]) -> Option<&[u8]> = match words.next() {
            Some("3") => {
                for word in words {
                    let number = word.get(1..).and_then(|number| number.parse().ok());
                    match word.as_bytes().first() {
                        Some(b'V') => list.validity = number,
                        Some(b'N') => list.next = number,
                        _ => {}
                    }
                }
                after_extensions
            }
            Some("1") => {
                list.validity = words.next().and_then(|word| word.parse().ok());
                list.next = words.next().and_then(|word| word.parse().ok());
                whole
            }
            _ => return list,
        };
        list.validity = list.validity.filter(|validity| *validity > 0);
        let mut last = 0;
        for line in lines {
            let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
            let (uid, rest) = line.split_at(space);
            let uid = std::str::from_utf8(uid).ok().and_then(|uid| uid.parse::<Uid>().ok());
            let name = rest.get(1..).and_then(name);
            // UIDs rise from line to line; one that does not is not to be trusted
            if let Some((uid, name)) = uid.filter(|uid| *uid > last).zip(name) {
                last = uid;
                list.uids.insert(unique(name).to_vec(), uid);
            }
        }
        list
    }

    /// The lines of version 3, `entries` by rising UID.
    pub(super) fn format<'a>(
        validity: u32,
        next: Uid,
        entries: impl IntoIterator<Item = (Uid, &'a [u8])>,
    ) -> Vec<u8> {
        let mut out = format!("3 V{validity} N{next}\n").into_bytes();
        for (uid, name) in entries {
            out.extend_from_slice(format!("{uid} :").as_bytes());
            out.extend_from_slice(name);
            out.push(b'\n');
        }
        out
    }
}

fn whole(rest: &[u8]) -> Option<&[u8]> {
    Some(rest)
}

fn after_extensions(rest: &[u8]) -> Option<&[u8]> {
    if let Some(name) = rest.strip_prefix(b":") {
        return Some(name);
    }
    let start = rest.windows(2).position(|pair| pair == b" :")?;
    rest.get(start.checked_add(2)?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(list: &UidList, name: &str) -> Option<Uid> {
        list.uids.get(name.as_bytes()).copied()
    }

    #[test]
    fn version_3() {
        let list = UidList::parse(
            b"3 V1700000001 N9 Gabcdef\n1 :1.a\n4 W12 S11 :2.b,S=11:2,S\n3 :late\nx :y\n8 nothing\n",
        );
        assert_eq!((list.validity, list.next), (Some(1_700_000_001), Some(9)));
        assert_eq!((uid(&list, "1.a"), uid(&list, "2.b,S=11"), uid(&list, "late")), (Some(1), Some(4), None));
        assert_eq!(list.uids.len(), 2);
    }

    #[test]
    fn version_1_and_nonsense() {
        let list = UidList::parse(b"1 77 3\n1 one:2,\n2 two\n");
        assert_eq!(
            (list.validity, list.next, uid(&list, "one"), uid(&list, "two")),
            (Some(77), Some(3), Some(1), Some(2))
        );
        assert_eq!(UidList::parse(b"9 V1 N2\n1 :a\n"), UidList::default());
        assert_eq!(UidList::parse(b"").validity, None);
        assert_eq!(UidList::parse(b"3 V0 N1\n").validity, None);
    }

    #[test]
    fn what_is_written_is_read() {
        let written = UidList::format(5, 10, [(1, &b"a,S=1"[..]), (9, b"b")]);
        let list = UidList::parse(&written);
        assert_eq!(
            (list.validity, list.next, uid(&list, "a,S=1"), uid(&list, "b")),
            (Some(5), Some(10), Some(1), Some(9))
        );
    }
}
