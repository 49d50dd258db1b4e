//! Runs a script; `dialogs/README.md` says how they are written.

use std::collections::VecDeque;

use bulkhead_pop3::proto::Security;
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
            run.store.borrow_mut().deliver(message.as_bytes());
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
            (_, "GONE") => self.store.borrow_mut().gone = true,
            (_, "FULL") => self.store.borrow_mut().full = true,
            (_, "EXPUNGE") => {
                let uid = rest.parse().unwrap();
                self.store.borrow_mut().messages.get_mut(&uid).unwrap().ghost = true;
            }
            (_, "LEFT") => {
                let left: Vec<String> = self.store.borrow().uids().iter().map(u32::to_string).collect();
                assert_eq!(left.join(" "), rest, "{place}");
            }
            ("T", _) => self.session(at).secure(),
            ("C", _) => self.send(at, &format!("{rest}\r\n")),
            ("P", _) => {
                // in one go, whatever comes of the first of them
                let lines = rest.replace("\\n", "\r\n") + "\r\n";
                self.session(at).send(lines.as_bytes());
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
            ("X", _) => self.session(at).open = false,
            ("E", _) => {
                self.listen(at);
                assert!(self.said[at].is_empty(), "{place}: {:?}", self.said[at]);
                assert!(!self.session(at).open, "{place}: still open");
            }
            _ => panic!("{place}: what is that?"),
        }
    }

    fn send(&mut self, at: usize, text: &str) {
        for piece in text.as_bytes().chunks(self.chunk.min(text.len())) {
            self.session(at).send(piece);
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
}
