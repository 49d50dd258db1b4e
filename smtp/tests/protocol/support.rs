//! A driver and a backend without sockets, for sessions in tests.

use std::sync::Arc;

use bulkhead_smtp::proto::{
    Answer, Ask, Begun, Commit, Domain, Failure, ForwardPath, Login, MAX_CHUNK, Outcome, Rejection, Scanned,
    Service, Settings, SmtpSession, StartTls, Target, TransactionId, Verdict,
};
use ipc::mail::Senders;
use ipc::service::submit::SubmitEnd;
use listener::session::{Farewell, Input, Session, Step, TlsInfo};

/// 23 November 2026, 17:33:47 UTC.
pub(crate) const NOW: i64 = 1_795_455_227;

/// The settings of `mx.here.example` unless a test says otherwise.
pub(crate) fn settings() -> Settings {
    Settings {
        hostname: "mx.here.example".to_owned(),
        max_message_size: 100_000,
        max_recipients: 100,
        max_transactions: 1000,
        starttls: StartTls::Offered,
        service: Service::Mx,
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Open,
    Handshake,
    Closed,
}

/// A connection from 192.0.2.7 to a session.
pub(crate) struct Connection {
    session: SmtpSession,
    input: Input,
    pub(crate) output: Vec<u8>,
    pub(crate) backend: Backend,
    pub(crate) line: Line,
}

impl Connection {
    /// Connects, and takes the greeting in.
    pub(crate) fn new(settings: Settings) -> Self {
        Self::over(SmtpSession::new(Arc::new(settings), [192, 0, 2, 7].into()))
    }

    /// As `new`, with a session that was made elsewhere.
    pub(crate) fn over(session: SmtpSession) -> Self {
        let (input, output) = (Input::default(), Vec::new());
        let mut connection =
            Connection { session, input, output, backend: Backend::default(), line: Line::Open };
        connection.drive();
        connection
    }

    /// The client sends `bytes`, which arrive `chunk` at a time. What is left at STARTTLS never arrives.
    pub(crate) fn send(&mut self, bytes: &[u8], chunk: usize) {
        for part in bytes.chunks(chunk) {
            if self.line == Line::Open {
                self.input.push(part);
                self.drive();
            }
        }
    }

    /// The handshake is done.
    pub(crate) fn secured(&mut self) {
        assert_eq!(self.line, Line::Handshake, "no STARTTLS");
        self.line = Line::Open;
        let tls = TlsInfo { version: "TLS1.3", cipher: "TLS_AES_256_GCM_SHA384".to_owned() };
        self.session.secured_with(&tls);
        self.drive();
    }

    /// The driver ends the session.
    pub(crate) fn farewell(&mut self, why: Farewell) {
        self.session.farewell(why, &mut self.output);
        self.drive();
    }

    fn drive(&mut self) {
        // a driver sends what was written before it waits: what is in here is what the session piles up
        let mut written = Vec::new();
        loop {
            let waits = match self.session.step(&mut self.input, &mut written) {
                Step::Flush => {
                    assert!(!written.is_empty(), "nothing to flush");
                    false
                }
                Step::Ask(ask) => {
                    let answer = self.backend.answer(ask);
                    self.session.answered(answer, &mut written);
                    continue;
                }
                Step::Read => {
                    assert!(self.input.bytes().len() < 16 * 1024, "input is left lying about");
                    true
                }
                Step::StartTls => {
                    self.input.clear();
                    self.line = Line::Handshake;
                    true
                }
                Step::Close => {
                    self.line = Line::Closed;
                    true
                }
            };
            assert!(written.len() < 16 * 1024, "output piles up");
            self.output.append(&mut written);
            if waits {
                return;
            }
        }
    }
}

/// The other compartments: who lives at here.example, and a store.
#[derive(Default)]
pub(crate) struct Backend {
    /// What was asked, but for the chunks.
    pub(crate) log: Vec<String>,
    /// Messages that were committed.
    pub(crate) stored: Vec<Vec<u8>>,
    /// What goes wrong next, by kind of question.
    pub(crate) troubles: Vec<(&'static str, Outcome)>,
    open: Option<Vec<u8>>,
    begun: u128,
}

impl Backend {
    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Login { login, password } => {
                self.log.push(format!("login {login}"));
                Answer::Login(judge(&login, &password.0))
            }
            Ask::Recipient { transaction, address } => {
                self.log.push(format!("recipient {transaction} {address}"));
                Answer::Recipient(verdict(&address))
            }
            Ask::Begin(begin) => {
                let size = begin.declared_size.map_or("-".to_owned(), |size| size.to_string());
                let (number, path, targets) = (begin.transaction, begin.reverse_path, begin.targets);
                self.log
                    .push(format!("begin {number} {path} size={size} {:?} targets={targets}", begin.body));
                Answer::Begin(self.begin())
            }
            Ask::Chunk(bytes) => Answer::Chunk(self.chunk(&bytes)),
            Ask::Commit(commit) => {
                assert!(commit.end.targets.is_empty() && commit.end.structure.is_empty());
                Answer::Commit(self.commit(*commit))
            }
            Ask::Abort => {
                self.log.push("abort".to_owned());
                self.open.take().expect("abort without begin");
                Answer::Abort
            }
        }
    }

    fn begin(&mut self) -> Result<Begun, Failure> {
        assert!(self.open.is_none(), "two messages at once");
        self.trouble("begin")?;
        self.open = Some(Vec::new());
        self.begun += 1;
        Ok(Begun { id: TransactionId(self.begun), now: NOW })
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        assert!((1..=MAX_CHUNK).contains(&bytes.len()), "chunk of {}", bytes.len());
        self.trouble("chunk").inspect_err(|_| self.open = None)?;
        self.open.as_mut().expect("chunk without begin").extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&mut self, commit: Commit) -> Outcome {
        let message = self.open.take().expect("commit without begin");
        assert_eq!(commit.size, message.len() as u64);
        let mut scanner = mime::Scanner::new(mime::Limits::default());
        match &commit.scanned {
            Scanned::Structure(structure) => {
                scanner.push(&message);
                assert_eq!(
                    format!("{structure:?}"),
                    format!("{:?}", scanner.finish()),
                    "structure of other bytes"
                );
            }
            Scanned::Panicked => self.log.push("the scanner panicked".to_owned()),
        }
        self.log.push(format!("commit {:?}", commit.targets));
        self.log.extend(submitted(&commit.end));
        match self.next_trouble("commit") {
            Some(outcome) => outcome,
            None => {
                self.stored.push(message);
                Outcome::Stored
            }
        }
    }

    fn trouble(&mut self, kind: &str) -> Result<(), Failure> {
        match self.next_trouble(kind) {
            Some(Outcome::Refused(failure)) => Err(failure),
            _ => Ok(()),
        }
    }

    fn next_trouble(&mut self, kind: &str) -> Option<Outcome> {
        let at = self.troubles.iter().position(|(name, _)| *name == kind)?;
        Some(self.troubles.remove(at).1)
    }
}

