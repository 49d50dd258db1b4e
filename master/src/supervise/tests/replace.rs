//! Workers that are replaced.

use ipc::service::admin::ProcessState;

use super::super::replace::{LEAST_AGE, RETRY};
use super::*;

const MX2: Instance = one(Role::Mx, 2);
const MX3: Instance = one(Role::Mx, 3);
const DRAIN: Duration = Duration::from_secs(600);

const fn used_up(connections: u64) -> Turnover {
    Turnover { after: None, connections: Some(connections), drain: DRAIN }
}

impl Suite {
    /// Everybody answers a ping that is due; mx/0 has served so many connections.
    fn beat(&mut self, served: u64) -> Vec<Action> {
        let actions = self.pass(PING);
        for action in &actions {
            if let Action::Ping(instance) = action {
                let served = if *instance == MX0 { served } else { 0 };
                self.says(*instance, ToMaster::Alive { sessions: 1, served });
            }
        }
        actions.into_iter().filter(|action| !matches!(action, Action::Ping(_))).collect()
    }

    /// Time passes, in which everybody lives.
    fn live(&mut self, time: Duration, served: u64) -> Vec<Action> {
        (0..time.as_secs()).flat_map(|_| self.beat(served)).collect()
    }

    /// A process that was spawned comes to serve.
    fn comes(&mut self, instance: Instance) -> Vec<Action> {
        self.supervisor.spawned(instance, 200);
        let mut actions = self.says(instance, ToMaster::Locked(Layers::all()));
        actions.extend(self.says(instance, ToMaster::Ready));
        actions
    }

    fn row(&self, instance: Instance) -> Option<ProcessStatus> {
        let rows = self.supervisor.status(|_| None, self.now);
        rows.into_iter().find(|row| row.instance == instance)
    }
}

#[test]
fn the_successor_serves_before_its_predecessor_stops_to() {
    let mut suite = Suite::up_with(used_up(100));
    assert_eq!(suite.live(Duration::from_secs(10), 99), []);
    suite.beat(100);
    assert_eq!(suite.beat(100), [Action::Spawn(MX2, 1)], "under a number that nobody has");
    let actions = suite.says(MX2, ToMaster::Locked(Layers::all()));
    assert!(actions.contains(&Action::Listeners(MX2, 0)), "its predecessor's seat: {actions:?}");
    let deliver = Wire { client: MX2, server: STORE, service: Service::Deliver };
    assert!(actions.contains(&Action::Wire(deliver)) && actions.contains(&Action::Serve(MX2)));
    assert!(matches!(suite.phase(MX0), Phase::Ready { .. }));
    assert_eq!(suite.says(MX2, ToMaster::Ready), [Action::Retire(MX0)]);
    assert_eq!(suite.row(MX0).unwrap().state, ProcessState::Retiring);
    let row = suite.row(MX2).unwrap();
    assert_eq!((row.state, row.replaced, row.restarts), (ProcessState::Ready, 1, 0));

    // while it leaves it lives, and is given what it misses
    assert!(suite.live(Duration::from_secs(60), 100).is_empty());
    suite.ends(STORE, Ending::Signal(9));
    suite.pass(Duration::from_millis(100));
    let actions = suite.says(STORE, ToMaster::Locked(Layers::all()));
    let again = Wire { client: MX0, server: STORE, service: Service::Deliver };
    assert!(actions.contains(&Action::Wire(again)), "{actions:?}");

    assert_eq!(suite.says(MX0, ToMaster::Drained), []);
    assert_eq!(suite.ends(MX0, Ending::Status(0)), []);
    assert!(
        suite.row(MX0).is_none() && suite.pass(RETRY).iter().all(|a| !matches!(a, Action::Spawn(MX0, _)))
    );
}

