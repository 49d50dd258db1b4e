//! Responses about mailboxes: RFC 3501 sections 7.2, 7.3 and 7.4.1.

use super::string::{self, atom, string};
use crate::proto::parse::{Flag, MailboxName, StatusItem, utf7};

/// Which command a line of LIST answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// LIST
    List,
    /// LSUB
    Lsub,
}

/// What LIST says of a mailbox: RFC 3501 section 7.2.2, RFC 3348, RFC 6154.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the RFC sections given")]
pub enum Attribute {
    NoSelect,
    HasChildren,
    HasNoChildren,
    Archive,
    Drafts,
    Junk,
    Sent,
    Trash,
}

impl Attribute {
    fn name(self) -> &'static str {
        match self {
            Attribute::NoSelect => "\\Noselect",
            Attribute::HasChildren => "\\HasChildren",
            Attribute::HasNoChildren => "\\HasNoChildren",
            Attribute::Archive => "\\Archive",
            Attribute::Drafts => "\\Drafts",
            Attribute::Junk => "\\Junk",
            Attribute::Sent => "\\Sent",
            Attribute::Trash => "\\Trash",
        }
    }
}

/// Flags that a session can change for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermanentFlags<'a> {
    /// These.
    pub flags: &'a [Flag],
    /// And keywords that are new: `\*`.
    pub new_keywords: bool,
}

/// `* LIST (attributes) "/" name`
pub fn list(verb: Verb, attributes: &[Attribute], mailbox: &MailboxName, out: &mut Vec<u8>) {
    list_line(verb, attributes, mailbox.as_str(), out);
}

/// `* LIST (\Noselect) "/" ""`: the delimiter and the root of a reference, the answer to an empty pattern, RFC 3501
/// section 6.3.8.
pub fn list_root(out: &mut Vec<u8>) {
    list_line(Verb::List, &[Attribute::NoSelect], "", out);
}

/// `* STATUS name (item number …)`
pub fn status(mailbox: &MailboxName, items: &[(StatusItem, u32)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"* STATUS ");
    name(mailbox.as_str(), out);
    out.push(b' ');
    string::list(items, out, |(item, number), out| {
        out.extend_from_slice(format!("{} {number}", item.name()).as_bytes());
    });
    out.extend_from_slice(b"\r\n");
}

/// `* SEARCH number …`: sequence numbers or UIDs.
pub fn search(numbers: impl IntoIterator<Item = u32>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* SEARCH");
    for number in numbers {
        out.extend_from_slice(format!(" {number}").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// `* FLAGS (…)`: the flags in use in the mailbox.
pub fn flags(flags: &[Flag], out: &mut Vec<u8>) {
    out.extend_from_slice(b"* FLAGS ");
    string::list(flags, out, flag);
    out.extend_from_slice(b"\r\n");
}

/// `* n EXISTS`
pub fn exists(count: u32, out: &mut Vec<u8>) {
    number_line(count, "EXISTS", out);
}

/// `* n RECENT`
pub fn recent(count: u32, out: &mut Vec<u8>) {
    number_line(count, "RECENT", out);
}

/// `* n EXPUNGE`: the message with this sequence number is gone, and those behind it move up.
pub fn expunge(sequence: u32, out: &mut Vec<u8>) {
    number_line(sequence, "EXPUNGE", out);
}

/// The flags that can be changed, in parentheses.
pub(super) fn permanent_flags(permanent: PermanentFlags<'_>, out: &mut Vec<u8>) {
    let named = permanent.flags.iter().map(Some);
    let all = named.chain(permanent.new_keywords.then_some(None));
    string::list(all, out, |each, out| match each {
        Some(each) => flag(each, out),
        None => out.extend_from_slice(b"\\*"),
    });
}

/// One flag.
pub(super) fn flag(flag: &Flag, out: &mut Vec<u8>) {
    match flag {
        Flag::Keyword(keyword) => atom(keyword.as_str(), out),
        system => out.extend_from_slice(system.name().as_bytes()),
    }
}

fn list_line(verb: Verb, attributes: &[Attribute], mailbox: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(match verb {
        Verb::List => b"* LIST ",
        Verb::Lsub => b"* LSUB ",
    });
    string::list(attributes, out, |attribute, out| out.extend_from_slice(attribute.name().as_bytes()));
    out.extend_from_slice(format!(" \"{}\" ", MailboxName::DELIMITER).as_bytes());
    name(mailbox, out);
    out.extend_from_slice(b"\r\n");
}

/// A name in modified UTF-7, quoted.
fn name(mailbox: &str, out: &mut Vec<u8>) {
    string(utf7::encode(mailbox).as_bytes(), out);
}

fn number_line(number: u32, what: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("* {number} {what}\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::parse::Keyword;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines() {
        let drafts = MailboxName::new("Entwürfe \"a\"").unwrap();
        let keyword = Flag::Keyword(Keyword::new("$Junk").unwrap());
        for (got, want) in [
            (
                written(|out| list(Verb::List, &[Attribute::HasNoChildren, Attribute::Drafts], &drafts, out)),
                "* LIST (\\HasNoChildren \\Drafts) \"/\" \"Entw&APw-rfe \\\"a\\\"\"\r\n",
            ),
            (
                written(|out| list(Verb::Lsub, &[], &drafts, out)),
                "* LSUB () \"/\" \"Entw&APw-rfe \\\"a\\\"\"\r\n",
            ),
            (written(list_root), "* LIST (\\Noselect) \"/\" \"\"\r\n"),
            (
                written(|out| status(&drafts, &[(StatusItem::Messages, 3), (StatusItem::UidNext, 9)], out)),
                "* STATUS \"Entw&APw-rfe \\\"a\\\"\" (MESSAGES 3 UIDNEXT 9)\r\n",
            ),
            (written(|out| search([], out)), "* SEARCH\r\n"),
            (written(|out| search([2, 84], out)), "* SEARCH 2 84\r\n"),
            (written(|out| flags(&[Flag::Seen, keyword], out)), "* FLAGS (\\Seen $Junk)\r\n"),
            (written(|out| exists(3, out)), "* 3 EXISTS\r\n"),
            (written(|out| recent(0, out)), "* 0 RECENT\r\n"),
            (written(|out| expunge(1, out)), "* 1 EXPUNGE\r\n"),
        ] {
            assert_eq!(got, want);
        }
    }
}
