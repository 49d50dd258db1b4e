//! What holds for every history: a client that believes what it is told is never wrong.

use std::collections::BTreeSet;

use bulkhead_imap::proto::Security;
use ipc::mail::SystemFlags;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::connection::Connection;
use crate::fake::{Shared, Store};

/// A response as a client reads it: a line with its literals.
fn responses(said: &str) -> Vec<String> {
    let mut responses = Vec::new();
    let mut lines = said.split_inclusive("\r\n");
    while let Some(line) = lines.next() {
        let mut response = line.to_owned();
        while let Some(mut left) = literal(&response) {
            while left > 0 {
                let line = lines.next().expect("a literal without end");
                response.push_str(line);
                left = left.saturating_sub(line.len());
            }
        }
        responses.push(response);
    }
    responses
}

/// The octets of the literal that this line announces.
fn literal(line: &str) -> Option<usize> {
    line.strip_suffix("}\r\n")?.rsplit_once('{')?.1.parse().ok()
}

/// A message as a client knows it.
#[derive(Clone, Debug, Default)]
struct Known {
    uid: Option<u32>,
    flags: Option<BTreeSet<String>>,
}

/// A client that believes what it is told.
struct Client {
    connection: Connection,
    messages: Vec<Known>,
    tag: u32,
}

/// What a command may be answered by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expunges {
    Allowed,
    Forbidden,
}

impl Client {
    fn new(store: &Shared) -> Self {
        let mut connection = Connection::new(store, Security::Tls);
        connection.send(b"l LOGIN user secret\r\n");
        connection.said();
        let mut client = Client { connection, messages: Vec::new(), tag: 0 };
        client.select();
        client
    }

    fn select(&mut self) {
        self.messages.clear();
        self.command("SELECT INBOX", Expunges::Allowed);
    }

    /// Sends a command, and believes the answers. Returns the numbers of SEARCH.
    fn command(&mut self, text: &str, expunges: Expunges) -> Vec<u32> {
        self.tag += 1;
        self.connection.send(format!("t{} {text}\r\n", self.tag).as_bytes());
        let said = self.connection.said();
        let mut all = responses(&said);
        let last = all.pop().expect("no answer");
        assert!(last.starts_with(&format!("t{} ", self.tag)), "{text}: {said}");
        assert!(!last.contains("BAD"), "{text}: {said}");
        all.iter().flat_map(|response| self.believe(response, text, expunges)).collect()
    }

