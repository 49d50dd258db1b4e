//! Reloads, and workers that are replaced.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use ipc::service::admin::{MasterReply, MasterRequest, ProcessState, ProcessStatus};

use crate::harness::{self, Instance, Started, within};

const SOON: Duration = Duration::from_secs(10);

impl Instance {
    fn reload(&self) -> Result<u32, (u8, String)> {
        match self.ask(MasterRequest::Reload) {
            MasterReply::Reloaded { generation } => Ok(generation),
            MasterReply::NotReloaded { exit, why } => Err((exit, why)),
            other => panic!("{other:?}"),
        }
    }

    fn pids(&self) -> Vec<(String, Option<u32>)> {
        self.status().iter().map(|row| (row.instance.to_string(), row.pid)).collect()
    }

    fn row(&self, name: &str) -> Option<ProcessStatus> {
        self.status().into_iter().find(|row| row.instance.to_string() == name)
    }
}

#[test]
fn what_is_added_is_served_what_is_removed_is_closed_and_nobody_is_started_again() {
    let instance = Instance::start("h.example");
    let (before, old, new) = (instance.pids(), instance.address("mx"), harness::free());
    let mut session = BufReader::new(instance.connect("mx"));
    session.read_line(&mut String::new()).expect("a greeting");
    instance.reconfigure("[mx]\nlisten = [\"127.0.0.1:0\"]", &format!("[mx]\nlisten = [\"{new}\"]"));
    assert_eq!(instance.reload(), Ok(2));
    assert!(harness::says(new).is_ok_and(|said| said.starts_with("mx/")));
    assert!(within(SOON, || harness::says(old).is_err()), "closed");
    assert_eq!(instance.pids(), before);
    // the session that was there ends by itself, and not before
    session.get_ref().set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
    let cut = session.read(&mut [0; 1]);
    assert!(cut.is_err(), "still open: {cut:?}");
}

#[test]
fn a_bad_file_changes_nothing_and_is_told_with_its_place() {
    let instance = Instance::start("h.example");
    let before = instance.pids();
    instance.reconfigure("[mx]", "[mx]\nlisen = 3");
    let (exit, why) = instance.reload().expect_err("a mistake");
    assert_eq!(exit, 78);
    assert!(why.contains("bulkhead.toml:7:1: there is no key `lisen`"), "{why}");
    instance.reconfigure("\nlisen = 3", "");
    instance.reconfigure("run\"\n", "other\"\n");
    let (exit, why) = instance.reload().expect_err("it takes a restart");
    assert_eq!(exit, 78);
    assert!(why.contains("bulkhead.toml:4:11: `run_dir` cannot change while the suite runs"), "{why}");
    assert_eq!(instance.pids(), before);
    assert!(instance.says("mx").starts_with("mx/"));
}

#[test]
fn one_role_that_says_no_is_enough() {
    let instance = Instance::start("h.example");
    let (before, old, new) = (instance.pids(), instance.address("mx"), harness::free());
    instance.reconfigure("h.example", "refused.example");
    instance.reconfigure("[mx]\nlisten = [\"127.0.0.1:0\"]", &format!("[mx]\nlisten = [\"{new}\"]"));
    let (exit, why) = instance.reload().expect_err("keys does not want it");
    assert_eq!(exit, 78);
    assert!(why.contains("the key is not that of the first certificate"), "{why}");
    assert!(harness::says(new).is_err() && harness::says(old).is_ok());
    assert_eq!(instance.pids(), before);

    instance.reconfigure("refused.example", "fatal.example");
    let (exit, why) = instance.reload().expect_err("imap dies of it");
    assert_eq!(exit, 75);
    assert!(why.contains("imap/0 ended before all roles had agreed"), "{why}");
    assert!(harness::says(new).is_err() && harness::says(old).is_ok());
    assert!(within(SOON, || instance.row("imap/0").is_some_and(|row| row.state == ProcessState::Ready)));

    instance.reconfigure("fatal.example", "h.example");
    assert_eq!(instance.reload(), Ok(2), "and it can be tried again");
    assert!(harness::says(new).is_ok());
}

#[test]
fn a_signal_reloads_too() {
    let instance = Instance::start("h.example");
    let new = harness::free();
    instance.reconfigure("[mx]\nlisten = [\"127.0.0.1:0\"]", &format!("[mx]\nlisten = [\"{new}\"]"));
    instance.signal(rustix::process::Signal::HUP);
    assert!(within(SOON, || harness::says(new).is_ok()));
}

#[test]
fn workers_and_roles_come_and_go() {
    let instance = Instance::start("h.example");
    instance.reconfigure("workers = 2", "workers = 3");
    instance.reconfigure("[imap]\nlisten_tls = [\"127.0.0.1:0\"]", "[imap]\nlisten_tls = []");
    assert_eq!(instance.reload(), Ok(2));
    let there = |name: &str| instance.row(name).is_some_and(|row| row.state == ProcessState::Ready);
    assert!(within(SOON, || there("mx/2") && instance.row("imap/0").is_none()));
    instance.reconfigure("workers = 3", "workers = 1");
    assert_eq!(instance.reload(), Ok(3));
    assert!(within(SOON, || instance.row("mx/1").is_none() && instance.row("mx/2").is_none()));
    // the sockets of those who went have somebody
    for _ in 0..20 {
        assert_eq!(instance.says("mx"), "mx/0\n");
    }
}

#[test]
fn a_worker_that_has_served_enough_is_replaced_and_nobody_is_refused() {
    let more = "[mx]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n[imap]\nlisten_tls = []\n[replace]\nconnections = 40\n";
    let Started::Running(instance) = Instance::try_start("h.example", more) else { panic!("it starts") };
    let mut last = None;
    let replaced = within(Duration::from_secs(30), || {
        let mut session = BufReader::new(instance.connect("mx"));
        let mut said = String::new();
        session.read_line(&mut said).expect("a greeting");
        assert!(said.starts_with("mx/"), "{said}");
        let is_new = said == "mx/1\n";
        last = Some(session);
        is_new
    });
    assert!(replaced, "{:?}", instance.status());
    let row = instance.row("mx/1").expect("the successor");
    assert_eq!((row.replaced, row.restarts, row.state), (1, 0, ProcessState::Ready));
    assert!(within(SOON, || instance.row("mx/0").is_none()), "its sessions have ended, and so has it");
}
