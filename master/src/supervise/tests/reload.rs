//! A new configuration: all or nobody.

use ipc::service::control::ReloadRefusal;

use super::super::reload::PREPARING;
use super::*;

impl Suite {
    fn ask(&mut self) -> Vec<Action> {
        match self.supervisor.ask(self.now) {
            Asking::Begun(actions) => actions,
            Asking::NotNow(why) => panic!("not now: {why}"),
        }
    }

    /// All say yes; what follows from the last of them.
    fn agree(&mut self) -> Vec<Action> {
        ALL.into_iter().flat_map(|instance| self.says(instance, ToMaster::Prepared)).collect()
    }

    fn commit(&mut self, seats: &Seats) -> Vec<Action> {
        let actions = self.supervisor.commit(seats, NEVER, &[], self.now);
        actions.into_iter().filter(|action| !matches!(action, Action::Wire(_))).collect()
    }
}

fn aborts(but: &[Instance]) -> Vec<Action> {
    let mut asked: Vec<_> = ALL.into_iter().filter(|instance| !but.contains(instance)).collect();
    asked.sort();
    asked.into_iter().map(Action::Abort).collect()
}

#[test]
fn only_when_all_say_yes_all_are_told() {
    let mut suite = Suite::up();
    assert_eq!(suite.ask(), ALL.map(Action::Prepare));
    for instance in &ALL[..6] {
        assert_eq!(suite.says(*instance, ToMaster::Prepared), []);
    }
    assert_eq!(suite.says(POP3, ToMaster::Prepared), [Action::Settle(Ok(()))]);
    let told = [STORE, KEYS, AUTH, MX0, MX1, IMAP, POP3];
    let seat = |instance: Instance| if instance == MX1 { 1 } else { 0 };
    assert_eq!(suite.commit(&seats(2)), told.map(|instance| Action::Commit(instance, seat(instance))));
}

#[test]
fn readers_are_wired_to_keys_anew_for_other_certificates() {
    let mut suite = Suite::up();
    suite.ask();
    suite.agree();
    let actions = suite.supervisor.commit(&seats(2), NEVER, &[], suite.now);
    let wire = |client| Action::Wire(Wire { client, server: KEYS, service: Service::Handshake });
    for reader in [MX0, MX1, IMAP, POP3] {
        assert!(actions.contains(&wire(reader)), "{reader}");
    }
}

#[test]
fn one_no_is_a_no_for_all() {
    let mut suite = Suite::up();
    suite.ask();
    suite.says(STORE, ToMaster::Prepared);
    let refusal = ReloadRefusal::Restart;
    let mut expected = aborts(&[]);
    expected.push(Action::Settle(Err(No::Refused(KEYS, refusal))));
    assert_eq!(suite.says(KEYS, ToMaster::Refused(refusal)), expected);
    // the others' answers come late, and mean nothing
    assert_eq!(suite.says(AUTH, ToMaster::Prepared), []);
    assert_eq!(suite.says(MX0, ToMaster::Refused(refusal)), []);
}

#[test]
fn death_and_silence_are_a_no() {
    let mut suite = Suite::up();
    suite.ask();
    suite.says(AUTH, ToMaster::Prepared);
    let mut expected = aborts(&[AUTH]);
    expected.push(Action::Settle(Err(No::Died(AUTH))));
    assert_eq!(suite.ends(AUTH, Ending::Signal(9)), expected);

    let mut suite = Suite::up();
    suite.ask();
    for instance in &ALL[1..] {
        suite.says(*instance, ToMaster::Prepared);
    }
    let actions = suite.pass(PREPARING);
    assert!(actions.contains(&Action::Settle(Err(No::Silent(STORE)))), "{actions:?}");
    assert!(actions.contains(&Action::Abort(STORE)) && actions.contains(&Action::Abort(MX0)));
    assert_eq!(suite.supervisor.ask(suite.now), Asking::NotNow(NotNow::Owing(STORE)));
    assert!(NotNow::Owing(STORE).to_string().starts_with("store has not yet answered"));
    suite.says(STORE, ToMaster::Prepared);
    assert_eq!(suite.ask().len(), ALL.len());
}

#[test]
fn an_answer_that_nobody_asked_for_kills() {
    for said in [ToMaster::Prepared, ToMaster::Refused(ReloadRefusal::System)] {
        let mut suite = Suite::up();
        assert_eq!(suite.says(MX0, said), [Action::Kill(MX0, Reason::OutOfPhase)]);
    }
    // nor twice
    let mut suite = Suite::up();
    suite.ask();
    suite.says(MX0, ToMaster::Prepared);
    let actions = suite.says(MX0, ToMaster::Prepared);
    assert_eq!(actions[0], Action::Kill(MX0, Reason::OutOfPhase));
    assert_eq!(actions.last(), Some(&Action::Settle(Err(No::Died(MX0)))));
}

