//! The decisions, without a process.

mod reload;
mod replace;

use ipc::peers::Service;
use ipc::role::Layers;
use ipc::service::admin::ProcessState;

use super::*;

const STORE: Instance = one(Role::Store, 0);
const KEYS: Instance = one(Role::Keys, 0);
const AUTH: Instance = one(Role::Auth, 0);
const MX0: Instance = one(Role::Mx, 0);
const MX1: Instance = one(Role::Mx, 1);
const IMAP: Instance = one(Role::Imap, 0);
const POP3: Instance = one(Role::Pop3, 0);
const ALL: [Instance; 7] = [STORE, KEYS, AUTH, MX0, MX1, IMAP, POP3];

const fn one(role: Role, worker: u16) -> Instance {
    Instance { role, worker }
}

const NEVER: Turnover = Turnover { after: None, connections: None, drain: Duration::from_secs(3600) };

/// As many workers of mx, and one of everything else that is in `ALL`.
fn seats(mx: u16) -> Seats {
    let one_each = ALL.map(|instance| (instance.role, 1));
    one_each.into_iter().chain([(Role::Mx, mx)]).collect()
}

/// A supervisor with a clock of its own.
struct Suite {
    supervisor: Supervisor,
    now: Instant,
}

impl Suite {
    fn new() -> Self {
        Suite::with(NEVER)
    }

    fn with(turnover: Turnover) -> Self {
        let now = Instant::now();
        Suite { supervisor: Supervisor::new(&seats(2), turnover, now), now }
    }

    /// One that has come up.
    fn up() -> Self {
        Suite::up_with(NEVER)
    }

    fn up_with(turnover: Turnover) -> Self {
        let mut suite = Suite::with(turnover);
        assert_eq!(suite.tick().len(), ALL.len());
        for instance in ALL {
            suite.supervisor.spawned(instance, 100);
            suite.says(instance, ToMaster::Locked(Layers::all()));
        }
        for instance in ALL {
            suite.says(instance, ToMaster::Ready);
        }
        assert_eq!(suite.supervisor.stage, Stage::Running);
        suite
    }

    fn tick(&mut self) -> Vec<Action> {
        self.supervisor.tick(self.now)
    }

    fn pass(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        self.tick()
    }

    fn incarnation(&self, instance: Instance) -> u64 {
        self.supervisor.processes[&instance].incarnation
    }

    fn says(&mut self, instance: Instance, said: ToMaster) -> Vec<Action> {
        let incarnation = self.incarnation(instance);
        self.supervisor.heard(instance, incarnation, said, self.now)
    }

    fn ends(&mut self, instance: Instance, how: Ending) -> Vec<Action> {
        let incarnation = self.incarnation(instance);
        self.supervisor.ended(instance, incarnation, how, self.now)
    }

    fn phase(&self, instance: Instance) -> Phase {
        self.supervisor.processes[&instance].phase
    }

    fn stop(&mut self) -> Vec<Action> {
        self.supervisor.stop(self.now)
    }
}

#[test]
fn servers_are_started_first_and_all_are_locked_before_any_serves() {
    let mut suite = Suite::new();
    assert_eq!(suite.tick(), ALL.map(|instance| Action::Spawn(instance, 1)));
    let mut wires = 0;
    for instance in &ALL[..6] {
        let actions = suite.says(*instance, ToMaster::Locked(Layers::all()));
        assert!(!actions.iter().any(|action| matches!(action, Action::Serve(_))));
        wires += actions.iter().filter(|action| matches!(action, Action::Wire(_))).count();
    }
    let last = suite.says(POP3, ToMaster::Locked(Layers::all()));
    wires += last.iter().filter(|action| matches!(action, Action::Wire(_))).count();
    // auth→store, mx→auth, store, keys twice, imap→auth, keys, pop3→auth, keys
    assert_eq!(wires, 11);
    assert!(last.contains(&Action::Listeners(POP3, 0)));
    let serve: Vec<_> = last.iter().filter(|action| matches!(action, Action::Serve(_))).copied().collect();
    assert_eq!(serve, ALL.map(Action::Serve));
    for instance in &ALL[..6] {
        assert_eq!(suite.says(*instance, ToMaster::Ready), []);
    }
    assert_eq!(suite.says(POP3, ToMaster::Ready), [Action::AllReady]);
}

