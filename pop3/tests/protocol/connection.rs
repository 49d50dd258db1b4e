//! A client's connection, driven as `listener::drive` would.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_pop3::proto::{Pop3Session, Security, Settings, Shares};
use listener::session::{Input, Session, Step};

use crate::fake::{Backend, Shared};

pub(crate) struct Connection {
    pub(crate) session: Pop3Session,
    pub(crate) backend: Backend,
    input: Input,
    pub(crate) output: Vec<u8>,
    pub(crate) open: bool,
    /// TLS was asked for, and nobody negotiates it yet.
    pub(crate) securing: bool,
    /// The most output that was pending at once.
    pub(crate) pending: usize,
}

impl Connection {
    /// A connection that was greeted.
    pub(crate) fn new(store: &Shared, security: Security) -> Self {
        let settings = Settings {
            hostname: "pop.here.example".to_owned(),
            idle: Duration::from_secs(600),
            shares: Shares::default(),
        };
        let mut connection = Connection {
            session: Pop3Session::new(Arc::new(settings), security),
            backend: Backend::new(Shared::clone(store)),
            input: Input::default(),
            output: Vec::new(),
            open: true,
            securing: false,
            pending: 0,
        };
        connection.run();
        connection
    }

    /// A connection that is logged in; what was said is forgotten.
    pub(crate) fn logged_in(store: &Shared) -> Self {
        let mut connection = Connection::new(store, Security::Tls);
        connection.send(b"USER user\r\nPASS secret\r\n");
        let said = connection.said();
        assert!(said.contains("+OK Logged in"), "{said}");
        connection
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
        self.run();
    }

    /// The handshake is done.
    pub(crate) fn secure(&mut self) {
        assert!(std::mem::take(&mut self.securing), "nobody asked for TLS");
        self.input = Input::default();
        self.session.secured();
        self.run();
    }

    /// That the store is gone arrives.
    pub(crate) fn notice(&mut self) {
        if self.open && self.session.wants_notice() && self.backend.is_gone() {
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
            if !self.open || self.securing {
                return;
            }
            let step = self.session.step(&mut self.input, &mut pending);
            self.pending = self.pending.max(pending.len());
            match step {
                Step::Ask(ask) => {
                    let answer = self.backend.perform(ask);
                    self.session.answered(answer, &mut pending);
                    continue;
                }
                Step::StartTls => {
                    assert!(self.input.bytes().is_empty(), "plain text is kept for after the handshake");
                    self.securing = true;
                }
                Step::Flush | Step::Read | Step::Close => {}
            }
            self.output.append(&mut pending);
            match step {
                Step::Read => return,
                Step::Close => self.open = false,
                _ => {}
            }
        }
        panic!("the session gets nowhere");
    }
}
