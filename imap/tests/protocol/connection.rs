//! A client's connection, driven as `listener::drive` would.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_imap::proto::{Ask, ImapSession, Security, Settings, Shares};
use listener::session::{Input, Session, Step};

use crate::fake::{Backend, Shared};

pub(crate) struct Connection {
    pub(crate) session: ImapSession,
    pub(crate) backend: Backend,
    input: Input,
    pub(crate) output: Vec<u8>,
    pub(crate) open: bool,
    /// The most output that was pending at once.
    pub(crate) pending: usize,
    /// How often others had their turn, though there was nothing to send.
    pub(crate) turns: usize,
    /// The largest piece of work on a message, octets.
    pub(crate) work: usize,
}

pub(crate) fn settings() -> Settings {
    Settings {
        hostname: "imap.here.example".to_owned(),
        max_message_size: 100_000,
        idle: Duration::from_secs(1800),
        shares: Shares::default(),
    }
}

impl Connection {
    /// A connection that was greeted.
    pub(crate) fn new(store: &Shared, security: Security) -> Self {
        let mut connection = Connection {
            session: ImapSession::new(Arc::new(settings()), security),
            backend: Backend::new(Shared::clone(store)),
            input: Input::default(),
            output: Vec::new(),
            open: true,
            pending: 0,
            turns: 0,
            work: 0,
        };
        connection.run();
        connection
    }

    /// A connection that is logged in and has INBOX selected; what was said is forgotten.
    pub(crate) fn selected(store: &Shared) -> Self {
        let mut connection = Connection::new(store, Security::Tls);
        connection.send(b"a LOGIN user secret\r\nb SELECT INBOX\r\n");
        assert!(connection.said().ends_with("b OK [READ-WRITE] Selected.\r\n"));
        connection
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
        self.run();
    }

    /// What the store has to say by itself arrives.
    pub(crate) fn notice(&mut self) {
        while self.open && self.session.wants_notice() && self.backend.speaks() {
            self.session.noticed();
            self.run();
        }
    }

    /// What the server said since it was asked last.
    pub(crate) fn said(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.output)).into_owned()
    }

    fn run(&mut self) {
        let mut pending = Vec::new();
        for _ in 0..1_000_000 {
            if !self.open {
                return;
            }
            let step = self.session.step(&mut self.input, &mut pending);
            self.pending = self.pending.max(pending.len());
            match step {
                Step::Ask(ask) => {
                    if let Ask::Work(work) = &ask {
                        self.work = self.work.max(work.octets());
                    }
                    let answer = self.backend.perform(ask);
                    self.session.answered(answer, &mut pending);
                    continue;
                }
                Step::Flush => self.turns += usize::from(pending.is_empty()),
                Step::Read | Step::Close | Step::StartTls => {}
            }
            self.output.append(&mut pending);
            match step {
                Step::Read => return,
                Step::Close => self.open = false,
                Step::StartTls => {
                    // as the driver does: what was sent in plain is thrown away
                    self.input = Input::default();
                    self.session.secured();
                }
                _ => {}
            }
        }
        panic!("the session gets nowhere");
    }
}