/// What is told only of messages that go elsewhere, or are sent by somebody with wishes.
fn submitted(end: &SubmitEnd) -> Option<String> {
    let SubmitEnd { reverse_path, remote, ret, envid, .. } = end;
    if remote.is_empty() && ret.is_none() && envid.is_none() {
        return None;
    }
    let remote: Vec<_> = remote
        .iter()
        .map(|one| {
            let notify = one.notify.map_or("-".to_owned(), |notify| notify.0.to_string());
            format!("{} {notify} {}", one.address, one.orcpt.as_deref().unwrap_or("-"))
        })
        .collect();
    let from = reverse_path.as_ref().map_or("<>".to_owned(), ToString::to_string);
    Some(format!("queue {from} {remote:?} {ret:?} {}", envid.as_deref().unwrap_or("-")))
}

fn judge(login: &str, password: &[u8]) -> Login {
    let address = |local: &str| ipc::mail::Address { local: local.into(), domain: "here.example".into() };
    match (login, password) {
        ("alice", b"secret") => Login::Welcome(Senders {
            addresses: vec![address("alice"), address("team")],
            ..Senders::default()
        }),
        ("away", _) => Login::Unavailable,
        ("blocked", _) => Login::Blocked,
        _ => Login::Denied,
    }
}

fn verdict(path: &ForwardPath) -> Verdict {
    let ForwardPath::Mailbox(address) = path else {
        return Verdict::Accepted(vec![Target::Account(1)]);
    };
    if !matches!(address.domain(), Domain::Name(name) if name == "here.example") {
        return Verdict::NotLocal;
    }
    match address.local() {
        "alice" => Verdict::Accepted(vec![Target::Account(1)]),
        "bob" => Verdict::Accepted(vec![Target::Account(2)]),
        "team" => Verdict::Accepted(vec![Target::Forward(9), Target::Account(2), Target::Account(1)]),
        crowd if crowd.starts_with("crowd") => {
            let first = crowd.trim_start_matches("crowd").parse::<u64>().expect("a number") * 100;
            Verdict::Accepted((first..first + 100).map(Target::Account).collect())
        }
        "two words" => Verdict::Accepted(vec![Target::Account(3)]),
        "nowhere" => Verdict::Accepted(vec![]),
        "full" => Verdict::Rejected(Rejection::Full),
        "disabled" => Verdict::Rejected(Rejection::Disabled),
        "forbidden" => Verdict::Rejected(Rejection::Forbidden),
        "broken" => Verdict::TemporaryFailure,
        _ => Verdict::Unknown,
    }
}
