//! SEARCH, RFC 3501 section 6.4.4.

use mime::date::Date;

use super::command::{By, Command};
use super::cursor::Cursor;
use super::date;
use super::flag::{Flag, Keyword};
use super::section::FieldName;
use super::sequence::SequenceSet;
use super::syntax::{Parsed, Syntax};

/// What is looked for, and in what character set it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The character set of the strings.
    pub charset: Charset,
    /// What a message must be.
    pub key: SearchKey,
}

/// The character set of the strings of a SEARCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// US-ASCII or UTF-8, named or not.
    Utf8,
    /// Another: to be refused with `NO [BADCHARSET (UTF-8)]`. The key is [`SearchKey::All`] then, as nothing of it was
    /// understood.
    Unknown,
}

/// A condition on a message. Keys of RFC 3501 that are short for others are spelled out: NEW is RECENT and UNSEEN, UNSEEN
/// lacks \Seen, FROM is HEADER From.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchKey {
    /// Every message.
    All,
    /// All of these.
    And(Vec<SearchKey>),
    /// One of the two at least.
    Or(Box<SearchKey>, Box<SearchKey>),
    /// Not this.
    Not(Box<SearchKey>),
    /// The flag is set.
    Has(Flag),
    /// The flag is not set.
    Lacks(Flag),
    /// \Recent is set.
    Recent,
    /// The internal date, without regard to time and zone, is before the day.
    Before(Date),
    /// The internal date is on the day.
    On(Date),
    /// The internal date is on the day or later.
    Since(Date),
    /// The Date field, without regard to time and zone, is before the day.
    SentBefore(Date),
    /// The Date field is on the day.
    SentOn(Date),
    /// The Date field is on the day or later.
    SentSince(Date),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// A field of this name contains the text, encoded words decoded, in any case; with empty text: there is such a field.
    Header(FieldName, String),
    /// The text of the body, decoded, contains the text, in any case.
    Body(String),
    /// A field of whatever name contains the text, as one that is named would, or the header as it was sent does, or the body.
    Text(String),
    /// The sequence number is one of these.
    Sequence(SequenceSet),
    /// The UID is one of these.
    Uid(SequenceSet),
}

impl SearchKey {
    /// Keys within keys.
    pub const MAX_DEPTH: usize = 32;
    /// Keys in one SEARCH.
    pub const MAX_KEYS: usize = 1000;
}

/// `["CHARSET" SP astring SP] search-key *(SP search-key)`, after a space
pub(super) fn search(cursor: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    cursor.space()?;
    if charset(cursor)? == Charset::Unknown {
        *cursor = Cursor::new(b"");
        return Ok(Command::Search { by, search: Search { charset: Charset::Unknown, key: SearchKey::All } });
    }
    let key = Keys { cursor, left: SearchKey::MAX_KEYS }.all_of(SearchKey::MAX_DEPTH)?;
    Ok(Command::Search { by, search: Search { charset: Charset::Utf8, key } })
}

fn charset(cursor: &mut Cursor<'_>) -> Parsed<Charset> {
    let mut ahead = cursor.clone();
    if ahead.word() != "CHARSET" {
        return Ok(Charset::Utf8);
    }
    ahead.space()?;
    let name = ahead.astring()?.to_ascii_uppercase();
    if !matches!(name.as_slice(), b"US-ASCII" | b"UTF-8") {
        return Ok(Charset::Unknown);
    }
    ahead.space()?;
    *cursor = ahead;
    Ok(Charset::Utf8)
}

/// Reads keys, and counts them.
struct Keys<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    left: usize,
}

impl Keys<'_, '_> {
    /// `search-key *(SP search-key)`
    fn all_of(&mut self, depth: usize) -> Parsed<SearchKey> {
        let first = self.key(depth)?;
        if !self.another() {
            return Ok(first);
        }
        let mut keys = vec![first];
        while self.another() {
            self.cursor.space()?;
            keys.push(self.key(depth)?);
        }
        Ok(SearchKey::And(keys))
    }

    /// Does another key follow? (Spaces at the end of the command are nothing.)
    fn another(&self) -> bool {
        self.cursor.peek() == Some(b' ') && self.cursor.clone().end().is_err()
    }

