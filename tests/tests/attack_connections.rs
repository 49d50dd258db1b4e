//! Strangers that connect, in numbers, and then say little or nothing.

use std::net::Ipv4Addr;
use std::time::Duration;

use bulkhead_tests::attack::{
    Addresses, Client, Door, LOGIN, PASSWORD, Scale, Siege, alone, connector, runtime,
};
use bulkhead_tests::suite::{Options, Suite};
use tokio::time::Instant;

fn siege() -> Siege {
    Siege::new(Options::default())
}

/// Connects that often to each of the doors in turn, a few hundred a moment, as a kernel's queue takes them.
async fn crowd(suite: &Suite, doors: &[Door], count: usize, network: u8) -> Vec<(Door, Client)> {
    let addresses = Addresses::of(network, 4);
    let mut crowd = Vec::with_capacity(count);
    for door in doors.iter().copied().cycle().take(count) {
        let client = Client::connect(door.port(suite), addresses.next()).await.expect("the kernel connects");
        crowd.push((door, client));
        if crowd.len().is_multiple_of(200) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    crowd
}

#[test]
fn ten_thousand_connections() {
    let _alone = alone();
    let siege = siege();
    let suite = &siege.suite;
    let count = Scale::here().of(2_000, 10_000);
    siege.under(&format!("{count} connections"), async {
        let mut crowd = crowd(suite, &Door::ALL, count, 1).await;
        tokio::time::sleep(Scale::here().of(Duration::from_secs(1), Duration::from_secs(20))).await;
        let mut greeted = 0;
        for (door, client) in crowd.iter_mut().filter(|(door, _)| !door.implicit_tls()) {
            // whoever is in was greeted, or was told to come again; who is not waits in the kernel's queue
            let said = client.rest(Duration::from_millis(1)).await;
            let sent_away = ["421 ", "* BYE ", "-ERR"].iter().any(|start| said.starts_with(start));
            assert!(said.is_empty() || said.starts_with(door.greeting()) || sent_away, "{door:?}: {said}");
            greeted += usize::from(said.starts_with(door.greeting()));
        }
        eprintln!("{greeted} were greeted");
        for door in [Door::Imaps, Door::Pop3s] {
            a_user_gets_in(suite, door).await;
        }
        assert!(greeted > 100, "{greeted}\n{}", suite.log());
    });
    // and when they have gone there is room again, on each port
    runtime().block_on(async {
        for door in Door::ALL {
            let client = Client::open(suite, door, [127, 99, 0, 1].into(), &connector()).await;
            assert!(client.is_ok(), "{door:?}: {client:?}");
        }
    });
}

/// Logs in from a network that has no connection yet, as a mail program would: again, when it is told that it does not go.
async fn a_user_gets_in(suite: &Suite, door: Door) {
    let (started, addresses) = (Instant::now(), Addresses::of(6, 1));
    loop {
        if let Ok(mut client) = Client::open(suite, door, addresses.next(), &connector()).await
            && let Ok(said) = client.log_in(door, LOGIN, PASSWORD).await
            && (said.starts_with("l OK") || said.starts_with("+OK"))
        {
            break eprintln!("a user got in by {door:?} after {:?}", started.elapsed());
        }
        assert!(started.elapsed() < Duration::from_secs(20), "nobody gets in by {door:?}\n{}", suite.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn a_letter_at_a_time() {
    let _alone = alone();
    let siege = siege();
    let suite = &siege.suite;
    let scale = Scale::here();
    let each = scale.of(50, 120);
    siege.under(&format!("{each} slow speakers on each port"), async {
        let mut slow =
            crowd(suite, &[Door::Smtp, Door::Imap, Door::Pop3, Door::Submission], 4 * each, 2).await;
        let addresses = Addresses::of(3, 4);
        for door in [Door::Imaps, Door::Pop3s, Door::Submissions] {
            for _ in 0..each {
                slow.push((
                    door,
                    Client::open(suite, door, addresses.next(), &connector()).await.expect("it opens"),
                ));
            }
        }
        let started = Instant::now();
        // Those who do not log in have 60 s, however much they say; SMTP's five minutes are RFC 5321's.
        let patience = scale.of(Duration::from_secs(3), Duration::from_secs(80));
        while started.elapsed() < patience {
            for (_, client) in &mut slow {
                let _ = client.send(b"N").await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if scale == Scale::Soak {
            for (door, client) in slow.iter_mut().filter(|(door, _)| door.greeting() != "220 ") {
                assert!(client.is_closed(Duration::from_secs(10)).await, "{door:?} is still open");
            }
        }
    });
}

/// A session in which TLS has begun, and stays at that.
async fn half_secured(suite: &Suite, door: Door, from: Ipv4Addr) -> Client {
    let mut client = Client::open(suite, door, from, &connector()).await.expect("it opens");
    if door.greeting() == "220 " {
        client.say("EHLO x.example", "250 ").await.expect("a reply");
    }
    let (command, reply) = door.starttls().expect("it has one");
    client.say(command, reply).await.expect("a reply");
    client.send(b"\x16\x03").await.expect("it is sent");
    client
}

#[test]
fn half_open_tls() {
    let _alone = alone();
    let siege = siege();
    let suite = &siege.suite;
    let scale = Scale::here();
    let count = scale.of(1_000, 5_000);
    siege.under(&format!("{count} half handshakes"), async {
        // first those who are let in before they begin with TLS: where there are logins, strangers have a share of the places
        let mut half = Vec::new();
        for door in [Door::Smtp, Door::Imap, Door::Pop3, Door::Submission] {
            let addresses = Addresses::of(5, 4);
            for _ in 0..50 {
                half.push((door, half_secured(suite, door, addresses.next()).await));
            }
        }
        let mut crowd = crowd(suite, &[Door::Imaps, Door::Pop3s, Door::Submissions], count, 4).await;
        for (at, (_, client)) in crowd.iter_mut().enumerate() {
            // the beginning of a ClientHello, a whole record's header, or nothing
            let said: &[u8] = match at % 3 {
                0 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                1 => b"\x16\x03\x01\x40\x00",
                _ => b"",
            };
            let _ = client.send(said).await;
        }
        half.extend(crowd);
        tokio::time::sleep(scale.of(Duration::from_secs(1), Duration::from_secs(40))).await;
        if scale == Scale::Soak {
            for (door, client) in &mut half {
                assert!(client.is_closed(Duration::from_secs(40)).await, "{door:?} is still open");
            }
        }
    });
}
