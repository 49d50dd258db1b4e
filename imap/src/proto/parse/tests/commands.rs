//! One command at a time, whole.

use super::super::*;
use Syntax::{
    Date, FetchItem as NoFetchItem, Flag as NoFlag, List, Mailbox, NoCommand, NoLiteral, Number, Sasl,
    SearchKey as NoKey, Section as NoSection, SequenceSet as NoSet, Space, StatusItem as NoStatusItem,
    StoreItem, String as NoString, TooDeep, TooMany, Trailing, UnknownCommand, Utf8,
};

/// The command after a tag.
fn parse(text: &str) -> Result<Command, Syntax> {
    match command(format!("a1 {text}").as_bytes()) {
        Ok(tagged) => {
            assert_eq!(tagged.tag.as_str(), "a1");
            Ok(tagged.command)
        }
        Err(refused) => {
            assert_eq!(refused.tag.as_ref().map(Tag::as_str), Some("a1"), "{text}");
            Err(refused.why)
        }
    }
}

fn name(name: &str) -> MailboxName {
    MailboxName::new(name).unwrap()
}

fn key(text: &str) -> Result<SearchKey, Syntax> {
    match parse(&format!("SEARCH {text}"))? {
        Command::Search { by: By::Sequence, search: Search { charset: Charset::Utf8, key } } => Ok(key),
        other => panic!("{other:?}"),
    }
}

