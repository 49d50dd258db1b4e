//! A toy protocol over streams in memory, on a clock that the tests move.

use super::*;
use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const LINE: usize = 100;
const PATIENCE: Duration = Duration::from_secs(300);

/// Echoes lines; some are commands.
#[derive(Default)]
struct Echo {
    greeted: bool,
    idling: bool,
    news: u32,
    closing: bool,
    flood: u32,
    wrong: u32,
    bulk: Option<u64>,
}

impl Session for Echo {
    type Ask = String;
    type Answer = String;

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Step<String> {
        if !self.greeted {
            self.greeted = true;
            output.extend(b"hello\n");
        }
        for _ in 0..std::mem::take(&mut self.news) {
            output.extend(b"news\n");
        }
        if self.closing {
            return Step::Close;
        }
        if self.flood > 0 {
            self.flood -= 1;
            output.extend(vec![b'x'; OUTPUT_MAX]);
            return Step::Flush;
        }
        let Ok(line) = input.take_line(LINE) else { return Step::Read };
        match line.as_slice() {
            b"quit\n" => {
                output.extend(b"bye\n");
                return Step::Close;
            }
            b"panic\n" => panic!("as asked"),
            b"bulk\n" => self.bulk = Some(0),
            b"idle\n" => self.idling = true,
            b"done\n" => self.idling = false,
            b"flood\n" => self.flood = 64,
            b"wrong\n" => {
                self.wrong += 1;
                output.extend(b"wrong\n");
            }
            b"ask\n" => return Step::Ask("question".into()),
            line => output.extend(line),
        }
        self.bulk = self.bulk.map(|octets| octets + line.len() as u64);
        Step::Flush
    }

    fn answered(&mut self, answer: String, output: &mut Vec<u8>) {
        output.extend(answer.into_bytes());
    }

    fn secured(&mut self) {}

    fn take_offences(&mut self) -> u32 {
        std::mem::take(&mut self.wrong)
    }

    fn transferring(&self) -> Option<u64> {
        self.bulk
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        output.extend(format!("{why:?}\n").into_bytes());
    }

    fn wants_notice(&self) -> bool {
        self.idling
    }

    fn noticed(&mut self) {
        self.news += 1;
    }
}

/// Answers after a while, and has news when told.
#[derive(Default)]
struct Oracle {
    takes: Duration,
    news: Rc<tokio::sync::Notify>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Backend for Oracle {
    type Ask = String;
    type Answer = String;

    async fn perform(&mut self, ask: String) -> String {
        tokio::time::sleep(self.takes).await;
        self.asked.borrow_mut().push(ask);
        "answer\n".into()
    }

    async fn notified(&mut self) {
        self.news.notified().await;
    }
}

struct Peer {
    stream: DuplexStream,
    drain: watch::Sender<bool>,
}

impl Peer {
    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self, expected: &str) {
        let mut heard = vec![0; expected.len()];
        self.stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(String::from_utf8(heard).unwrap(), expected);
    }

    async fn hear_the_end(&mut self, expected: &str) {
        let mut heard = String::new();
        self.stream.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, expected);
    }
}

fn guest() -> Guest {
    Guest::alone([192, 0, 2, 1].into()).unwrap()
}

/// Runs a dialog; says how the driver ended.
async fn dialog(backend: Oracle, with: impl AsyncFnOnce(Peer)) -> Ended {
    let (ours, stream) = duplex(4096);
    let drain = watch::Sender::new(false);
    let flag = drain.subscribe();
    let tls = Tls::new(crate::helpers::Helpers::start().unwrap());
    let guest = guest();
    let driven = drive(Transport::Plain(ours), &tls, Echo::default(), backend, (&guest, flag));
    let (ended, ()) = tokio::join!(driven, with(Peer { stream, drain }));
    ended
}