#[test]
fn who_leaves_too_slowly_is_told_to_finish_and_then_killed() {
    let mut suite = Suite::up_with(used_up(1));
    suite.live(LEAST_AGE + PING, 1);
    suite.comes(MX2);
    let actions = suite.live(DRAIN, 1);
    assert!(actions.contains(&Action::Drain(MX0, drain::READERS)), "{actions:?}");
    let actions = suite.live(drain::READERS + GRACE, 1);
    assert_eq!(actions, [Action::Kill(MX0, Reason::Draining)]);
    suite.ends(MX0, Ending::Signal(9));
    assert!(suite.row(MX0).is_none());
}

#[test]
fn one_of_a_role_at_a_time_and_none_while_its_predecessor_is_there() {
    let turnover = Turnover { after: Some(Duration::from_secs(60)), connections: None, drain: DRAIN };
    let mut suite = Suite::up_with(turnover);
    let actions = suite.live(Duration::from_secs(61), 0);
    assert_eq!(
        actions,
        [one(Role::Mx, 2), one(Role::Imap, 1), one(Role::Pop3, 1)].map(|i| Action::Spawn(i, 1))
    );
    assert_eq!(suite.live(Duration::from_secs(5), 0), [], "mx/1 waits for mx/0 to be replaced");
    suite.comes(MX2);
    assert_eq!(suite.beat(0), [Action::Spawn(MX3, 1)]);
    suite.comes(MX3);
    let actions = suite.live(Duration::from_secs(120), 0);
    let more = actions.iter().filter(|action| matches!(action, Action::Spawn(i, _) if i.role == Role::Mx));
    assert_eq!(more.count(), 0, "nobody piles up: {actions:?}");
    suite.ends(MX0, Ending::Status(0));
    assert_eq!(suite.beat(0), [Action::Spawn(MX0, 1)], "the number is free again");
}

#[test]
fn a_successor_that_fails_changes_nothing_and_is_tried_again_later() {
    let mut suite = Suite::up_with(used_up(1));
    suite.live(LEAST_AGE + PING, 1);
    assert_eq!(suite.ends(MX2, Ending::Status(71)), []);
    assert!(suite.row(MX2).is_none() && matches!(suite.phase(MX0), Phase::Ready { .. }));
    assert_eq!(suite.live(RETRY - PING, 1), []);
    assert!(suite.live(PING * 2, 1).contains(&Action::Spawn(MX2, 1)));
}

#[test]
fn a_predecessor_that_ends_leaves_its_seat_to_who_is_on_the_way() {
    let mut suite = Suite::up_with(used_up(1));
    suite.live(LEAST_AGE + PING, 1);
    assert_eq!(suite.ends(MX0, Ending::Signal(11)), []);
    assert!(suite.row(MX0).is_none());
    assert!(!suite.comes(MX2).iter().any(|action| matches!(action, Action::Retire(_))));
    suite.ends(MX2, Ending::Signal(11));
    assert!(suite.pass(Duration::from_millis(100)).contains(&Action::Spawn(MX2, 2)), "it holds the seat now");
}

#[test]
fn a_flood_of_connections_is_no_flood_of_processes() {
    let mut suite = Suite::up_with(used_up(1));
    assert_eq!(suite.live(LEAST_AGE - PING, 1_000_000), []);
}

#[test]
fn who_leaves_is_drained_with_the_others_when_the_suite_stops() {
    let mut suite = Suite::up_with(used_up(1));
    suite.live(LEAST_AGE + PING, 1);
    suite.comes(MX2);
    let actions = suite.stop();
    let drained: Vec<_> = [MX0, MX1, MX2, IMAP, POP3].map(|i| Action::Drain(i, drain::READERS)).to_vec();
    assert_eq!(actions, drained);
}

#[test]
fn a_channel_that_ends_before_it_has_left_is_deadly() {
    let mut suite = Suite::up_with(used_up(1));
    suite.live(LEAST_AGE + PING, 1);
    suite.comes(MX2);
    assert_eq!(suite.supervisor.broken(MX0, 1), [Action::Kill(MX0, Reason::Channel)]);
}
