//! Who is slowed down, who is not heard, and who is left alone.

use super::*;

fn config(after: u32, never: &[&str]) -> AuthConfig {
    AuthConfig {
        domain: "example.org".into(),
        blocks: Blocks { after, seconds: 300 },
        never_block: Networks::new(&never.iter().map(|network| network.parse().unwrap()).collect::<Vec<_>>())
            .unwrap(),
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn guess(remote: IpAddr, login: &str, fingerprint: u64) -> Guess<'_> {
    Guess { remote, login, account: Some(AccountId(1)), fingerprint }
}

#[test]
fn an_address_is_heard_no_longer_and_its_neighbours_are() {
    let (mut guessing, now) = (Guessing::new(&config(20, &[])), Instant::now());
    let (eve, neighbour) = (ip("192.0.2.7"), ip("192.0.2.8"));
    let mut delays = Vec::new();
    for number in 0..19 {
        assert_eq!(guessing.blocked(eve, now), None);
        let Consequence { delay, block } = guessing.failed(&guess(eve, "bob", number), now);
        assert_eq!(block, None);
        delays.push(delay);
    }
    assert!(delays.is_sorted() && delays[1].is_zero() && delays[18] == DELAY_MAX, "{delays:?}");
    let last = guessing.failed(&guess(eve, "bob", 19), now);
    assert_eq!(last.block, Some(("192.0.2.7".parse().unwrap(), 300)));
    assert_eq!(guessing.blocked(eve, now), Some(300));
    assert_eq!(guessing.blocked(ip("::ffff:192.0.2.7"), now), Some(300), "it is the same address");
    assert_eq!(guessing.blocked(neighbour, now), None);
    assert_eq!(guessing.blocked(eve, now + Duration::from_secs(300)), None);
}

#[test]
fn one_subnet_of_ipv6_is_one_address() {
    let (mut guessing, now) = (Guessing::new(&config(20, &[])), Instant::now());
    for number in 0..20_u64 {
        let remote = ip(&format!("2001:db8:1:1::{number:x}"));
        guessing.failed(&guess(remote, "bob", number), now);
    }
    assert!(guessing.blocked(ip("2001:db8:1:1:ffff::1"), now).is_some());
    assert!(guessing.blocked(ip("2001:db8:1:2::1"), now).is_none());
}

#[test]
fn a_network_is_heard_no_longer() {
    let (mut guessing, now) = (Guessing::new(&config(20, &[])), Instant::now());
    let block = (0..160_u64).find_map(|number| {
        let remote = ip(&format!("192.0.2.{}", number % 100));
        guessing.failed(&guess(remote, "bob", number), now).block
    });
    assert_eq!(block, Some(("192.0.2.0/24".parse().unwrap(), 300)));
    assert!(guessing.blocked(ip("192.0.2.200"), now).is_some());
    assert!(guessing.blocked(ip("192.0.3.200"), now).is_none());
}

/// A program at home with the password of last year asks each minute, and so do the others of the family.
#[test]
fn one_wrong_password_again_and_again_is_one_guess() {
    let (mut guessing, start) = (Guessing::new(&config(20, &[])), Instant::now());
    let home = ip("192.0.2.7");
    for minute in 0..10_000 {
        let now = start + Duration::from_secs(minute);
        let Consequence { delay, block } = guessing.failed(&guess(home, "bob", minute % 3), now);
        assert!(block.is_none() && delay <= DELAY * 2, "{delay:?}");
        assert_eq!(guessing.blocked(home, now), None);
    }
}

#[test]
fn whoever_is_never_blocked_is_not() {
    let (mut guessing, now) = (Guessing::new(&config(2, &["127.0.0.0/8", "::1"])), Instant::now());
    for number in 0..1000 {
        for remote in [ip("127.0.0.1"), ip("::1"), ip("::ffff:127.0.0.1")] {
            assert_eq!(guessing.failed(&guess(remote, &number.to_string(), number), now).block, None);
            assert_eq!(guessing.blocked(remote, now), None);
        }
    }
    let mut off = Guessing::new(&config(0, &[]));
    assert!((0..1000).all(|number| off.failed(&guess(ip("192.0.2.7"), "bob", number), now).block.is_none()));
    off.set(&config(2, &[]));
    let told = (0..3).find_map(|number| off.failed(&guess(ip("192.0.2.9"), "bob", number), now).block);
    assert!(told.is_some(), "after a reload");
}

#[test]
fn an_account_guessed_at_from_everywhere_is_not_its_owners_loss() {
    let (mut guessing, now) = (Guessing::new(&config(20, &[])), Instant::now());
    let home = ip("192.0.2.7");
    guessing.succeeded(AccountId(1), home);
    let from = |number: u64| ip(&format!("10.{}.{}.1", number / 256, number % 256));
    let last =
        (0..5000).map(|number| guessing.failed(&guess(from(number), "Bob", number), now)).last().unwrap();
    assert_eq!(last, Consequence { delay: DELAY_MAX, block: None }, "each address is new, the name is not");
    assert_eq!(guessing.blocked(home, now), None);
    assert_eq!(guessing.blocked(ip("198.51.100.1"), now), None, "nor is it blocked from a new place");
    assert_eq!(guessing.failed(&guess(home, "bob", 1), now).delay, Duration::ZERO);
    let network = "192.0.2.0/24".parse().unwrap();
    assert_eq!(guessing.place(Some(AccountId(1)), ip("192.0.2.99")), Place::Known(AccountId(1), network));
    assert_eq!(guessing.place(Some(AccountId(2)), home), Place::Stranger(network));
    assert_eq!(guessing.place(None, home), Place::Stranger(network));
}

#[test]
fn what_is_remembered_has_a_bound() {
    let (mut guessing, now) = (Guessing::new(&config(20, &[])), Instant::now());
    for number in 0..100_000_u64 {
        let remote = IpAddr::V4(std::net::Ipv4Addr::from_bits(u32::try_from(number << 8).unwrap()));
        guessing.failed(&guess(remote, &number.to_string(), number), now);
        guessing.succeeded(AccountId(number), remote);
    }
    assert!(guessing.addresses.get(&part(ip("0.0.1.0"), HOST)).is_none());
    assert!(
        guessing.addresses.get(&part(IpAddr::V4(std::net::Ipv4Addr::from_bits(99_999 << 8)), HOST)).is_some()
    );
}
