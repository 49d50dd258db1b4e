//! What an idle session costs: PSS of the workers and of the store, by IMAP and by POP3, in plain before the login (there is
//! no login in plain) and logged in over TLS; 1,000 sessions, and with `BULKHEAD_SOAK=1` 10,000. Of those who can log in and
//! have not, a quarter of the places is the most: there 1,000 are all.

use bulkhead_tests::attack::{Addresses, Client, Door, Scale, alone, connector, proportional_kib, runtime};
use bulkhead_tests::suite::{Options, Suite, User, is_root};

/// KiB a session may cost its worker at the most; what it does cost is printed. A debug build has larger futures.
const LIMIT: u64 = 64;
/// Sessions of one account.
const EACH: usize = 100;
/// Everybody's password, and a hash of it.
const PASSWORD: &str = "correct horse";
const HASH: &str = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$AOMtTSBTIx+tdC5bSmkVWQ$UIHY+ojeKbWfyY/KVUy7yjtHkl5HTj8mlz2+Q/MbWQM";

/// What its idle sessions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    /// Not logged in, in plain.
    Greeted,
    /// Logged in, with nothing opened.
    LoggedIn,
    /// Logged in, with INBOX selected, in IDLE.
    Idling,
}

fn pss(suite: &Suite, role: &str) -> u64 {
    suite.pids(role).into_iter().map(proportional_kib).sum()
}

fn name(number: usize) -> String {
    format!("user{}@example.org", number / EACH)
}

async fn open(suite: &Suite, door: Door, idle: Idle, addresses: &Addresses, number: usize) -> Client {
    let opened = Client::open(suite, door, addresses.next(), &connector()).await;
    let mut client = opened.unwrap_or_else(|error| panic!("{number}: {error}\n{}", suite.log()));
    if idle != Idle::Greeted {
        let said = client.log_in(door, &name(number), PASSWORD).await.expect("a reply");
        assert!(said.starts_with("l OK") || said.starts_with("+OK"), "{number}: {said}");
    }
    if idle == Idle::Idling {
        client.say("b SELECT INBOX", "b OK").await.expect("a mailbox");
        client.say("c IDLE", "+").await.expect("it idles");
    }
    client
}

/// KiB of the worker and of the store that each of so many sessions costs.
fn cost(suite: &Suite, door: Door, idle: Idle, count: usize) -> (u64, u64) {
    let addresses = Addresses::of(50, 8);
    let before = [pss(suite, door.role()), pss(suite, "store")];
    runtime().block_on(async {
        let mut clients = Vec::new();
        for number in 0..count {
            clients.push(open(suite, door, idle, &addresses, number).await);
        }
        let sessions = u64::try_from(count).expect("a count");
        let [worker, store] = [pss(suite, door.role()), pss(suite, "store")];
        let each = |now: u64, before: u64| now.saturating_sub(before).div_ceil(sessions);
        (each(worker, before[0]), each(store, before[1]))
    })
}

fn costs(door: Door, idle: Idle) {
    if !is_root() {
        eprintln!("NOT RUN: reading the memory maps of roles needs root");
        return;
    }
    let _alone = alone();
    let limits = "max_connections = 5600\nmax_connections_per_address = 5600";
    let options = match door {
        Door::Smtp => Options { mx: limits, ..Options::default() },
        Door::Imap | Door::Imaps => Options { imap: limits, ..Options::default() },
        _ => Options { pop3: limits, ..Options::default() },
    };
    let few = idle == Idle::Greeted && door != Door::Smtp;
    for count in if few { vec![1_000_usize] } else { Scale::here().of(vec![1_000], vec![1_000, 10_000]) } {
        let suite = Suite::start(User::here()[0], options);
        let accounts: String =
            (0..count.div_ceil(EACH)).map(|number| format!("{}:{HASH}\n", name(number * EACH))).collect();
        let imported = suite.bulkhead(&["account", "import", "-"], &accounts);
        assert!(imported.status.success(), "{imported:?}");
        let (worker, store) = cost(&suite, door, idle, count);
        eprintln!(
            "{count} sessions {idle:?} by {door:?}: {worker} KiB each in the worker, {store} KiB in the store (PSS)"
        );
        assert!(worker <= LIMIT, "{worker} KiB a session");
        assert!(
            idle != Idle::Greeted || store <= 1,
            "{store} KiB in the store for a session that is not logged in"
        );
    }
}

#[test]
fn imap_over_tls_in_idle() {
    costs(Door::Imaps, Idle::Idling);
}

#[test]
fn imap_over_tls() {
    costs(Door::Imaps, Idle::LoggedIn);
}

#[test]
fn pop3_over_tls() {
    costs(Door::Pop3s, Idle::LoggedIn);
}

#[test]
fn imap_in_plain() {
    costs(Door::Imap, Idle::Greeted);
}

#[test]
fn pop3_in_plain() {
    costs(Door::Pop3, Idle::Greeted);
}

#[test]
fn smtp_in_plain() {
    costs(Door::Smtp, Idle::Greeted);
}
