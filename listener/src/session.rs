//! The shape of a sans-I/O protocol session: bytes in, bytes and questions out, no socket and no clock.
//!
//! The driver ([`crate::drive`]) owns the socket, TLS and the deadlines; a session owns the protocol's state; a
//! [`Backend`] answers what the session asks of the other compartments. A whole dialog can so be tested by calling
//! [`Session::step`] with text.

use std::time::Duration;

/// What a session wants of its driver next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<A> {
    /// More bytes from the peer. The session has consumed what it could of `input`.
    Read,
    /// There is more to do, but what was written, if anything was, should go out first, and others have their turn (keeps
    /// memory bounded and others served).
    Flush,
    /// Ask the other compartments, and hand the answer to [`Session::answered`].
    Ask(A),
    /// Send what was written, throw away all input that was read in plain, negotiate TLS, call [`Session::secured`].
    StartTls,
    /// Send what was written and close.
    Close,
}

/// One protocol session of one connection.
pub trait Session {
    /// A question to other compartments.
    type Ask;
    /// Its answer.
    type Answer;

    /// Goes on as far as possible. `input` holds what was read and not yet consumed; consumed bytes are removed from
    /// its front. Replies are appended to `output`. Called first with empty input, to greet.
    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<Self::Ask>;

    /// The answer to the last [`Step::Ask`]; the driver calls `step` next.
    fn answered(&mut self, answer: Self::Answer, output: &mut Vec<u8>);

    /// TLS stands: from now on nothing said in plain counts.
    fn secured(&mut self);

    /// The same, with what TLS agreed on, for sessions that put it on record.
    fn secured_with(&mut self, _tls: &TlsInfo) {
        self.secured();
    }

    /// How much the peer did wrong since this was asked last: commands that are none, recipients that are not there (wrong
    /// passwords are counted where they are asked about). Who does much of that waits for its replies, and is refused in
    /// the end.
    fn take_offences(&mut self) -> u32 {
        0
    }

    /// How long the peer may be silent in the present state. Bytes of which the session consumes nothing are silence, too:
    /// who sends a line octet by octet gains no time.
    fn patience(&self) -> Duration;

    /// How many octets the peer has sent of something large that is under way (a message); none, when nothing is. Who is
    /// too slow with it is sent away as if it were silent: [`budget::TRANSFER_RATE`](ipc::budget::TRANSFER_RATE).
    fn transferring(&self) -> Option<u64> {
        None
    }

    /// The peer was silent for too long, or the driver is draining: say good-bye in the protocol's words.
    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>);

    /// Should [`Backend::notified`] be waited for together with input (IMAP IDLE)?
    fn wants_notice(&self) -> bool {
        false
    }

    /// The backend has news; the driver calls `step` next.
    fn noticed(&mut self) {}
}

/// What a TLS handshake agreed on, in the words of the `tls` clause of a Received field (RFC 8314 section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// As in the `with` protocol's comment: `TLS1.2` or `TLS1.3`.
    pub version: &'static str,
    /// The cipher suite's name in IANA's registry, `TLS_AES_128_GCM_SHA256`.
    pub cipher: String,
}

/// Why a session is ended by our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The peer was silent for longer than [`Session::patience`].
    Idle,
    /// The service is shutting down or replacing this worker.
    Draining,
    /// The input buffer is full and the session consumes nothing of it.
    Overlong,
    /// Somebody else needs the place of one who has not logged in.
    Unavailable,
}

/// What a session may ask of the other compartments, performed.
pub trait Backend {
    /// A question.
    type Ask;
    /// Its answer.
    type Answer;

    /// Performs one question. An error is an answer, too: the backend never fails.
    fn perform(&mut self, ask: Self::Ask) -> impl Future<Output = Self::Answer>;

    /// Returns when there is news for the session (its mailbox changed, or its store is gone). Cancel safe.
    fn notified(&mut self) -> impl Future<Output = ()> {
        std::future::pending()
    }
}

/// Bytes read and not yet consumed. Consuming from the front is cheap.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    start: usize,
}

impl Input {
    /// What is there.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Drops `count` bytes (or all there are) from the front.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// Takes the front up to and with the first LF, at most `limit` bytes long.
    ///
    /// # Errors
    /// [`NoLine::Incomplete`] when no LF is there yet, [`NoLine::TooLong`] when the line exceeds the limit.
    pub fn take_line(&mut self, limit: usize) -> Result<Vec<u8>, NoLine> {
        let bytes = self.bytes();
        match bytes.iter().take(limit).position(|byte| *byte == b'\n') {
            Some(at) => {
                let line = bytes.get(..=at).unwrap_or_default().to_vec();
                self.consume(line.len());
                Ok(line)
            }
            None if bytes.len() >= limit => Err(NoLine::TooLong),
            None => Err(NoLine::Incomplete),
        }
    }

    /// Appends bytes that arrived.
    pub fn push(&mut self, more: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(more);
    }

    /// Forgets everything, and gives back what a large burst had allocated.
    pub fn clear(&mut self) {
        self.start = 0;
        self.bytes.clear();
        self.bytes.shrink_to(Self::KEEP);
    }

    /// Bytes of capacity kept by an idle session.
    const KEEP: usize = 0;
}

impl From<&[u8]> for Input {
    fn from(bytes: &[u8]) -> Self {
        Input { bytes: bytes.to_vec(), start: 0 }
    }
}

/// Why [`Input::take_line`] has no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLine {
    /// Wait for more.
    Incomplete,
    /// There will be none within the limit.
    TooLong,
}