#[test]
fn who_dies_is_started_again_and_rewired_while_the_others_stay() {
    let mut suite = Suite::up();
    assert_eq!(suite.ends(STORE, Ending::Signal(9)), []);
    assert!(!suite.pass(Duration::from_millis(99)).contains(&Action::Spawn(STORE, 2)));
    assert_eq!(suite.pass(Duration::from_millis(1)), [Action::Spawn(STORE, 2)]);
    let wire = |client, service| Action::Wire(Wire { client, server: STORE, service });
    assert_eq!(
        suite.says(STORE, ToMaster::Locked(Layers::all())),
        [
            wire(AUTH, Service::Sessions),
            wire(MX0, Service::Deliver),
            wire(MX1, Service::Deliver),
            Action::Serve(STORE)
        ]
    );
    assert_eq!(suite.says(STORE, ToMaster::Ready), [], "the first time is past");
    let status = suite.supervisor.status(|_| Some(7), suite.now);
    assert_eq!((status[0].restarts, status[0].state), (1, ProcessState::Ready));
    assert!(status[1..].iter().all(|row| row.restarts == 0 && row.state == ProcessState::Ready));
}

#[test]
fn a_restarted_reader_gets_its_listeners_and_does_not_wait_for_a_server_that_is_away() {
    let mut suite = Suite::up();
    suite.ends(AUTH, Ending::Status(70));
    suite.ends(IMAP, Ending::Signal(31));
    suite.pass(Duration::from_millis(100));
    let wire = Action::Wire(Wire { client: IMAP, server: KEYS, service: Service::Handshake });
    let actions = suite.says(IMAP, ToMaster::Locked(Layers::all()));
    assert_eq!(actions, [wire, Action::Listeners(IMAP, 0), Action::Serve(IMAP)]);
    let actions = suite.says(AUTH, ToMaster::Locked(Layers::all()));
    assert!(actions.contains(&Action::Wire(Wire { client: IMAP, server: AUTH, service: Service::Login })));
}

#[test]
fn the_delay_doubles_up_to_its_limit_and_is_forgotten_after_a_minute_of_health() {
    let mut process = Process::new(0, Instant::now());
    let now = Instant::now();
    let delays: Vec<u128> = (0..12).map(|_| process.fail(now).as_millis()).collect();
    assert_eq!(delays[..4], [100, 200, 400, 800]);
    assert_eq!(delays[11], 30_000);
    process.phase = Phase::Ready { since: now, layers: Layers::NONE, pulse: Pulse::at(now) };
    assert_eq!(process.fail(now + Duration::from_secs(59)).as_millis(), 30_000);
    process.phase = Phase::Ready { since: now, layers: Layers::NONE, pulse: Pulse::at(now) };
    assert_eq!(process.fail(now + Process::HEALTHY).as_millis(), 100);
}

#[test]
fn a_hopeless_first_start_ends_the_suite_with_its_reason() {
    for (how, exit) in [
        (Ending::Status(78), Exit::Config),
        (Ending::Status(71), Exit::OsError),
        (Ending::Unborn, Exit::OsError),
    ] {
        let mut suite = Suite::new();
        suite.tick();
        assert_eq!(suite.ends(KEYS, how), [Action::End(exit)]);
    }
    let mut suite = Suite::new();
    suite.tick();
    for _ in 1..FIRST_TRIES {
        assert_eq!(suite.ends(KEYS, Ending::Signal(11)), []);
        suite.pass(Duration::from_secs(5));
    }
    assert_eq!(suite.ends(KEYS, Ending::Signal(11)), [Action::End(Exit::Unavailable)]);
}

