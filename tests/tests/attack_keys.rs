//! Handshakes without end, and a `keys` that does not answer: those who are in do not notice.

use std::cell::Cell;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use bulkhead_tests::attack::{Addresses, Client, Door, Scale, Siege, alone, connector, runtime};
use bulkhead_tests::suite::{Options, run_with_input, signal, text_of};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// What a handshake may take until it is done or refused, whatever goes on.
const HANDSHAKE: Duration = Duration::from_secs(40);

/// A self-signed RSA certificate; the tables that name it.
fn rsa(directory: &Path) -> String {
    let (certificate, key) = (directory.join("rsa.pem"), directory.join("rsa.key"));
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=mail.example.org",
    ]);
    command.args(["-addext", "subjectAltName=DNS:mail.example.org", "-out"]).arg(&certificate);
    let made = run_with_input(
        {
            command.arg("-keyout").arg(&key);
            command
        },
        "",
    );
    assert!(made.status.success() && fs::metadata(&key).is_ok(), "{}", text_of(&made));
    format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate.display(), key.display())
}

/// How handshakes ended.
#[derive(Debug, Default)]
struct Ends {
    done: Cell<usize>,
    /// The connection was closed, or said why there is no TLS.
    refused: Cell<usize>,
    /// Nothing at all was heard.
    hung: Cell<usize>,
}

impl Ends {
    async fn shake(&self, port: u16, from: std::net::Ipv4Addr) {
        let shaken =
            timeout(HANDSHAKE, async { Client::connect(port, from).await?.secure(&connector()).await });
        let end = match shaken.await {
            Ok(Ok(())) => &self.done,
            Ok(Err(error)) if error.kind() != ErrorKind::TimedOut => &self.refused,
            _ => &self.hung,
        };
        end.set(end.get() + 1);
    }
}

#[test]
fn five_hundred_rsa_handshakes_a_second() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let tls = rsa(directory.path());
    let siege = Siege::new(Options { tables: &tls, ..Options::default() });
    let (each_second, seconds) = Scale::here().of((150, 4), (500, 20));
    let attack = format!("{each_second} RSA handshakes a second");
    let ends = siege.under(
        &attack,
        LocalSet::new().run_until(async {
            let ends = Rc::new(Ends::default());
            let addresses = Addresses::of(20, 8);
            let mut tasks = JoinSet::new();
            let mut tick = interval(Duration::from_secs(1) / each_second);
            tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let started = Instant::now();
            for number in 0..each_second * seconds {
                tick.tick().await;
                let door = if number % 2 == 0 { Door::Imaps } else { Door::Pop3s };
                let (ends, port, from) = (Rc::clone(&ends), door.port(&siege.suite), addresses.next());
                tasks.spawn_local(async move { ends.shake(port, from).await });
            }
            eprintln!("{attack}: {} in {:?}", each_second * seconds, started.elapsed());
            while tasks.join_next().await.is_some() {}
            ends
        }),
    );
    eprintln!("{attack}: {ends:?}");
    assert_eq!(ends.hung.get(), 0, "{ends:?}\n{}", siege.suite.log());
    let asked = ends.done.get() + ends.refused.get();
    assert!(ends.done.get() * 10 > asked, "hardly any was done: {ends:?}\n{}", siege.suite.log());
}

#[test]
fn keys_stands_still() {
    let _alone = alone();
    let siege = Siege::new(Options::default());
    let strangers = Scale::here().of(200, 1_000);
    let keys = siege.suite.pids("keys")[0];
    siege.under(
        "keys stands still",
        LocalSet::new().run_until(async {
            // the sessions of others are open by now
            signal(keys, "STOP");
            let ends = Rc::new(Ends::default());
            let addresses = Addresses::of(21, 4);
            let mut tasks = JoinSet::new();
            for number in 0..strangers {
                let door = if number % 2 == 0 { Door::Imaps } else { Door::Pop3s };
                let (ends, port, from) = (Rc::clone(&ends), door.port(&siege.suite), addresses.next());
                tasks.spawn_local(async move { ends.shake(port, from).await });
            }
            while tasks.join_next().await.is_some() {}
            signal(keys, "CONT");
            eprintln!("keys stands still: {ends:?}");
            assert_eq!(ends.done.get(), 0, "who signed that?");
            assert_eq!(ends.hung.get(), 0, "{ends:?}\n{}", siege.suite.log());
            let since = Instant::now();
            let addresses = Addresses::of(22, 1);
            while Client::open(&siege.suite, Door::Imaps, addresses.next(), &connector()).await.is_err() {
                assert!(
                    since.elapsed() < Duration::from_secs(10),
                    "no handshake though keys is back\n{}",
                    siege.suite.log()
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            eprintln!("keys stands still: the first handshake {:?} after it went on", since.elapsed());
        }),
    );
}

#[test]
fn the_certificate_of_these_tests_is_rsa() {
    // or the handshakes would cost keys a tenth of it
    let directory = tempfile::tempdir().expect("a directory");
    let tls = rsa(directory.path());
    let siege = Siege::new(Options { tables: &tls, ..Options::default() });
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{}", siege.suite.imaps)]);
    let said = text_of(&run_with_input(command, "a LOGOUT\r\n"));
    assert!(said.contains("Peer signature type: RSA"), "{said}");
    runtime().block_on(async {
        let opened = Client::open(&siege.suite, Door::Imaps, [127, 23, 0, 1].into(), &connector()).await;
        assert!(opened.is_ok(), "{opened:?}");
    });
}