#[tokio::test(start_paused = true)]
async fn pipelined_lines_are_answered_in_order() {
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.say("one\ntwo\nask\nthree\nquit\nnever\n").await;
        peer.hear_the_end("hello\none\ntwo\nanswer\nthree\nbye\n").await;
    });
    assert!(matches!(ended.await, Ended::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_said_all_still_hears_all() {
    let ended = dialog(Oracle { takes: Duration::from_secs(9), ..Oracle::default() }, async |mut peer| {
        peer.say("ask\none\nunfinished").await;
        peer.stream.shutdown().await.unwrap();
        peer.hear_the_end("hello\nanswer\none\n").await;
    });
    assert!(matches!(ended.await, Ended::PeerLeft));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session() {
    let started = Instant::now();
    let ended = dialog(Oracle::default(), async |mut peer| peer.hear_the_end("hello\nIdle\n").await);
    assert!(matches!(ended.await, Ended::Farewell(Farewell::Idle)));
    assert_eq!(started.elapsed().as_secs(), PATIENCE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_line_sent_octet_by_octet_gains_no_time() {
    let started = Instant::now();
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.hear("hello\n").await;
        while peer.stream.write_all(b"x").await.is_ok() && started.elapsed() < PATIENCE * 3 {
            tokio::time::sleep(PATIENCE / 10).await;
        }
    });
    assert!(matches!(ended.await, Ended::Farewell(Farewell::Idle)));
    assert!(started.elapsed() < PATIENCE + PATIENCE / 5, "{:?}", started.elapsed());
}

/// A word every four minutes is no silence, but no pace either, in the midst of something large.
#[tokio::test(start_paused = true)]
async fn who_is_slow_with_something_large_is_sent_away() {
    let started = Instant::now();
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.say("bulk\n").await;
        peer.hear("hello\n").await;
        tokio::time::sleep(Duration::from_secs(240)).await;
        peer.say("word\n").await;
        peer.hear_the_end("word\nIdle\n").await;
    });
    assert!(matches!(ended.await, Ended::Farewell(Farewell::Idle)));
    assert_eq!(started.elapsed(), budget::TRANSFER_START);
}

#[tokio::test(start_paused = true)]
async fn what_the_backend_takes_is_not_the_peers_silence() {
    let slow = Oracle { takes: PATIENCE * 2, ..Oracle::default() };
    let ended = dialog(slow, async |mut peer| {
        peer.say("ask\n").await;
        peer.hear("hello\nanswer\n").await;
        tokio::time::sleep(PATIENCE / 2).await;
        peer.say("quit\n").await;
        peer.hear_the_end("bye\n").await;
    });
    assert!(matches!(ended.await, Ended::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_dropped() {
    let started = Instant::now();
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.say("flood\n").await;
        tokio::time::sleep(WRITE_PATIENCE * 2).await;
    });
    assert!(matches!(ended.await, Ended::Unread));
    assert!(started.elapsed() <= WRITE_PATIENCE * 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_gets_everything() {
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.say("flood\nquit\n").await;
        let (mut heard, mut piece) = (0, vec![0; 128 * 1024]);
        loop {
            tokio::time::sleep(WRITE_PATIENCE / 2).await;
            match peer.stream.read(&mut piece).await.unwrap() {
                0 => break,
                count => heard += count,
            }
        }
        assert_eq!(heard, "hello\n".len() + 64 * OUTPUT_MAX + "bye\n".len());
    });
    assert!(matches!(ended.await, Ended::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_session_only() {
    let backend = Oracle::default();
    let bystander =
        dialog(Oracle { takes: Duration::from_secs(5), ..Oracle::default() }, async |mut peer| {
            peer.say("ask\nquit\n").await;
            peer.hear_the_end("hello\nanswer\nbye\n").await;
        });
    let victim = dialog(backend, async |mut peer| {
        peer.hear("hello\n").await;
        peer.say("panic\n").await;
        peer.hear_the_end("").await;
    });
    let (bystander, victim) = tokio::join!(bystander, victim);
    assert!(matches!(bystander, Ended::Closed) && matches!(victim, Ended::Panicked));
}

#[tokio::test(start_paused = true)]
async fn draining_says_so_where_input_is_waited_for() {
    let slow = Oracle { takes: Duration::from_secs(5), ..Oracle::default() };
    let asked = Rc::clone(&slow.asked);
    let ended = dialog(slow, async |mut peer| {
        peer.hear("hello\n").await;
        peer.say("ask\nlast\n").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.drain.send_replace(true);
        peer.hear_the_end("answer\nlast\nDraining\n").await;
    });
    assert!(matches!(ended.await, Ended::Farewell(Farewell::Draining)));
    assert_eq!(*asked.borrow(), ["question"]);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_is_sent_away_is_told_so() {
    let (ours, mut peer) = duplex(4096);
    let (_drain, flag) = watch::channel(false);
    let (tls, guest) = (Tls::new(crate::helpers::Helpers::start().unwrap()), guest());
    let driven = drive(Transport::Plain(ours), &tls, Echo::default(), Oracle::default(), (&guest, flag));
    let (ended, ()) = tokio::join!(driven, async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        guest.send_away(Farewell::Unavailable);
        let mut heard = String::new();
        peer.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "hello\nUnavailable\n");
    });
    assert!(matches!(ended, Ended::Farewell(Farewell::Unavailable)));
}

#[tokio::test(start_paused = true)]
async fn who_does_much_wrong_waits_for_the_reply_and_it_is_not_his_silence() {
    let started = Instant::now();
    let ended = dialog(Oracle::default(), async |mut peer| {
        peer.say(&"wrong\n".repeat(9)).await;
        peer.hear(&format!("hello\n{}", "wrong\n".repeat(9))).await;
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(10) && waited < budget::TARPIT * 9, "{waited:?}");
        tokio::time::sleep(PATIENCE / 2).await;
        peer.say("quit\n").await;
        peer.hear_the_end("bye\n").await;
    });
    assert!(matches!(ended.await, Ended::Closed));
}

/// Consumes nothing.
struct Deaf;

impl Session for Deaf {
    type Ask = String;
    type Answer = String;

    fn step(&mut self, _: &mut Input, _: &mut Vec<u8>) -> Step<String> {
        Step::Read
    }
    fn answered(&mut self, _: String, _: &mut Vec<u8>) {}
    fn secured(&mut self) {}
    fn patience(&self) -> Duration {
        PATIENCE
    }
    fn farewell(&mut self, why: Farewell, output: &mut Vec<u8>) {
        output.extend(format!("{why:?}\n").into_bytes());
    }
}

#[tokio::test(start_paused = true)]
async fn input_that_nobody_consumes_has_an_end() {
    let (ours, mut peer) = duplex(4096);
    let (_drain, flag) = watch::channel(false);
    let tls = Tls::new(crate::helpers::Helpers::start().unwrap());
    let guest = guest();
    let driven = drive(Transport::Plain(ours), &tls, Deaf, Oracle::default(), (&guest, flag));
    let (ended, ()) = tokio::join!(driven, async {
        // More than is read, as an attacker sends it; the good-bye can be heard all the same.
        peer.write_all(&vec![b'x'; INPUT_MAX * 2]).await.unwrap();
        peer.shutdown().await.unwrap();
        let mut heard = String::new();
        peer.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "Overlong\n");
    });
    assert!(matches!(ended, Ended::Farewell(Farewell::Overlong)));
}

#[tokio::test(start_paused = true)]
async fn news_reaches_a_session_only_while_it_wants_it() {
    let backend = Oracle::default();
    let news = Rc::clone(&backend.news);
    let ended = dialog(backend, async |mut peer| {
        peer.say("idle\n").await;
        peer.hear("hello\n").await;
        for _ in 0..3 {
            news.notify_one();
            peer.hear("news\n").await;
        }
        peer.say("done\none\n").await;
        peer.hear("one\n").await;
        news.notify_one();
        peer.say("two\nquit\n").await;
        peer.hear_the_end("two\nbye\n").await;
    });
    assert!(matches!(ended.await, Ended::Closed));
}

#[tokio::test(start_paused = true)]
async fn news_is_not_the_peers_word() {
    let started = Instant::now();
    let backend = Oracle::default();
    let news = Rc::clone(&backend.news);
    let ended = dialog(backend, async |mut peer| {
        peer.say("idle\n").await;
        peer.hear("hello\n").await;
        tokio::time::sleep(PATIENCE * 2 / 3).await;
        news.notify_one();
        peer.hear_the_end("news\nIdle\n").await;
    });
    assert!(matches!(ended.await, Ended::Farewell(Farewell::Idle)));
    assert_eq!(started.elapsed().as_secs(), PATIENCE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_busy_session_leaves_time_to_others() {
    /// Asks forever a backend that answers at once.
    struct Greedy(Rc<RefCell<u64>>);
    impl Session for Greedy {
        type Ask = ();
        type Answer = ();
        fn step(&mut self, _: &mut Input, _: &mut Vec<u8>) -> Step<()> {
            *self.0.borrow_mut() += 1;
            Step::Ask(())
        }
        fn answered(&mut self, (): (), _: &mut Vec<u8>) {}
        fn secured(&mut self) {}
        fn patience(&self) -> Duration {
            PATIENCE
        }
        fn farewell(&mut self, _: Farewell, _: &mut Vec<u8>) {}
    }
    struct Now;
    impl Backend for Now {
        type Ask = ();
        type Answer = ();
        async fn perform(&mut self, (): ()) {}
    }
    let (ours, _peer) = duplex(64);
    let (_drain, flag) = watch::channel(false);
    let (tls, steps) = (Tls::new(crate::helpers::Helpers::start().unwrap()), Rc::default());
    let guest = guest();
    let greedy = drive(Transport::Plain(ours), &tls, Greedy(Rc::clone(&steps)), Now, (&guest, flag));
    tokio::select! {
        biased;
        _ = greedy => panic!("it never ends"),
        () = tokio::task::yield_now() => {}
    }
    assert!(*steps.borrow() > 0);
}
