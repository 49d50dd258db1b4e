//! The name of a message's file: `unique:2,flags`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use ipc::mail::SystemFlags;

use super::keywords::{KeywordList, LETTERS};

/// `$Forwarded`, for which Maildir has a letter of its own. Dovecot does not know that letter, and wants one like any keyword's.
pub(super) const FORWARDED: &str = "$Forwarded";

const FLAGS: [(u8, SystemFlags); 5] = [
    (b'D', SystemFlags::DRAFT),
    (b'F', SystemFlags::FLAGGED),
    (b'R', SystemFlags::ANSWERED),
    (b'S', SystemFlags::SEEN),
    (b'T', SystemFlags::DELETED),
];
const PASSED: u8 = b'P';

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    /// What never changes.
    pub(super) unique: Vec<u8>,
    /// System flags.
    pub(super) flags: SystemFlags,
    /// Keywords.
    pub(super) keywords: Vec<String>,
}

impl FileName {
    /// Reads a name; letters that mean nothing are passed over.
    pub(super) fn parse(name: &OsStr, known: &KeywordList) -> Self {
        let (unique, info) = split(name.as_bytes());
        let has = |letter: u8| info.contains(&letter);
        let flags = FLAGS.iter().filter(|(letter, _)| has(*letter));
        let flags = flags.fold(SystemFlags::default(), |all, (_, flag)| all.with(*flag));
        let forwarded = has(PASSED).then(|| FORWARDED.to_owned());
        let mut keywords: Vec<String> = forwarded.into_iter().collect();
        for keyword in LETTERS.filter(|letter| has(*letter)).filter_map(|letter| known.get(letter)) {
            if !keywords.iter().any(|there| there.eq_ignore_ascii_case(keyword)) {
                keywords.push(keyword.to_owned());
            }
        }
        FileName { unique: unique.to_vec(), flags, keywords }
    }

    /// The name, with keywords by the letters of `known`; those without one are left out.
    pub(super) fn format(&self, known: &KeywordList) -> Vec<u8> {
        let mut letters: Vec<u8> =
            FLAGS.iter().filter(|(_, flag)| self.flags.has(*flag)).map(|(letter, _)| *letter).collect();
        for keyword in &self.keywords {
            letters.extend(keyword.eq_ignore_ascii_case(FORWARDED).then_some(PASSED));
            letters.extend(known.letter(keyword));
        }
        letters.sort_unstable();
        [self.unique.as_slice(), b":2,", &letters].concat()
    }
}

/// The part that never changes: all before the colon.
pub(super) fn unique(name: &[u8]) -> &[u8] {
    split(name).0
}

fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (unique, info) = name.split_at(colon);
            (unique, info.strip_prefix(b":2,").unwrap_or_default())
        }
        None => (name, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> FileName {
        FileName::parse(OsStr::new(name), &KeywordList::parse(b"0 $MDNSent\n2 work\n"))
    }

    #[test]
    fn flags_and_keywords() {
        let name = parse("1700000000.M1P2.host,S=12,W=13:2,FRSac");
        assert_eq!(name.unique, b"1700000000.M1P2.host,S=12,W=13");
        assert_eq!(name.flags, SystemFlags::FLAGGED.with(SystemFlags::ANSWERED).with(SystemFlags::SEEN));
        assert_eq!(name.keywords, ["$MDNSent", "work"]);
        assert_eq!(parse("1.x:2,PDT").keywords, ["$Forwarded"]);
        // no letter is known for b, and what follows another version of the suffix is unknown
        assert_eq!(parse("1.x:2,b").keywords, [""; 0]);
        assert_eq!(parse("1.x:1,S"), FileName { unique: b"1.x".to_vec(), ..parse("1.x") });
    }

    #[test]
    fn a_name_comes_back() {
        let known = KeywordList::parse(b"0 $MDNSent\n2 work\n");
        for name in ["1.x:2,", "1.x:2,DFPRST", "1.x:2,FSac"] {
            assert_eq!(FileName::parse(OsStr::new(name), &known).format(&known), name.as_bytes());
        }
        let known = KeywordList::parse(b"1 $forwarded\n");
        assert_eq!(FileName::parse(OsStr::new("1.x:2,P"), &known).format(&known), b"1.x:2,Pb");
        assert_eq!(FileName::parse(OsStr::new("1.x:2,b"), &known).format(&known), b"1.x:2,Pb");
    }
}