#[test]
fn later_on_nothing_a_role_does_ends_the_suite() {
    let mut suite = Suite::up();
    for _ in 0..50 {
        assert_eq!(suite.ends(KEYS, Ending::Status(78)), []);
        suite.pass(Duration::from_secs(31));
    }
    assert_eq!(suite.supervisor.stage, Stage::Running);
}

#[test]
fn what_is_said_out_of_phase_kills_its_sender_alone() {
    let unasked = ToMaster::Alive { sessions: 1, served: 1 };
    for said in [ToMaster::Ready, ToMaster::Locked(Layers::all()), ToMaster::Drained, unasked] {
        let mut suite = Suite::up();
        assert_eq!(suite.says(MX0, said), [Action::Kill(MX0, Reason::OutOfPhase)]);
        assert_eq!(suite.says(MX0, said), [], "once is enough");
        assert_eq!(suite.ends(MX0, Ending::Signal(9)), []);
        assert!(suite.pass(Duration::from_millis(100)).contains(&Action::Spawn(MX0, 2)));
    }
    let mut suite = Suite::new();
    suite.tick();
    assert_eq!(suite.says(MX0, ToMaster::Ready), [Action::Kill(MX0, Reason::OutOfPhase)]);
}

#[test]
fn a_channel_that_is_missed_is_made_again_but_not_too_often() {
    let mut suite = Suite::up();
    let deliver = Action::Wire(Wire { client: MX1, server: STORE, service: Service::Deliver });
    assert_eq!(suite.says(MX1, ToMaster::Unwired(Service::Deliver)), [deliver]);
    assert_eq!(suite.says(MX1, ToMaster::Unwired(Service::Deliver)), []);
    suite.pass(REWIRING);
    assert_eq!(suite.says(MX1, ToMaster::Unwired(Service::Deliver)), [deliver]);
    // nobody gets a channel that is not in the table, or that it serves
    suite.pass(REWIRING);
    assert_eq!(suite.says(MX1, ToMaster::Unwired(Service::Login)), []);
    suite.pass(REWIRING);
    assert_eq!(suite.says(STORE, ToMaster::Unwired(Service::Deliver)), []);
}

#[test]
fn an_earlier_incarnation_is_not_heard() {
    let mut suite = Suite::up();
    suite.ends(MX0, Ending::Signal(9));
    suite.pass(Duration::from_millis(100));
    let now = suite.now;
    assert_eq!(suite.supervisor.heard(MX0, 1, ToMaster::Ready, now), []);
    assert_eq!(suite.supervisor.broken(MX0, 1), []);
    assert_eq!(suite.supervisor.ended(MX0, 1, Ending::Signal(9), now), []);
    assert!(matches!(suite.phase(MX0), Phase::Locking { .. }));
}

#[test]
fn pings_are_asked_every_second_and_silence_is_deadly() {
    let mut suite = Suite::up();
    assert_eq!(suite.pass(PING), ALL.map(Action::Ping));
    assert_eq!(suite.says(MX0, ToMaster::Alive { sessions: 3, served: 9 }), []);
    let row = suite.supervisor.status(|_| None, suite.now)[3].clone();
    assert_eq!((row.sessions, row.served, row.uptime), (3, 9, 1));
    assert_eq!(suite.pass(PING), [Action::Ping(MX0)], "the others still have one to answer");
    for instance in ALL {
        suite.says(instance, ToMaster::Alive { sessions: 0, served: 0 });
    }
    suite.pass(PING);
    for instance in &ALL[1..] {
        suite.says(*instance, ToMaster::Alive { sessions: 0, served: 0 });
    }
    assert!(suite.pass(SILENCE).contains(&Action::Kill(STORE, Reason::Silent)));
}