    fn believe(&mut self, response: &str, text: &str, expunges: Expunges) -> Vec<u32> {
        let words: Vec<&str> = response.trim_end().split(' ').collect();
        match (words[1].parse::<usize>(), words.get(2).copied()) {
            (Ok(count), Some("EXISTS")) => {
                assert!(count >= self.messages.len(), "{text}: EXISTS takes messages away");
                self.messages.resize(count, Known::default());
            }
            (Ok(number), Some("EXPUNGE")) => {
                assert!(expunges == Expunges::Allowed, "{text} was answered by {response}");
                assert!((1..=self.messages.len()).contains(&number), "{text}: {response}");
                self.messages.remove(number - 1);
            }
            (Ok(number), Some("FETCH")) => {
                assert!((1..=self.messages.len()).contains(&number), "{text}: {response}");
                self.fetched(number - 1, response, text);
            }
            _ if words[1] == "SEARCH" => {
                return words[2..].iter().map(|word| word.parse().unwrap()).collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn fetched(&mut self, at: usize, response: &str, text: &str) {
        let known = &mut self.messages[at];
        if let Some((_, rest)) = response.split_once("UID ") {
            let uid: u32 = rest.split([' ', ')']).next().unwrap().parse().unwrap();
            assert!(known.uid.is_none_or(|known| known == uid), "{text}: {known:?}, {response}");
            known.uid = Some(uid);
        }
        if let Some((_, rest)) = response.split_once("FLAGS (") {
            let flags = rest.split(')').next().unwrap().split_whitespace();
            known.flags = Some(flags.filter(|flag| *flag != "\\Recent").map(str::to_owned).collect());
        }
    }

    /// What the client makes of its own silent STORE.
    fn assume(&mut self, numbers: std::ops::RangeInclusive<usize>, sign: &str, flag: &str) {
        for number in numbers {
            let Some(flags) = &mut self.messages[number - 1].flags else { continue };
            match sign {
                "+" => {
                    flags.insert(flag.to_owned());
                }
                "-" => {
                    flags.remove(flag);
                }
                _ => *flags = BTreeSet::from([flag.to_owned()]),
            }
        }
    }

    /// After NOOP the client knows which messages there are, and is right in all it knows of them.
    fn check(&mut self, store: &Shared) {
        self.command("NOOP", Expunges::Allowed);
        let truth: Vec<(u32, BTreeSet<String>)> = truth(store);
        assert_eq!(self.messages.len(), truth.len());
        let compare = |messages: &[Known]| {
            for (known, (uid, flags)) in messages.iter().zip(&truth) {
                assert!(known.uid.is_none_or(|known| known == *uid), "{known:?} is {uid}");
                assert!(known.flags.as_ref().is_none_or(|known| known == flags), "{known:?} is {flags:?}");
            }
        };
        compare(&self.messages);
        if !truth.is_empty() {
            self.command("FETCH 1:* (UID FLAGS)", Expunges::Forbidden);
            compare(&self.messages);
            assert!(self.messages.iter().all(|known| known.uid.is_some() && known.flags.is_some()));
        }
    }
}

fn truth(store: &Shared) -> Vec<(u32, BTreeSet<String>)> {
    let mut store = store.borrow_mut();
    let folder = store.named("INBOX");
    let flags = |row: &ipc::service::mailbox::MessageRow| {
        let system =
            SystemFlags::NAMES.iter().filter(|(flag, _)| row.flags.has(*flag)).map(|(_, name)| *name);
        let keywords = folder.keywords.iter().enumerate().filter(|(bit, _)| row.keywords >> bit & 1 == 1);
        system.map(str::to_owned).chain(keywords.map(|(_, name)| name.clone())).collect()
    };
    folder.messages.values().map(|message| (message.row.uid, flags(&message.row))).collect()
}

/// What a client does next.
#[derive(Clone, Debug)]
enum Action {
    Fetch { uid: bool, from: usize, to: usize },
    See { from: usize },
    Store { uid: bool, silent: bool, sign: &'static str, flag: &'static str, from: usize, to: usize },
    Expunge,
    UidExpunge { from: usize },
    Copy { verb: &'static str, mailbox: &'static str, from: usize, to: usize },
    Search { uid: bool },
    Append,
    Noop,
    Deliver,
    Select,
    Close,
    Status,
    Idle,
}

fn action() -> impl Strategy<Value = Action> {
    let flags = select(vec!["\\Seen", "\\Deleted", "\\Deleted", "\\Flagged", "work", "play"]);
    prop_oneof![
        2 => (any::<bool>(), 0..12_usize, 0..12_usize).prop_map(|(uid, from, to)| Action::Fetch { uid, from, to }),
        1 => (0..12_usize).prop_map(|from| Action::See { from }),
        6 => (any::<bool>(), any::<bool>(), select(vec!["+", "+", "-", ""]), flags, 0..12_usize, 0..12_usize)
            .prop_map(|(uid, silent, sign, flag, from, to)| Action::Store { uid, silent, sign, flag, from, to }),
        2 => Just(Action::Expunge),
        1 => (0..12_usize).prop_map(|from| Action::UidExpunge { from }),
        4 => (select(vec!["COPY", "UID COPY", "MOVE", "UID MOVE"]), select(vec!["INBOX", "Other"]), 0..12_usize, 0..12_usize)
            .prop_map(|(verb, mailbox, from, to)| Action::Copy { verb, mailbox, from, to }),
        1 => any::<bool>().prop_map(|uid| Action::Search { uid }),
        3 => Just(Action::Append),
        2 => Just(Action::Noop),
        3 => Just(Action::Deliver),
        1 => Just(Action::Select),
        1 => Just(Action::Close),
        1 => Just(Action::Status),
        1 => Just(Action::Idle),
    ]
}

const MAIL: &str = "Subject: x\r\n\r\nbody\r\n";

fn act(client: &mut Client, store: &Shared, action: &Action) {
    let count = client.messages.len();
    let within = |from: usize, to: usize| {
        (from.min(to) % count + 1, from.max(to).min(count - 1).max(from.min(to) % count) + 1)
    };
    match action {
        Action::Deliver => {
            store.borrow_mut().named("INBOX").deliver(
                MAIL.as_bytes(),
                Vec::new(),
                SystemFlags::default(),
                &[],
                0,
            );
        }
        Action::Append => {
            client.command(&format!("APPEND INBOX {{{}+}}\r\n{MAIL}", MAIL.len()), Expunges::Allowed);
        }
        Action::Noop => client.check(store),
        Action::Select => client.select(),
        Action::Close => {
            client.command("CLOSE", Expunges::Forbidden);
            client.select();
        }
        Action::Status => {
            client.command("STATUS INBOX (MESSAGES)", Expunges::Allowed);
        }
        Action::Idle => {
            client.tag += 1;
            client.connection.send(format!("t{} IDLE\r\n", client.tag).as_bytes());
            store.borrow_mut().named("INBOX").deliver(
                MAIL.as_bytes(),
                Vec::new(),
                SystemFlags::default(),
                &[],
                0,
            );
            client.connection.notice();
            client.connection.send(b"DONE\r\n");
            for response in responses(&client.connection.said()).iter().filter(|r| r.starts_with("* ")) {
                client.believe(response, "IDLE", Expunges::Allowed);
            }
            client.check(store);
        }
        Action::Expunge => {
            client.command("EXPUNGE", Expunges::Allowed);
        }
        Action::UidExpunge { from } => {
            client.command(&format!("UID EXPUNGE 1:{}", from + 1), Expunges::Allowed);
        }
        Action::Search { uid: true } => {
            client.command("UID SEARCH ALL", Expunges::Allowed);
        }
        Action::Search { uid: false } => {
            let found = client.command("SEARCH ALL", Expunges::Forbidden);
            assert_eq!(found.len(), client.messages.len());
        }
        Action::Copy { verb: verb @ ("UID COPY" | "UID MOVE"), mailbox, from, to } => {
            client.command(&format!("{verb} {}:{} {mailbox}", from + 1, to + 1), Expunges::Allowed);
        }
        _ if count == 0 => {}
        Action::Copy { verb, mailbox, from, to } => {
            let (from, to) = within(*from, *to);
            let expunges = if *verb == "MOVE" { Expunges::Allowed } else { Expunges::Forbidden };
            client.command(&format!("{verb} {from}:{to} {mailbox}"), expunges);
        }
        Action::Fetch { uid: true, from, to } => {
            client.command(&format!("UID FETCH {}:{} FLAGS", from + 1, to + 1), Expunges::Allowed);
        }
        Action::Fetch { uid: false, from, to } => {
            let (from, to) = within(*from, *to);
            client.command(&format!("FETCH {from}:{to} (UID FLAGS)"), Expunges::Forbidden);
        }
        Action::See { from } => {
            let (from, to) = within(*from, *from);
            client.command(&format!("FETCH {from}:{to} (UID BODY[]<0.3>)"), Expunges::Forbidden);
        }
        Action::Store { uid: true, sign, flag, from, to, .. } => {
            let set = format!("{}:{}", from + 1, to + 1);
            client.command(&format!("UID STORE {set} {sign}FLAGS ({flag})"), Expunges::Allowed);
        }
        Action::Store { uid: false, silent, sign, flag, from, to } => {
            let (from, to) = within(*from, *to);
            let suffix = if *silent { ".SILENT" } else { "" };
            if *silent {
                client.assume(from..=to, sign, flag);
            }
            client.command(&format!("STORE {from}:{to} {sign}FLAGS{suffix} ({flag})"), Expunges::Forbidden);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn clients_are_never_wrong(actions in vec((0..3_usize, action()), 1..60)) {
        let store = Store::shared();
        store.borrow_mut().folder("Other", None);
        let mut clients: Vec<Client> = (0..3).map(|_| Client::new(&store)).collect();
        for (at, action) in &actions {
            act(&mut clients[*at], &store, action);
        }
        for client in &mut clients {
            client.check(&store);
        }
    }

    #[test]
    fn nothing_panics_and_chunks_are_nothing(pieces in vec(piece(), 0..40), cuts in vec(1..20_usize, 1..10)) {
        let bytes = pieces.concat();
        let whole = talk(&bytes, &[usize::MAX]);
        prop_assert_eq!(&whole, &talk(&bytes, &cuts));
        prop_assert!(whole.0.ends_with("\r\n"));
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"a LOGIN user secret\r\n",
        b"a LOGIN {4}\r\nuser {6+}\r\nsecret\r\n",
        b"a SELECT INBOX\r\n",
        b"a SELECT nowhere\r\n",
        b"a FETCH 1:* FULL\r\n",
        b"a FETCH 2 (BODY[] BODY[1] BODY.PEEK[HEADER.FIELDS (X)])\r\n",
        b"a UID STORE 1:* +FLAGS (\\Deleted x)\r\n",
        b"a STORE 1 FLAGS ()\r\n",
        b"a EXPUNGE\r\n",
        b"a SEARCH OR TEXT body SENTON 1-Jan-2001\r\n",
        b"a APPEND INBOX {7}\r\nA: b\r\n\nx\r\n",
        b"a APPEND INBOX {7+}\r\nA: b\r\n\n\r\n",
        b"a LIST \"\" *\r\n",
        b"a LSUB \"\" %\r\n",
        b"a CREATE x/y (USE (\\Junk))\r\n",
        b"a RENAME x z\r\n",
        b"a DELETE z/y\r\n",
        b"a SUBSCRIBE x\r\n",
        b"a MOVE 1:2 x/y\r\n",
        b"a UID COPY 1:* INBOX\r\n",
        b"a STARTTLS\r\n",
        b"a STATUS INBOX (UNSEEN)\r\n",
        b"a IDLE\r\n",
        b"DONE\r\n",
        b"a AUTHENTICATE PLAIN\r\n",
        b"AHVzZXIAc2VjcmV0\r\n",
        b"a NOOP\r\n",
        b"a CLOSE\r\n",
        b"a LOGOUT\r\n",
        b"{3}\r\n",
        b"(",
        b"\"",
        b" ",
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
    ];
    prop_oneof![8 => select(known).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..9)]
}

/// Everything that is said, and whether the connection is still open.
fn talk(bytes: &[u8], cuts: &[usize]) -> (String, bool) {
    let store = Store::shared();
    for _ in 0..3 {
        let mail = b"From: a@b\r\nSubject: x\r\n\r\nbody\r\n";
        store.borrow_mut().named("INBOX").deliver(mail, Vec::new(), SystemFlags::default(), &[], 0);
    }
    let mut connection = Connection::new(&store, Security::Tls);
    connection.send(b"l LOGIN user secret\r\ns SELECT INBOX\r\n");
    let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
    while !rest.is_empty() {
        let (part, after) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
        connection.send(part);
        rest = after;
    }
    (connection.said(), connection.open)
}
