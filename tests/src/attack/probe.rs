//! What others feel: sessions that were there before the attack, and ask NOOP all the while. And what an echo beside them
//! feels, which is the machine's part of it: the attackers run on it, too.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Client, Door, Scale, connector, runtime};
use crate::suite::Suite;

/// Sessions of each kind. Two workers have about half each.
const SESSIONS: usize = 6;
/// Between two NOOPs of a session.
const PAUSE: Duration = Duration::from_millis(25);
/// SMTP gives up a client that says NOOP a hundred times, see smtp/src/proto/limits.rs: enough for the longest attack.
const SMTP_PAUSE: Duration = Duration::from_millis(2500);

/// Sessions that are measured, on a thread of their own.
pub struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Measured>,
}

/// How long it took, by each door; and how long an echo took.
struct Measured {
    doors: Vec<(Door, Vec<Duration>)>,
    echo: Vec<Duration>,
}

/// How long NOOPs took, sorted.
#[derive(Debug)]
pub struct Latencies(Vec<Duration>);

impl Probe {
    /// Opens them: SMTP, and as `login` IMAP and POP3 over TLS. They are there when it returns.
    ///
    /// # Panics
    /// When one cannot be opened.
    #[must_use]
    pub fn start(suite: &Suite, login: &str, password: &str) -> Probe {
        let stop = Arc::new(AtomicBool::new(false));
        let doors = [Door::Smtp, Door::Imaps, Door::Pop3s].map(|door| (door, door.port(suite)));
        let (login, password, flag) = (login.to_owned(), password.to_owned(), Arc::clone(&stop));
        let (ready, told) = channel();
        let thread = thread::spawn(move || {
            let who = Who { doors, login, password };
            runtime().block_on(tokio::task::LocalSet::new().run_until(measure(who, flag, ready)))
        });
        assert!(told.recv().is_ok(), "the sessions to measure do not open\n{}", suite.log());
        Probe { stop, thread }
    }

    /// Ends them; what each protocol's took. Prints it, and asserts that the p99 is within the bound.
    ///
    /// # Panics
    /// When a session broke, or its p99 is too long.
    pub fn was_answered(self, suite: &Suite, attack: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let taken = self.thread.join();
        let taken = taken.unwrap_or_else(|_| panic!("{attack}: a session of others broke\n{}", suite.log()));
        let echo = Latencies::of(taken.echo).percentile(99);
        let bound = Scale::here().patience() + echo;
        for (door, taken) in taken.doors {
            let taken = Latencies::of(taken);
            let (count, median, p99, most) =
                (taken.0.len(), taken.percentile(50), taken.percentile(99), taken.percentile(100));
            eprintln!(
                "{attack}: {count} NOOPs of others by {door:?}: p50 {median:?}, p99 {p99:?}, most {most:?}; p99 of an echo {echo:?}"
            );
            assert!(p99 <= bound, "{attack}: the p99 of NOOP by {door:?} is {p99:?}, more than {bound:?}");
        }
    }
}

impl Latencies {
    /// Of those.
    #[must_use]
    pub fn of(mut taken: Vec<Duration>) -> Latencies {
        taken.sort_unstable();
        Latencies(taken)
    }

    /// So many of a hundred took no longer; zero when there are none.
    #[must_use]
    pub fn percentile(&self, hundredths: usize) -> Duration {
        let at = (self.0.len() * hundredths).div_ceil(100).max(1) - 1;
        self.0.get(at).copied().unwrap_or_default()
    }
}

struct Who {
    doors: [(Door, u16); 3],
    login: String,
    password: String,
}

async fn measure(who: Who, stop: Arc<AtomicBool>, ready: Sender<()>) -> Measured {
    let echo = Client::connect(echo(), Ipv4Addr::LOCALHOST).await.expect("an echo");
    let echo = tokio::task::spawn_local(ask(echo, ("NOOP", "NOOP"), PAUSE, Arc::clone(&stop)));
    let mut tasks = Vec::new();
    for (door, port) in who.doors {
        for number in 0..SESSIONS {
            let client = enter(door, port, number, &who).await.expect("a session to measure");
            let stop = Arc::clone(&stop);
            let pause = if door == Door::Smtp { SMTP_PAUSE } else { PAUSE };
            tasks.push((door, tokio::task::spawn_local(ask(client, door.noop(), pause, stop))));
        }
    }
    ready.send(()).expect("somebody waits for it");
    let mut taken = who.doors.map(|(door, _)| (door, Vec::new()));
    for (door, task) in tasks {
        let measured = task.await.expect("no panic");
        let row = taken.iter_mut().find(|(of, _)| *of == door).expect("a row");
        row.1.extend(measured);
    }
    Measured { doors: taken.to_vec(), echo: echo.await.expect("no panic") }
}

/// The port of a thread that says what it hears, to whom comes first.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let _ = stream.set_nodelay(true);
        let mut some = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut some)
            && stream.write_all(&some[..count]).is_ok()
        {}
    });
    port
}

async fn enter(door: Door, port: u16, number: usize, who: &Who) -> std::io::Result<Client> {
    let from = Ipv4Addr::new(127, 200, 0, u8::try_from(number).expect("few") + 1);
    let mut client = Client::connect(port, from).await?;
    if door.implicit_tls() {
        client.secure(&connector()).await?;
    }
    client.until(&[door.greeting()]).await?;
    if door != Door::Smtp {
        let reply = client.log_in(door, &who.login, &who.password).await?;
        assert!(reply.starts_with("l OK") || reply.starts_with("+OK"), "{reply}");
    }
    Ok(client)
}

/// What all waited who would have asked meanwhile, one each pause: a session that stands still for seconds asks one
/// question, and would count as one among hundreds.
fn waits(took: Duration, pause: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(took), move |left| left.checked_sub(pause))
}

async fn ask(
    mut client: Client,
    (command, reply): (&'static str, &'static str),
    pause: Duration,
    stop: Arc<AtomicBool>,
) -> Vec<Duration> {
    let mut taken = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let said = Instant::now();
        client.say(command, reply).await.unwrap_or_else(|error| panic!("{command}: {error}"));
        taken.extend(waits(said.elapsed(), PAUSE));
        tokio::time::sleep(pause).await;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_long_stands_for_many() {
        let counted = |took| waits(Duration::from_millis(took), Duration::from_millis(25)).count();
        assert_eq!([counted(3), counted(24), counted(26), counted(2010)], [1, 1, 2, 81]);
    }

    #[test]
    fn percentiles() {
        let taken = Latencies::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(taken.percentile(50), Duration::from_millis(100));
        assert_eq!(taken.percentile(99), Duration::from_millis(198));
        assert_eq!(taken.percentile(100), Duration::from_millis(200));
        assert_eq!(Latencies::of(Vec::new()).percentile(99), Duration::ZERO);
    }
}
