//! Who has offended how often: commands that are none, recipients that are not there. First its replies are delayed, then
//! its connections are refused, each time for longer. A wrong password is answered late as well; whether somebody guesses
//! is for `auth` to say, which knows of all workers and of passwords said twice. No clock; bounded.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use ipc::budget;
use ipc::network::Network;
use ipc::slice::Blocks;
use tokio::time::Instant;

use super::book::Origin;

/// One offence is forgiven in that time.
const FORGIVEN: Duration = Duration::from_secs(30);
/// Offences that cost nothing: a person mistypes.
const FREE: u32 = 3;
/// The delay of the first that does; each further one doubles it.
const DELAY: Duration = Duration::from_millis(250);
/// A network is refused for so many times the offences of an address.
const NETWORK: u32 = 8;

/// Whose offences are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Address(IpAddr),
    Network(Network),
}

#[derive(Debug)]
struct Record {
    offences: u32,
    mistakes: u32,
    last: Instant,
    refused_until: Option<Instant>,
    /// How often it was refused already.
    times: u32,
    /// Its key in the order of use.
    used: u64,
}

/// What an offence leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Consequence {
    /// The reply waits so long.
    pub(super) delay: Duration,
    /// From now on it is refused for so long.
    pub(super) refused: Option<Duration>,
}

/// Those that are remembered: [`budget::OFFENDERS`] at most, the one longest without an offence is forgotten first.
#[derive(Debug)]
pub(super) struct Offenders {
    blocks: Blocks,
    records: HashMap<Subject, Record>,
    by_use: BTreeMap<u64, Subject>,
    uses: u64,
}

impl Offenders {
    pub(super) fn new(blocks: Blocks) -> Self {
        Offenders { blocks, records: HashMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    pub(super) fn adopt(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }

    /// Somebody there did something wrong, so many times.
    pub(super) fn note(&mut self, origin: Origin, count: u32, now: Instant) -> Consequence {
        let Blocks { after, seconds } = self.blocks;
        let first = Duration::from_secs(seconds.into());
        let of_network = after.saturating_mul(NETWORK);
        self.record(Subject::Network(origin.network), now).offend(count, of_network, first, now);
        let record = self.record(Subject::Address(origin.address), now);
        let refused = record.offend(count, after, first, now);
        Consequence { delay: record.delay(), refused }
    }

    /// A password from there was wrong; says how long the reply waits.
    pub(super) fn mistake(&mut self, origin: Origin, now: Instant) -> Duration {
        let record = self.record(Subject::Address(origin.address), now);
        record.forgive(now);
        record.mistakes = record.mistakes.saturating_add(1);
        record.delay()
    }

    /// It is to be refused for that long.
    pub(super) fn refuse(&mut self, origin: Origin, time: Duration, now: Instant) {
        let until = now.checked_add(time.min(budget::BLOCK));
        let record = self.record(Subject::Address(origin.address), now);
        record.refused_until = record.refused_until.max(until);
    }

    /// Is it refused at the moment?
    pub(super) fn are_refused(&self, origin: Origin, now: Instant) -> bool {
        [Subject::Address(origin.address), Subject::Network(origin.network)]
            .iter()
            .filter_map(|subject| self.records.get(subject)?.refused_until)
            .any(|until| now < until)
    }

    fn record(&mut self, subject: Subject, now: Instant) -> &mut Record {
        self.uses = self.uses.saturating_add(1);
        let used = self.uses;
        if let Some(known) = self.records.get(&subject) {
            self.by_use.remove(&known.used);
        } else if self.records.len() >= budget::OFFENDERS
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.records.remove(&oldest);
        }
        self.by_use.insert(used, subject);
        let fresh = Record { offences: 0, mistakes: 0, last: now, refused_until: None, times: 0, used };
        let record = self.records.entry(subject).or_insert(fresh);
        record.used = used;
        record
    }
}

impl Record {
    fn offend(&mut self, count: u32, after: u32, first: Duration, now: Instant) -> Option<Duration> {
        self.forgive(now);
        self.offences = self.offences.saturating_add(count);
        if after == 0 || self.offences < after {
            return None;
        }
        let time = first.saturating_mul(1 << self.times.min(16)).min(budget::BLOCK);
        self.times = self.times.saturating_add(1);
        self.offences = FREE;
        self.refused_until = now.checked_add(time);
        Some(time)
    }

    fn forgive(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.last);
        if since >= budget::BLOCK {
            self.times = 0;
        }
        let forgiven = u32::try_from(since.as_secs() / FORGIVEN.as_secs()).unwrap_or(u32::MAX);
        self.offences = self.offences.saturating_sub(forgiven);
        self.mistakes = self.mistakes.saturating_sub(forgiven);
        self.last = now;
    }