#[test]
fn each_phase_has_its_time() {
    let mut suite = Suite::new();
    suite.tick();
    suite.says(KEYS, ToMaster::Locked(Layers::all()));
    let late = suite.pass(LOCKING);
    assert!(late.contains(&Action::Kill(STORE, Reason::Locking)));
    assert!(!late.contains(&Action::Kill(KEYS, Reason::Locking)));

    let mut suite = Suite::up();
    suite.ends(KEYS, Ending::Signal(9));
    suite.pass(Duration::from_millis(100));
    suite.says(KEYS, ToMaster::Locked(Layers::all()));
    assert!(suite.pass(STARTING).contains(&Action::Kill(KEYS, Reason::Starting)));
}

#[test]
fn drained_in_order_each_in_its_time() {
    let mut suite = Suite::up();
    let within = drain::WAVES[0].1;
    assert_eq!(suite.stop(), [MX0, MX1, IMAP, POP3].map(|instance| Action::Drain(instance, within)));
    assert_eq!(suite.says(MX0, ToMaster::Drained), []);
    assert_eq!(suite.ends(MX0, Ending::Status(0)), []);
    assert_eq!(suite.ends(MX1, Ending::Status(0)), []);
    assert_eq!(suite.ends(POP3, Ending::Status(0)), []);
    assert!(suite.pass(within + GRACE).contains(&Action::Kill(IMAP, Reason::Draining)));
    assert_eq!(suite.ends(IMAP, Ending::Signal(9)), [Action::Drain(AUTH, drain::WAVES[1].1)]);
    assert_eq!(suite.ends(AUTH, Ending::Status(0)), [Action::Drain(KEYS, drain::WAVES[2].1)]);
    assert_eq!(suite.ends(KEYS, Ending::Status(0)), [Action::Drain(STORE, drain::WAVES[3].1)]);
    assert_eq!(suite.ends(STORE, Ending::Status(0)), [Action::End(Exit::Ok)]);
}

#[test]
fn who_has_drained_and_stays_is_killed() {
    let mut suite = Suite::up();
    suite.stop();
    suite.says(MX0, ToMaster::Drained);
    let kills: Vec<_> =
        suite.pass(GRACE).into_iter().filter(|action| matches!(action, Action::Kill(..))).collect();
    assert_eq!(kills, [Action::Kill(MX0, Reason::Draining)]);
}

#[test]
fn nothing_is_started_again_while_draining_and_the_second_stop_is_at_once() {
    let mut suite = Suite::up();
    suite.ends(MX0, Ending::Signal(9));
    suite.ends(AUTH, Ending::Signal(9));
    suite.stop();
    suite.ends(STORE, Ending::Signal(9));
    assert!(!suite.pass(Duration::from_secs(5)).iter().any(|action| matches!(action, Action::Spawn(..))));
    assert!(suite.supervisor.wake_at(suite.now) > suite.now, "there is nothing to do before");
    assert_eq!(suite.stop(), [Action::End(Exit::Ok)]);
    assert_eq!(suite.stop(), []);
}

#[test]
fn stopped_while_starting_ends_too() {
    let mut suite = Suite::new();
    suite.tick();
    suite.says(STORE, ToMaster::Locked(Layers::all()));
    assert_eq!(suite.stop(), [MX0, MX1, IMAP, POP3].map(|instance| Action::Kill(instance, Reason::Draining)));
    suite.ends(MX0, Ending::Signal(9));
    suite.ends(MX1, Ending::Signal(9));
    suite.ends(POP3, Ending::Signal(9));
    assert_eq!(suite.ends(IMAP, Ending::Signal(9)), [Action::Kill(AUTH, Reason::Draining)]);
    assert_eq!(suite.ends(AUTH, Ending::Signal(9)), [Action::Kill(KEYS, Reason::Draining)]);
    assert_eq!(suite.ends(KEYS, Ending::Signal(9)), [Action::Drain(STORE, drain::WAVES[3].1)]);
    assert_eq!(suite.ends(STORE, Ending::Status(0)), [Action::End(Exit::Ok)]);
}

#[test]
fn every_started_role_is_drained_once() {
    for role in Role::STARTED {
        assert_eq!(drain::WAVES.iter().filter(|(roles, _)| roles.has(role)).count(), 1, "{role}");
    }
}