    fn key(&mut self, depth: usize) -> Parsed<SearchKey> {
        let depth = depth.checked_sub(1).ok_or(Syntax::TooDeep)?;
        self.left = self.left.checked_sub(1).ok_or(Syntax::TooMany)?;
        if self.cursor.skip(b'(') {
            let key = self.all_of(depth)?;
            self.cursor.expect(b')', Syntax::List)?;
            return Ok(key);
        }
        if SequenceSet::is_next(self.cursor) {
            return SequenceSet::parse(self.cursor).map(SearchKey::Sequence);
        }
        let word = self.cursor.word();
        match word.as_str() {
            "NOT" => Ok(SearchKey::Not(Box::new(self.operand(depth)?))),
            "OR" => {
                let one = self.operand(depth)?;
                Ok(SearchKey::Or(Box::new(one), Box::new(self.operand(depth)?)))
            }
            _ => match simple(&word) {
                Some(key) => Ok(key),
                None => self.with_argument(&word),
            },
        }
    }

    fn operand(&mut self, depth: usize) -> Parsed<SearchKey> {
        self.cursor.space()?;
        self.key(depth)
    }

    fn with_argument(&mut self, word: &str) -> Parsed<SearchKey> {
        match word {
            "KEYWORD" => self.keyword().map(SearchKey::Has),
            "UNKEYWORD" => self.keyword().map(SearchKey::Lacks),
            "BEFORE" => self.date().map(SearchKey::Before),
            "ON" => self.date().map(SearchKey::On),
            "SINCE" => self.date().map(SearchKey::Since),
            "SENTBEFORE" => self.date().map(SearchKey::SentBefore),
            "SENTON" => self.date().map(SearchKey::SentOn),
            "SENTSINCE" => self.date().map(SearchKey::SentSince),
            "LARGER" => self.size().map(SearchKey::Larger),
            "SMALLER" => self.size().map(SearchKey::Smaller),
            "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => self.header(word),
            "HEADER" => {
                self.cursor.space()?;
                let field = FieldName::parse(self.cursor)?;
                Ok(SearchKey::Header(field, self.text()?))
            }
            "BODY" => self.text().map(SearchKey::Body),
            "TEXT" => self.text().map(SearchKey::Text),
            "UID" => {
                self.cursor.space()?;
                SequenceSet::parse(self.cursor).map(SearchKey::Uid)
            }
            _ => Err(Syntax::SearchKey),
        }
    }

    fn header(&mut self, name: &str) -> Parsed<SearchKey> {
        let field = FieldName::new(name).ok_or(Syntax::SearchKey)?;
        Ok(SearchKey::Header(field, self.text()?))
    }

    fn keyword(&mut self) -> Parsed<Flag> {
        self.cursor.space()?;
        Keyword::parse(self.cursor).map(Flag::Keyword)
    }

    fn date(&mut self) -> Parsed<Date> {
        self.cursor.space()?;
        date::date(self.cursor)
    }

    fn size(&mut self) -> Parsed<u64> {
        self.cursor.space()?;
        self.cursor.number64()
    }

    fn text(&mut self) -> Parsed<String> {
        self.cursor.space()?;
        self.cursor.text()
    }
}

/// The keys without argument.
fn simple(word: &str) -> Option<SearchKey> {
    use SearchKey::{All, And, Has, Lacks, Not, Recent};
    Some(match word {
        "ALL" => All,
        "ANSWERED" => Has(Flag::Answered),
        "DELETED" => Has(Flag::Deleted),
        "DRAFT" => Has(Flag::Draft),
        "FLAGGED" => Has(Flag::Flagged),
        "SEEN" => Has(Flag::Seen),
        "UNANSWERED" => Lacks(Flag::Answered),
        "UNDELETED" => Lacks(Flag::Deleted),
        "UNDRAFT" => Lacks(Flag::Draft),
        "UNFLAGGED" => Lacks(Flag::Flagged),
        "UNSEEN" => Lacks(Flag::Seen),
        "NEW" => And(vec![Recent, Lacks(Flag::Seen)]),
        "OLD" => Not(Box::new(Recent)),
        "RECENT" => Recent,
        _ => return None,
    })
}