    fn delay(&self) -> Duration {
        match self.offences.saturating_add(self.mistakes).checked_sub(FREE.saturating_add(1)) {
            None => Duration::ZERO,
            Some(beyond) => DELAY.saturating_mul(1 << beyond.min(16)).min(budget::TARPIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(address: &str) -> Origin {
        Origin::of(address.parse().unwrap())
    }

    fn strict() -> Offenders {
        Offenders::new(Blocks { after: 10, seconds: 60 })
    }

    #[test]
    fn delays_grow_and_then_it_is_refused_for_a_time_that_grows() {
        let (mut offenders, mut now) = (strict(), Instant::now());
        let guesser = origin("192.0.2.1");
        for time in [60, 120, 240] {
            let mut delays = Vec::new();
            let refused = loop {
                let consequence = offenders.note(guesser, 1, now);
                delays.push(consequence.delay.as_millis());
                if let Some(refused) = consequence.refused {
                    break refused;
                }
            };
            assert_eq!(refused.as_secs(), time);
            assert!(delays.is_sorted_by(|a, b| a <= b || *b == 0), "{delays:?}");
            assert!(delays.contains(&8000), "{delays:?}");
            assert!(offenders.are_refused(guesser, now));
            assert!(!offenders.are_refused(origin("192.0.2.2"), now));
            now += refused;
            assert!(!offenders.are_refused(guesser, now));
        }
    }

    #[test]
    fn a_person_who_mistypes_waits_for_nothing_and_is_forgiven() {
        let (mut offenders, mut now) = (strict(), Instant::now());
        for _ in 0..100 {
            for _ in 0..FREE {
                let consequence = offenders.note(origin("192.0.2.1"), 1, now);
                assert_eq!(consequence, Consequence { delay: Duration::ZERO, refused: None });
            }
            now += FORGIVEN * FREE;
        }
    }

    #[test]
    fn who_never_blocks_still_delays_and_no_delay_is_longer_than_the_tarpit() {
        let mut offenders = Offenders::new(Blocks { after: 0, seconds: 60 });
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(offenders.note(origin("192.0.2.1"), u32::MAX / 50, now).refused, None);
        }
        assert_eq!(offenders.note(origin("192.0.2.1"), 1, now).delay, budget::TARPIT);
    }

    #[test]
    fn wrong_passwords_are_answered_late_and_no_offence() {
        let (mut offenders, now) = (strict(), Instant::now());
        let delays: Vec<_> = (0..40).map(|_| offenders.mistake(origin("192.0.2.1"), now)).collect();
        assert_eq!(delays.first(), Some(&Duration::ZERO));
        assert_eq!(delays.last(), Some(&budget::TARPIT));
        assert!(!offenders.are_refused(origin("192.0.2.1"), now));
        assert_eq!(offenders.note(origin("192.0.2.1"), 1, now).refused, None);
        assert_eq!(offenders.mistake(origin("192.0.2.1"), now + FORGIVEN * 40), Duration::ZERO);
    }

    #[test]
    fn a_network_of_offenders_is_refused_as_a_whole() {
        let (mut offenders, now) = (strict(), Instant::now());
        for host in 0..20 {
            for _ in 0..4 {
                offenders.note(origin(&format!("192.0.2.{host}")), 1, now);
            }
        }
        assert!(offenders.are_refused(origin("192.0.2.200"), now));
        assert!(!offenders.are_refused(origin("192.0.3.1"), now));
    }

    #[test]
    fn what_auth_says_counts_up_to_a_day() {
        let (mut offenders, now) = (strict(), Instant::now());
        offenders.refuse(origin("2001:db8::1"), Duration::MAX, now);
        offenders.refuse(origin("2001:db8::1"), Duration::from_secs(1), now);
        assert!(offenders.are_refused(origin("2001:db8::2"), now + budget::BLOCK - FORGIVEN));
        assert!(!offenders.are_refused(origin("2001:db8::2"), now + budget::BLOCK));
    }

    #[test]
    fn only_so_many_are_remembered_and_the_last_the_longest() {
        let (mut offenders, now) = (strict(), Instant::now());
        let old = origin("203.0.113.1");
        offenders.refuse(old, budget::BLOCK, now);
        for n in 0..u32::try_from(budget::OFFENDERS).unwrap() {
            offenders.note(origin(&std::net::Ipv4Addr::from_bits(0x0a00_0000 | n << 8).to_string()), 1, now);
            assert!(offenders.records.len() <= budget::OFFENDERS);
            assert_eq!(offenders.records.len(), offenders.by_use.len());
        }
        assert!(!offenders.are_refused(old, now));
    }
}
