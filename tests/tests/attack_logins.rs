//! Everybody comes to work at once, while somebody guesses passwords.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use bulkhead_tests::attack::{Addresses, Client, Door, LOGIN, Latencies, Scale, Siege, alone, connector};
use bulkhead_tests::suite::Options;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// What everybody's password is, and its hash, which costs what one of our own does.
const PASSWORD: &str = "correct horse";
const HASH: &str = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$AOMtTSBTIx+tdC5bSmkVWQ$UIHY+ojeKbWfyY/KVUy7yjtHkl5HTj8mlz2+Q/MbWQM";

/// What clients were told when they did not get in: the reply's beginning, and how often.
type Told = Rc<std::cell::RefCell<BTreeMap<String, usize>>>;

fn name(number: usize) -> String {
    format!("user{number}@example.org")
}

/// Logs in as a mail program would: again after a while, when it is told that it does not go now.
async fn come_to_work(port: u16, number: usize, from: Ipv4Addr, told: &Told) -> Client {
    loop {
        let reply = match Client::enter(Door::Imaps, port, from, &connector()).await {
            Ok(mut client) => match client.log_in(Door::Imaps, &name(number), PASSWORD).await {
                Ok(reply) if reply.starts_with("l OK") => return client,
                Ok(reply) => reply,
                Err(error) => format!("login: {error}"),
            },
            Err(error) => format!("connection: {error}"),
        };
        assert!(!reply.contains("AUTHENTICATIONFAILED"), "the right password of {number}: {reply}");
        *told.borrow_mut().entry(reply).or_default() += 1;
        sleep(Duration::from_millis(1000)).await;
    }
}

/// One guess; what was said to it.
async fn guess(port: u16, from: Ipv4Addr, number: u32) -> String {
    let connected = async {
        let mut client = Client::connect(port, from).await?;
        client.secure(&connector()).await?;
        client.until(&["* "]).await?;
        client.log_in(Door::Imaps, LOGIN, &format!("guess {number}")).await
    };
    connected.await.unwrap_or_else(|error| format!("{:?}", error.kind()))
}

#[test]
fn everybody_logs_in_at_once_while_somebody_guesses() {
    let _alone = alone();
    let scale = Scale::here();
    let clients = scale.of(150, 5_000);
    let each_second = scale.of(50, 500);
    let patience = scale.of(Duration::from_secs(40), Duration::from_secs(300));
    let siege = Siege::new(Options {
        imap: "max_connections = 8000",
        // whoever guesses is to be blocked, and comes from this host here
        tables: "[limits]\nnever_block = []\n",
        ..Options::default()
    });
    let lines: String = (0..clients).map(|number| format!("{}:{HASH}\n", name(number))).collect();
    let imported = siege.suite.bulkhead(&["account", "import", "-"], &lines);
    assert!(imported.status.success(), "{imported:?}");

    let (told, guessed) = (Told::default(), Told::default());
    siege.under("everybody logs in", LocalSet::new().run_until(async {
        let port = siege.suite.imaps;
        let goes_on = Rc::new(Cell::new(true));
        let guessing = tokio::task::spawn_local(guesses(port, each_second, Rc::clone(&goes_on), Rc::clone(&guessed)));
        sleep(Duration::from_secs(1)).await;
        let started = Instant::now();
        let addresses = Addresses::of(30, 4);
        let mut coming = JoinSet::new();
        for number in 0..clients {
            let (from, told) = (addresses.next(), Rc::clone(&told));
            coming.spawn_local(async move {
                let client = come_to_work(port, number, from, &told).await;
                (client, started.elapsed())
            });
        }
        let inside = tokio::time::timeout(patience, coming.join_all()).await.unwrap_or_else(|_| {
            panic!("not everybody is in after {patience:?}: {told:?}, the guesses: {guessed:?}")
        });
        let took = Latencies::of(inside.iter().map(|(_, took)| *took).collect());
        eprintln!(
            "everybody logs in: {clients} clients, half of them in {:?}, all in {:?}; {each_second} guesses a second",
            took.percentile(50),
            took.percentile(100)
        );
        goes_on.set(false);
        guessing.await.expect("no panic");
            eprintln!("those who had to come again were told {:?}", told.borrow());
            eprintln!("those who guessed were told {:?}", guessed.borrow());
    }));
    assert!(!guessed.borrow().keys().any(|said| said.starts_with("l OK")), "a guess was right");
}

/// Guesses until told to stop, from a hundred addresses of four networks.
async fn guesses(port: u16, each_second: u32, goes_on: Rc<Cell<bool>>, guessed: Told) {
    let mut tasks = JoinSet::new();
    let mut tick = interval(Duration::from_secs(1) / each_second);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 0_u32;
    while goes_on.get() {
        tick.tick().await;
        number += 1;
        let [.., host] = (number % 100).to_be_bytes();
        let from = Ipv4Addr::new(127, 31, host % 4, host + 1);
        let guessed = Rc::clone(&guessed);
        tasks.spawn_local(async move {
            let said = guess(port, from, number).await;
            *guessed.borrow_mut().entry(said).or_default() += 1;
        });
        while tasks.try_join_next().is_some() {}
    }
    tasks.abort_all();
}