fn items(text: &str) -> Result<Vec<FetchItem>, Syntax> {
    match parse(&format!("FETCH 1 {text}"))? {
        Command::Fetch { by: By::Sequence, items, .. } => Ok(items),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tags() {
    for (text, tag, why) in [
        ("", None, Syntax::Tag),
        (" NOOP", None, Syntax::Tag),
        ("a+b NOOP", None, Syntax::Tag),
        ("* NOOP", None, Syntax::Tag),
        ("ü NOOP", None, Syntax::Tag),
        ("a\"b NOOP", None, Syntax::Tag),
        ("a\tNOOP", None, Syntax::Tag),
        ("a", Some("a"), NoCommand),
        ("a ", Some("a"), NoCommand),
        ("a  NOOP", Some("a"), NoCommand),
        ("a FOO", Some("a"), UnknownCommand),
        ("a UID FOO", Some("a"), UnknownCommand),
        ("GET / HTTP/1.1", Some("GET"), NoCommand),
    ] {
        let refused = command(text.as_bytes()).unwrap_err();
        assert_eq!(refused.tag.as_ref().map(Tag::as_str), tag, "{text:?}");
        assert_eq!(refused.why, why, "{text:?}");
    }
    assert!(command(format!("{} NOOP", "t".repeat(Tag::MAX)).as_bytes()).is_ok());
    assert!(command(format!("{} NOOP", "t".repeat(Tag::MAX + 1)).as_bytes()).is_err());
}

#[test]
fn without_arguments() {
    for (text, want) in [
        ("CAPABILITY", Command::Capability),
        ("noop", Command::Noop),
        ("NoOp  ", Command::Noop),
        ("LOGOUT", Command::Logout),
        ("STARTTLS", Command::StartTls),
        ("CHECK", Command::Check),
        ("CLOSE", Command::Close),
        ("UNSELECT", Command::Unselect),
        ("EXPUNGE", Command::Expunge),
        ("IDLE", Command::Idle),
        ("NAMESPACE", Command::Namespace),
    ] {
        assert_eq!(parse(text), Ok(want), "{text}");
        assert_eq!(parse(&format!("{} x", text.trim_end())), Err(Trailing), "{text}");
    }
}

#[test]
fn login() {
    for (text, want) in [
        ("LOGIN SMITH SESAME", Ok(("SMITH", &b"SESAME"[..]))),
        ("LOGIN \"a@b\" \"p \\\"w\\\\\"", Ok(("a@b", b"p \"w\\"))),
        ("LOGIN {5}\r\nü b {0}\r\n", Err(Space)),
        ("LOGIN {4}\r\nü b {0}\r\n", Ok(("ü b", b""))),
        ("LOGIN {4+}\nüxy {1+}\n)", Ok(("üxy", b")"))),
        ("LOGIN a b]c", Ok(("a", b"b]c"))),
        ("LOGIN a ü", Ok(("a", "ü".as_bytes()))),
        ("LOGIN a", Err(Space)),
        ("LOGIN a ", Err(NoString)),
        ("LOGIN a b c", Err(Trailing)),
        ("LOGIN a \"b", Err(NoString)),
        ("LOGIN a (b)", Err(NoString)),
    ] {
        let got = match parse(text) {
            Ok(Command::Login { user, password }) => Ok((user, password.as_bytes().to_vec())),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        assert_eq!(got, want.map(|(user, password)| (user.to_owned(), password.to_vec())), "{text}");
    }
    assert_eq!(command(b"a LOGIN \xff b").unwrap_err().why, Utf8);
}

#[test]
fn authenticate() {
    for (text, want) in [
        ("AUTHENTICATE plain", Ok(("PLAIN", None))),
        ("AUTHENTICATE PLAIN =", Ok(("PLAIN", Some(&b""[..])))),
        ("AUTHENTICATE PLAIN AGEAYg==", Ok(("PLAIN", Some(b"\0a\0b")))),
        ("AUTHENTICATE PLAIN AGEAYg", Ok(("PLAIN", Some(b"\0a\0b")))),
        ("AUTHENTICATE PLAIN AGE*", Err(Sasl)),
        ("AUTHENTICATE PLAIN AGEAYg== x", Err(Trailing)),
        ("AUTHENTICATE", Err(Space)),
        ("AUTHENTICATE (", Err(Syntax::Atom)),
    ] {
        let got = match parse(text) {
            Ok(Command::Authenticate { mechanism, initial }) => {
                Ok((mechanism, initial.map(|initial| initial.as_bytes().to_vec())))
            }
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        assert_eq!(got, want.map(|(name, initial)| (name.to_owned(), initial.map(<[u8]>::to_vec))), "{text}");
    }
}

#[test]
fn mailboxes() {
    for (text, want) in [
        ("SELECT inbox", Ok(Command::Select(name("INBOX")))),
        ("SELECT \"Entw&APw-rfe\"", Ok(Command::Select(name("Entwürfe")))),
        ("SELECT Entwürfe", Ok(Command::Select(name("Entwürfe")))),
        ("EXAMINE {3}\r\na b", Ok(Command::Examine(name("a b")))),
        (
            "CREATE owatagusiam/",
            Ok(Command::Create { mailbox: name("owatagusiam"), wanted: WantedUse::None }),
        ),
        ("CREATE /", Err(Mailbox)),
        ("DELETE a/b", Ok(Command::Delete(name("a/b")))),
        ("RENAME INBOX old-mail", Ok(Command::Rename { from: name("INBOX"), to: name("old-mail") })),
        ("RENAME a", Err(Space)),
        ("SUBSCRIBE #news.comp.mail.mime", Ok(Command::Subscribe(name("#news.comp.mail.mime")))),
        ("UNSUBSCRIBE a", Ok(Command::Unsubscribe(name("a")))),
        ("SELECT", Err(Space)),
        ("SELECT \"\"", Err(Mailbox)),
        ("SELECT R&D", Err(Mailbox)),
        ("SELECT a*", Err(Trailing)),
        ("SELECT a (CONDSTORE)", Err(Trailing)),
        ("SELECT {2}\r\na\n", Err(Mailbox)),
    ] {
        assert_eq!(parse(text), want, "{text}");
    }
    assert_eq!(command(b"a SELECT \xff").unwrap_err().why, Utf8);
}

#[test]
fn lists() {
    for (text, want) in [
        ("LIST \"\" *", Ok(("", "*"))),
        ("LIST \"\" \"\"", Ok(("", ""))),
        ("LIST ~/Mail/ %", Ok(("~/Mail/", "%"))),
        ("LSUB \"\" \"Entw&APw-*\"", Ok(("", "Entwü*"))),
        ("LSUB #news. comp.mail.*", Ok(("#news.", "comp.mail.*"))),
        ("LIST \"\"", Err(Space)),
        ("LIST (SUBSCRIBED) \"\" *", Err(NoString)),
        ("LIST \"\" * RETURN (SPECIAL-USE)", Err(Trailing)),
        ("LIST \"\" R&D*", Err(Mailbox)),
    ] {
        let got = match parse(text) {
            Ok(Command::List { reference, pattern } | Command::Lsub { reference, pattern }) => {
                Ok((reference, pattern))
            }
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        let got = got
            .as_ref()
            .map(|(reference, pattern)| (reference.as_str(), pattern.as_str()))
            .map_err(|why| *why);
        assert_eq!(got, want, "{text}");
    }
}

#[test]
fn status() {
    use StatusItem::{Messages, Recent, UidNext, UidValidity, Unseen};
    let all = vec![Messages, Recent, UidNext, UidValidity, Unseen];
    for (text, want) in [
        ("STATUS a (UIDNEXT messages)", Ok(vec![UidNext, Messages])),
        ("STATUS a (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)", Ok(all)),
        ("STATUS a ()", Err(List)),
        ("STATUS a MESSAGES", Err(List)),
        ("STATUS a (MESSAGES", Err(List)),
        ("STATUS a (HIGHESTMODSEQ)", Err(NoStatusItem)),
        ("STATUS a", Err(Space)),
    ] {
        assert_eq!(parse(text), want.map(|items| Command::Status { mailbox: name("a"), items }), "{text}");
    }
}

#[test]
fn store_and_copy() {
    for (text, want) in [
        ("STORE 1 FLAGS (\\Seen)", Ok((By::Sequence, Change::Replace, Echo::Told, "\\Seen"))),
        ("STORE 1 +FLAGS (\\Deleted $x)", Ok((By::Sequence, Change::Add, Echo::Told, "\\Deleted $x"))),
        ("UID STORE 1 -flags.silent \\Flagged b", Ok((By::Uid, Change::Remove, Echo::Silent, "\\Flagged b"))),
        ("STORE 1 FLAGS ()", Ok((By::Sequence, Change::Replace, Echo::Told, ""))),
        ("STORE 1 +FLAGS (\\Recent)", Err(NoFlag)),
        ("STORE 1 FLAG (\\Seen)", Err(StoreItem)),
        ("STORE 1 +-FLAGS (\\Seen)", Err(StoreItem)),
        ("STORE 1 FLAGS", Err(Space)),
        ("STORE 0 FLAGS ()", Err(NoSet)),
        ("STORE 1 (UNCHANGEDSINCE 3) FLAGS ()", Err(StoreItem)),
    ] {
        let got = match parse(text) {
            Ok(Command::Store { by, change, echo, flags, .. }) => {
                Ok((by, change, echo, flags.iter().map(Flag::name).collect::<Vec<_>>().join(" ")))
            }
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        assert_eq!(got, want.map(|(by, change, echo, flags)| (by, change, echo, flags.to_owned())), "{text}");
    }
    assert!(matches!(parse("UID EXPUNGE 3000:3002"), Ok(Command::UidExpunge(_))));
    assert_eq!(parse("UID EXPUNGE"), Err(Space));
    let many = vec!["k"; Flag::MAX + 1].join(" ");
    assert_eq!(parse(&format!("STORE 1 FLAGS ({many})")), Err(TooMany));
}

#[test]
fn fetch() {
    use FetchItem::{
        Body, BodyStructure, Envelope, Flags, InternalDate, Rfc822, Rfc822Header, Rfc822Size, Rfc822Text, Uid,
    };
    for (text, want) in [
        ("ALL", Ok(vec![Flags, InternalDate, Rfc822Size, Envelope])),
        ("fast", Ok(vec![Flags, InternalDate, Rfc822Size])),
        ("FULL", Ok(vec![Flags, InternalDate, Rfc822Size, Envelope, Body])),
        ("BODY", Ok(vec![Body])),
        ("(UID FLAGS uid)", Ok(vec![Uid, Flags])),
        (
            "(RFC822 RFC822.HEADER RFC822.TEXT BODYSTRUCTURE)",
            Ok(vec![Rfc822, Rfc822Header, Rfc822Text, BodyStructure]),
        ),
        ("(ALL)", Err(NoFetchItem)),
        ("()", Err(List)),
        ("(FLAGS", Err(List)),
        ("FLAGS UID", Err(Trailing)),
        ("ENVELOPE[]", Err(NoFetchItem)),
        ("BODY.PEEK", Err(NoFetchItem)),
        ("BINARY[1]", Err(NoFetchItem)),
        ("MODSEQ", Err(NoFetchItem)),
        ("", Err(NoFetchItem)),
    ] {
        assert_eq!(items(text), want, "{text}");
    }
    assert!(matches!(parse("UID FETCH 1:* FLAGS"), Ok(Command::Fetch { by: By::Uid, .. })));
}

#[test]
fn sections() {
    let fields = |names: &[&str]| names.iter().map(|name| FieldName::new(name).unwrap()).collect::<Vec<_>>();
    let section = |path: &[u32], text| Section { path: path.to_vec(), text };
    let partial = |offset, count| Some(Partial { offset, count });
    for (text, want) in [
        ("BODY[]", Ok((section(&[], None), None, Seen::Set))),
        ("body.peek[]<0.2048>", Ok((section(&[], None), partial(0, 2048), Seen::Untouched))),
        ("BODY[1]", Ok((section(&[1], None), None, Seen::Set))),
        ("BODY[4.2.2.1]<7.1>", Ok((section(&[4, 2, 2, 1], None), partial(7, 1), Seen::Set))),
        ("BODY[HEADER]", Ok((section(&[], Some(SectionText::Header)), None, Seen::Set))),
        ("BODY[text]", Ok((section(&[], Some(SectionText::Text)), None, Seen::Set))),
        ("BODY[3.TEXT]", Ok((section(&[3], Some(SectionText::Text)), None, Seen::Set))),
        ("BODY[4.1.MIME]", Ok((section(&[4, 1], Some(SectionText::Mime)), None, Seen::Set))),
        (
            "BODY.PEEK[HEADER.FIELDS (Date \"From\")]",
            Ok((
                section(&[], Some(SectionText::HeaderFields(fields(&["Date", "From"])))),
                None,
                Seen::Untouched,
            )),
        ),
        (
            "BODY[2.HEADER.FIELDS.NOT ({2}\r\nTo)]",
            Ok((section(&[2], Some(SectionText::HeaderFieldsNot(fields(&["To"])))), None, Seen::Set)),
        ),
        ("BODY[MIME]", Err(NoSection)),
        ("BODY[0]", Err(NoSection)),
        ("BODY[1.]", Err(NoSection)),
        ("BODY[.1]", Err(NoSection)),
        ("BODY[1", Err(NoSection)),
        ("BODY[1 ]", Err(NoSection)),
        ("BODY[HEADER.FIELDS]", Err(Space)),
        ("BODY[HEADER.FIELDS ()]", Err(NoSection)),
        ("BODY[HEADER.FIELDS (a:b)]", Err(NoSection)),
        ("BODY[FOO]", Err(NoSection)),
        ("BODY[]<0>", Err(NoSection)),
        ("BODY[]<0.0>", Err(Number)),
        ("BODY[]<0.1", Err(NoSection)),
        ("BODY[]<-1.1>", Err(Number)),
        ("BODY[4294967296]", Err(NoSection)),
    ] {
        let want = want.map(|(section, partial, seen)| vec![FetchItem::Section { section, partial, seen }]);
        assert_eq!(items(text), want, "{text}");
    }
    let deep = vec!["1"; Section::MAX_PATH + 1].join(".");
    assert_eq!(items(&format!("BODY[{deep}]")), Err(TooDeep));
}

#[test]
fn search_keys() {
    use SearchKey::{All, And, Has, Lacks, Not, Or, Recent};
    let boxed = |key| Box::new(key);
    let header = |name: &str, text: &str| SearchKey::Header(FieldName::new(name).unwrap(), text.to_owned());
    let keyword = |name: &str| Flag::Keyword(Keyword::new(name).unwrap());
    for (text, want) in [
        ("ALL", All),
        ("unseen", Lacks(Flag::Seen)),
        ("NEW", And(vec![Recent, Lacks(Flag::Seen)])),
        ("OLD", Not(boxed(Recent))),
        ("ANSWERED DELETED", And(vec![Has(Flag::Answered), Has(Flag::Deleted)])),
        ("UNANSWERED UNDELETED", And(vec![Lacks(Flag::Answered), Lacks(Flag::Deleted)])),
        ("KEYWORD $Junk UNKEYWORD b", And(vec![Has(keyword("$Junk")), Lacks(keyword("b"))])),
        ("FROM \"Smith\"", header("FROM", "Smith")),
        ("SUBJECT {3}\r\nü ", header("SUBJECT", "ü ")),
        ("HEADER Message-ID <a@b>", header("Message-ID", "<a@b>")),
        ("HEADER X \"\"", header("X", "")),
        ("BODY a", SearchKey::Body("a".to_owned())),
        ("TEXT \"a b\"", SearchKey::Text("a b".to_owned())),
        ("LARGER 0", SearchKey::Larger(0)),
        ("SMALLER 5000000000", SearchKey::Smaller(5_000_000_000)),
        ("NOT SEEN", Not(boxed(Has(Flag::Seen)))),
        ("OR DRAFT FLAGGED", Or(boxed(Has(Flag::Draft)), boxed(Has(Flag::Flagged)))),
        ("OR (UNDRAFT UNFLAGGED) NOT ALL", {
            Or(boxed(And(vec![Lacks(Flag::Draft), Lacks(Flag::Flagged)])), boxed(Not(boxed(All))))
        }),
        ("((RECENT))", Recent),
        ("CHARSET UTF-8 ALL", All),
        ("charset us-ascii ALL ", All),
    ] {
        assert_eq!(key(text), Ok(want), "{text}");
    }
    for text in ["BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"] {
        assert!(key(&format!("{text} 1-Feb-1994")).is_ok(), "{text}");
        assert_eq!(key(&format!("{text} 30-Feb-1994")), Err(Date), "{text}");
    }
    assert!(matches!(key("2,4:7"), Ok(SearchKey::Sequence(_))));
    assert!(matches!(key("*"), Ok(SearchKey::Sequence(_))));
    assert!(matches!(key("UID 1:*"), Ok(SearchKey::Uid(_))));
}

#[test]
fn bad_searches() {
    for (text, want) in [
        ("", NoKey),
        ("FOO", NoKey),
        ("RETURN (ALL) SEEN", NoKey),
        ("NOT", Space),
        ("OR SEEN", Space),
        ("(SEEN", List),
        ("()", NoKey),
        ("(SEEN ) ALL", NoKey),
        ("SEEN)", Trailing),
        ("SEEN  DELETED", NoKey),
        ("KEYWORD \\Seen", NoFlag),
        ("FROM", Space),
        ("FROM \"a", NoString),
        ("HEADER a", Space),
        ("HEADER a: b", NoSection),
        ("LARGER x", Number),
        ("LARGER -1", Number),
        ("UID x", NoSet),
        ("CHARSET UTF-8", Space),
    ] {
        assert_eq!(key(text), Err(want), "{text}");
    }
    assert_eq!(command(b"a SEARCH SUBJECT \"\xe4\"").unwrap_err().why, Utf8);
}

#[test]
fn unknown_charset() {
    let want = Search { charset: Charset::Unknown, key: SearchKey::All };
    let got = command(b"a UID SEARCH CHARSET ISO-8859-1 SUBJECT \"\xe4\"").unwrap().command;
    assert_eq!(got, Command::Search { by: By::Uid, search: want });
}

#[test]
fn searches_are_bounded() {
    let nested = |depth: usize| format!("{}ALL{}", "(".repeat(depth), ")".repeat(depth));
    assert!(key(&nested(SearchKey::MAX_DEPTH - 1)).is_ok());
    assert_eq!(key(&nested(SearchKey::MAX_DEPTH)), Err(TooDeep));
    assert_eq!(key(&format!("{}ALL", "NOT ".repeat(30_000))), Err(TooDeep));
    assert_eq!(key(&format!("{}ALL", "OR ".repeat(30_000))), Err(TooDeep));
    assert!(key(&vec!["ALL"; SearchKey::MAX_KEYS].join(" ")).is_ok());
    assert_eq!(key(&vec!["ALL"; SearchKey::MAX_KEYS + 1].join(" ")), Err(TooMany));
}

#[test]
fn extensions() {
    let id = parse("ID (\"name\" \"iPhone Mail\" \"version\" NIL)");
    let fields = vec![("name".to_owned(), Some("iPhone Mail".to_owned())), ("version".to_owned(), None)];
    assert_eq!(id, Ok(Command::Id(fields)));
    assert_eq!(parse("ID NIL"), Ok(Command::Id(Vec::new())));
    assert_eq!(parse("ID (\"a\")"), Err(Space));
    assert_eq!(parse(&format!("ID ({})", vec!["\"a\" NIL"; 31].join(" "))), Err(TooMany));
    assert_eq!(parse(&format!("ID (\"a\" \"{}\")", "v".repeat(1025))), Err(TooMany));
    assert_eq!(
        parse("ENABLE condstore QRESYNC"),
        Ok(Command::Enable(vec!["CONDSTORE".into(), "QRESYNC".into()]))
    );
    assert_eq!(parse("ENABLE"), Err(Space));
}

#[test]
fn append_needs_its_literal() {
    assert_eq!(parse("APPEND INBOX"), Err(NoLiteral));
    assert_eq!(parse("APPEND INBOX \"text\""), Err(NoLiteral));
}
