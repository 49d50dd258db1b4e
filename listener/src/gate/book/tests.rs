use super::*;

struct Door {
    book: Book,
    next: Ticket,
    now: Instant,
}

impl Door {
    fn new(connections: u32, per_address: u32, per_network: u32, custom: Custom) -> Self {
        let limits = Limits { connections_per_network: per_network, ..Limits::of(connections, per_address) };
        Door { book: Book::new(limits, custom), next: 0, now: Instant::now() }
    }

    fn knock(&mut self, address: &str) -> Result<(Ticket, Option<Ticket>), Refusal> {
        self.next += 1;
        self.book.enter(self.next, self.now);
        let origin = Origin::of(address.parse().unwrap());
        let admitted = self.book.admit(self.next, Some(origin), self.now);
        if admitted.is_err() {
            self.book.leave(self.next);
        }
        admitted.map(|displaced| (self.next, displaced))
    }

    fn comes_in(&mut self, address: &str) -> Ticket {
        let (ticket, displaced) = self.knock(address).unwrap();
        assert_eq!(displaced, None, "{address}");
        ticket
    }

    fn is_as_new(&self) {
        let book = &self.book;
        assert!(book.guests.is_empty() && book.addresses.is_empty() && book.networks.is_empty());
        assert!(book.by_strangers.is_empty() && book.strangers.is_empty() && book.staying == 0);
    }
}

#[test]
fn an_address_and_a_network_have_their_share() {
    let mut door = Door::new(100, 2, 3, Custom::Anonymous);
    let first = door.comes_in("192.0.2.1");
    door.comes_in("192.0.2.1");
    assert_eq!(door.knock("192.0.2.1"), Err(Refusal::Address));
    door.comes_in("192.0.2.2");
    assert_eq!(door.knock("192.0.2.3"), Err(Refusal::Network));
    door.comes_in("192.0.3.1");
    door.book.leave(first);
    door.comes_in("192.0.2.1");

    door.comes_in("2001:db8:1:1::1");
    door.comes_in("2001:db8:1:1::2");
    assert_eq!(door.knock("2001:db8:1:1::3"), Err(Refusal::Address));
    door.comes_in("2001:db8:1:2::1");
    assert_eq!(door.knock("2001:db8:1:3::1"), Err(Refusal::Network));
    door.comes_in("2001:db8:2::1");
    for ticket in 1..=door.next {
        door.book.leave(ticket);
    }
    door.is_as_new();
}

#[test]
fn the_largest_network_makes_room_for_a_smaller_one() {
    let mut door = Door::new(6, 6, 6, Custom::Anonymous);
    let large: Vec<_> = (0..5).map(|_| door.comes_in("192.0.2.1")).collect();
    door.comes_in("198.51.100.1");
    // full: five of one network, one of another
    for displaced in &large[..2] {
        let (_, gone) = door.knock("203.0.113.1").unwrap();
        assert_eq!(gone, Some(*displaced), "the oldest");
        door.book.leave(*displaced);
    }
    // three, two and one: whoever gave one up now would hold fewer than the newcomer's network
    assert_eq!(door.knock("203.0.113.1"), Err(Refusal::Full));
    assert_eq!(door.knock("192.0.2.9"), Err(Refusal::Full));
    let (_, gone) = door.knock("198.51.100.2").unwrap();
    assert_eq!(gone, Some(large[2]));
}

#[test]
fn whoever_is_logged_in_stays() {
    let mut door = Door::new(4, 4, 4, Custom::LogIn);
    for _ in 0..4 {
        let ticket = door.comes_in("192.0.2.1");
        door.book.know(ticket);
    }
    door.now += GRACE * 2;
    assert_eq!(door.knock("198.51.100.1"), Err(Refusal::Full));
    assert_eq!(door.book.staying, 4);
}

#[test]
fn strangers_leave_most_places_to_those_who_log_in() {
    let mut door = Door::new(1000, 1000, 1000, Custom::LogIn);
    let flood = |n: u32| format!("10.{}.{}.1", n / 256, n % 256);
    let first: Vec<_> = (0..250).map(|n| door.comes_in(&flood(n))).collect();
    assert_eq!(door.knock(&flood(250)), Err(Refusal::Full), "all are equal, and none had its time");
    door.book.know(first[7]);
    let user = door.comes_in("192.0.2.1");
    assert_eq!(door.knock(&flood(251)), Err(Refusal::Full));
    door.now += GRACE;
    let (_, displaced) = door.knock("192.0.2.2").unwrap();
    assert_eq!(displaced, Some(first[0]));
    door.book.know(user);
    assert_eq!(door.book.staying, 251);
}

#[test]
fn where_nobody_logs_in_time_displaces_nobody() {
    let mut door = Door::new(2, 2, 2, Custom::Anonymous);
    door.comes_in("192.0.2.1");
    door.comes_in("198.51.100.1");
    door.now += GRACE * 100;
    assert_eq!(door.knock("203.0.113.1"), Err(Refusal::Full));
}

#[test]
fn who_is_told_to_go_has_no_place_and_still_counts_for_its_address() {
    let mut door = Door::new(10, 1, 10, Custom::LogIn);
    let ticket = door.comes_in("192.0.2.1");
    door.book.dismiss(ticket);
    door.book.dismiss(ticket);
    assert_eq!((door.book.staying, door.book.present()), (0, 1));
    assert_eq!(door.knock("192.0.2.1"), Err(Refusal::Address));
    door.book.know(ticket);
    assert_eq!(door.book.staying, 0, "too late");
    door.book.leave(ticket);
    door.is_as_new();
}

#[test]
fn a_process_of_this_host_is_in_no_network() {
    let mut door = Door::new(2, 1, 1, Custom::Anonymous);
    for ticket in [101, 102] {
        door.book.enter(ticket, door.now);
        assert_eq!(door.book.admit(ticket, None, door.now), Ok(None));
    }
    door.book.enter(103, door.now);
    assert_eq!(door.book.admit(103, None, door.now), Err(Refusal::Full));
    for ticket in 101..=103 {
        door.book.leave(ticket);
    }
    door.is_as_new();
}

/// Whatever happens, the sums are right.
#[test]
fn a_long_history_leaves_nothing_behind() {
    let mut door = Door::new(40, 8, 12, Custom::LogIn);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut inside: Vec<Ticket> = Vec::new();
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let pick = usize::try_from(state >> 32).unwrap() % inside.len().max(1);
        match state % 8 {
            0..=3 => {
                let (network, host) = (state >> 8 & 7, state >> 16 & 3);
                if let Ok((ticket, displaced)) = door.knock(&format!("10.0.{network}.{host}")) {
                    inside.retain(|there| Some(*there) != displaced);
                    displaced.inspect(|displaced| door.book.leave(*displaced));
                    inside.push(ticket);
                }
            }
            4 if !inside.is_empty() => door.book.know(inside[pick]),
            5 => door.now += Duration::from_secs(1),
            _ if !inside.is_empty() => door.book.leave(inside.swap_remove(pick)),
            _ => {}
        }
        let book = &door.book;
        assert!(book.staying == inside.len() && book.staying <= 40);
        assert_eq!(book.by_strangers.iter().map(|(count, _)| count).sum::<usize>(), book.strangers.len());
        assert_eq!(book.networks.values().map(|held| held.all).sum::<u32>() as usize, book.guests.len());
        assert!(book.addresses.values().all(|count| (1..=8).contains(count)));
        assert!(book.networks.values().all(|held| (1..=12).contains(&held.all)));
    }
    for ticket in inside {
        door.book.leave(ticket);
    }
    door.is_as_new();
}