#[test]
fn who_was_being_started_with_the_old_one_begins_again() {
    let mut suite = Suite::up();
    suite.ends(KEYS, Ending::Signal(9));
    suite.ends(POP3, Ending::Signal(9));
    assert_eq!(suite.pass(Duration::from_millis(100)).len(), 2);
    let asked = suite.ask();
    assert!(!asked.contains(&Action::Prepare(KEYS)) && asked.len() == ALL.len() - 2);
    // keys is ready meanwhile, and so was started with the old one all the same
    suite.says(KEYS, ToMaster::Locked(Layers::all()));
    for instance in [STORE, AUTH, MX0, MX1, IMAP] {
        suite.says(instance, ToMaster::Prepared);
    }
    let actions = suite.commit(&seats(2));
    for instance in [KEYS, POP3] {
        assert!(actions.contains(&Action::Kill(instance, Reason::Outdated)), "{actions:?}");
    }
}

#[test]
fn who_comes_to_serve_while_the_others_are_asked_is_asked_too() {
    let mut suite = Suite::up();
    suite.ends(POP3, Ending::Signal(9));
    suite.pass(Duration::from_millis(100));
    suite.ask();
    suite.says(POP3, ToMaster::Locked(Layers::all()));
    assert_eq!(suite.says(POP3, ToMaster::Ready), [Action::Prepare(POP3)]);
    for instance in &ALL[..6] {
        assert_eq!(suite.says(*instance, ToMaster::Prepared), []);
    }
    assert_eq!(suite.says(POP3, ToMaster::Prepared), [Action::Settle(Ok(()))]);
    let actions = suite.commit(&seats(2));
    assert!(actions.contains(&Action::Commit(POP3, 0)), "{actions:?}");
    assert!(!actions.iter().any(|action| matches!(action, Action::Kill(..))), "{actions:?}");
}

#[test]
fn who_is_replaced_while_it_is_asked_gets_no_more_to_listen_on() {
    const MX2: Instance = one(Role::Mx, 2);
    let turnover = Turnover { connections: Some(1), ..NEVER };
    let mut suite = Suite::up_with(turnover);
    for _ in 0..10 {
        for action in suite.pass(PING) {
            if let Action::Ping(instance) = action {
                let served = u64::from(instance == MX0);
                suite.says(instance, ToMaster::Alive { sessions: 1, served });
            }
        }
    }
    suite.supervisor.spawned(MX2, 200);
    suite.ask();
    suite.says(MX2, ToMaster::Locked(Layers::all()));
    let actions = suite.says(MX2, ToMaster::Ready);
    assert_eq!(actions, [Action::Retire(MX0), Action::Prepare(MX2)]);
    suite.agree();
    assert_eq!(suite.says(MX2, ToMaster::Prepared), [Action::Settle(Ok(()))]);
    let actions = suite.commit(&seats(2));
    assert!(
        actions.contains(&Action::Abort(MX0)) && actions.contains(&Action::Commit(MX2, 0)),
        "{actions:?}"
    );
}

#[test]
fn workers_come_and_go() {
    let mut suite = Suite::up();
    suite.ask();
    suite.agree();
    let actions = suite.commit(&seats(1));
    assert!(
        actions.contains(&Action::Retire(MX1)) && actions.contains(&Action::Commit(MX0, 0)),
        "{actions:?}"
    );
    assert_eq!(suite.ends(MX1, Ending::Status(0)), []);

    suite.ask();
    for instance in ALL.into_iter().filter(|instance| *instance != MX1) {
        suite.says(instance, ToMaster::Prepared);
    }
    suite.commit(&seats(3));
    let spawned = suite.tick();
    assert_eq!(spawned, [MX1, one(Role::Mx, 2)].map(|instance| Action::Spawn(instance, 1)));
    // in seats of their own
    suite.says(MX1, ToMaster::Locked(Layers::all()));
    let actions = suite.says(one(Role::Mx, 2), ToMaster::Locked(Layers::all()));
    assert!(actions.contains(&Action::Listeners(one(Role::Mx, 2), 2)));
}

#[test]
fn a_role_can_go_and_come_back() {
    let mut suite = Suite::up();
    suite.ask();
    suite.agree();
    let mut without = seats(2);
    without.remove(&Role::Pop3);
    assert!(suite.commit(&without).contains(&Action::Retire(POP3)));
    suite.ask();
    for instance in &ALL[..6] {
        suite.says(*instance, ToMaster::Prepared);
    }
    suite.commit(&seats(2));
    assert_eq!(suite.tick(), [Action::Spawn(one(Role::Pop3, 1), 1)], "while the old one still leaves");
}

#[test]
fn workers_that_were_made_for_less_are_replaced() {
    let mut suite = Suite::up();
    suite.pass(super::super::replace::LEAST_AGE);
    suite.ask();
    suite.agree();
    suite.supervisor.commit(&seats(2), NEVER, &[Role::Mx], suite.now);
    assert!(suite.tick().contains(&Action::Spawn(one(Role::Mx, 2), 1)));
}

#[test]
fn not_while_starting_or_stopping_nor_twice_at_once() {
    let mut suite = Suite::new();
    suite.tick();
    assert!(suite.supervisor.can_ask().is_err());
    let mut suite = Suite::up();
    suite.ask();
    assert_eq!(suite.supervisor.can_ask(), Err(NotNow::UnderWay));
    let actions = suite.stop();
    assert!(actions.contains(&Action::Settle(Err(No::Stopping))), "{actions:?}");
    assert!(suite.supervisor.can_ask().is_err());
}
