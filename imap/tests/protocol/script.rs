//! Runs a script; `dialogs/README.md` says how they are written.

use std::collections::VecDeque;

use bulkhead_imap::proto::Security;
use ipc::mail::SystemFlags;
use ipc::service::mailbox::SpecialUse;
use listener::session::{Farewell, Session};

use crate::connection::Connection;
use crate::fake::{Shared, Store};

struct Run {
    store: Shared,
    security: Security,
    sessions: Vec<Option<Connection>>,
    said: Vec<VecDeque<String>>,
    chunk: usize,
}

pub(crate) fn run(text: &str, chunk: usize) {
    let mut run = Run {
        store: Store::shared(),
        security: Security::Tls,
        sessions: Vec::new(),
        said: Vec::new(),
        chunk,
    };
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let place = format!("line {}: {line}", number + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        if word == "M" {
            let mut message = String::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with('|')) {
                message.push_str(line.strip_prefix("| ").or(line.strip_prefix('|')).unwrap());
                message.push_str("\r\n");
            }
            run.message(rest, &message);
            continue;
        }
        run.line(word, rest, &place);
    }
    for at in 0..run.sessions.len() {
        run.listen(at);
        assert!(run.said[at].is_empty(), "unexpected at the end: {:?}", run.said[at]);
    }
}

impl Run {
    fn line(&mut self, word: &str, rest: &str, place: &str) {
        let (kind, number) = word.split_at(1);
        let at = number.trim_end_matches(':').parse::<usize>().unwrap_or(1) - 1;
        match (kind, word) {
            (_, "PLAIN") => self.security = Security::Plain,
            (_, "FOLDER") => self.folder(rest),
            (_, "EXPUNGE") => {
                let uid: u32 = rest.parse().unwrap();
                self.store.borrow_mut().named("INBOX").expunge(|row| row.uid == uid);
            }
            (_, "OPAQUE") => {
                let uid: u32 = rest.parse().unwrap();
                self.store.borrow_mut().named("INBOX").distrust(uid);
            }
            (_, "GONE") => self.store.borrow_mut().gone = true,
            (_, "FULL") => self.store.borrow_mut().full = true,
            ("C", _) => {
                let line = format!("{rest}\r\n");
                for piece in line.as_bytes().chunks(self.chunk.min(line.len())) {
                    self.session(at).send(piece);
                }
            }
            ("S", _) => {
                self.listen(at);
                let said = self.said[at].pop_front();
                let said = said.unwrap_or_else(|| panic!("{place}: nothing was said"));
                let fits = match rest.strip_suffix("...") {
                    Some(start) => said.starts_with(start),
                    None => said == rest,
                };
                assert!(fits, "{place}\n was: {said}");
            }
            ("F", _) => {
                let why = match rest {
                    "idle" => Farewell::Idle,
                    "draining" => Farewell::Draining,
                    _ => Farewell::Overlong,
                };
                let connection = self.session(at);
                let mut output = Vec::new();
                connection.session.farewell(why, &mut output);
                connection.output.append(&mut output);
                connection.open = false;
            }
            ("E", _) => {
                self.listen(at);
                assert!(self.said[at].is_empty(), "{place}: {:?}", self.said[at]);
                assert!(!self.session(at).open, "{place}: still open");
            }
            _ => panic!("{place}: what is that?"),
        }
    }

    fn session(&mut self, at: usize) -> &mut Connection {
        while self.sessions.len() <= at {
            self.sessions.push(None);
            self.said.push(VecDeque::new());
        }
        let (store, security) = (&self.store, self.security);
        self.sessions[at].get_or_insert_with(|| Connection::new(store, security))
    }

    fn listen(&mut self, at: usize) {
        let connection = self.session(at);
        connection.notice();
        let said = connection.said();
        let lines = said.split_terminator("\r\n").map(str::to_owned);
        self.said[at].extend(lines);
    }

    fn folder(&mut self, rest: &str) {
        let (name, use_) = rest.split_once(" \\").unwrap_or((rest, ""));
        let special_use = match use_ {
            "Sent" => Some(SpecialUse::Sent),
            "Trash" => Some(SpecialUse::Trash),
            _ => None,
        };
        let mut store = self.store.borrow_mut();
        store.folder(name, special_use);
        if use_ == "Unsubscribed" {
            store.subscriptions.remove(name);
        }
    }

    /// `M [flags…]`: a message in INBOX, which arrives on 9 September 2001.
    fn message(&mut self, flags: &str, bytes: &str) {
        let mut system = SystemFlags::default();
        let mut keywords = Vec::new();
        for flag in flags.split_whitespace() {
            match SystemFlags::NAMES.iter().find(|(_, name)| *name == flag) {
                Some((known, _)) => system = system.with(*known),
                None => keywords.push(flag.to_owned()),
            }
        }
        let mut scanner = mime::Scanner::new(mime::Limits::default());
        scanner.push(bytes.as_bytes());
        let structure = ipc::codec::encode_record(&scanner.finish()).unwrap();
        let mut store = self.store.borrow_mut();
        store.named("INBOX").deliver(bytes.as_bytes(), structure, system, &keywords, 1_000_000_000);
    }
}
