//! Whole instances of the master, with fake roles: started, killed, wired again, drained.

#![expect(clippy::expect_used, clippy::panic, reason = "this is a test: it fails by panicking")]

mod harness;
mod passed;
mod reload;

use std::time::Duration;

use ipc::role::Role;
use ipc::service::admin::{AUTH_SOCKET, AuthReply, AuthRequest, MasterReply, MasterRequest, ProcessState};

use harness::{Instance, Started, User};

#[test]
fn comes_up_answers_and_stops() {
    let instance = Instance::start("h.example");
    let rows = instance.status();
    let names: Vec<String> = rows.iter().map(|row| row.instance.to_string()).collect();
    assert_eq!(names, ["store", "keys", "auth", "mx/0", "mx/1", "imap/0", "pop3/0"]);
    assert!(
        rows.iter().all(|row| row.state == ProcessState::Ready && row.pid.is_some() && row.restarts == 0)
    );
    assert!(instance.says("mx").starts_with("mx/"));
    assert_eq!(instance.says("imaps"), "imap/0\n");
    assert_eq!((instance.says("pop3"), instance.says("pop3s")), ("pop3/0\n".into(), "pop3/0\n".into()));
    let counted = harness::within(Duration::from_secs(3), || {
        instance
            .status()
            .iter()
            .filter(|row| row.instance.role.is_reader())
            .map(|row| row.sessions)
            .sum::<u32>()
            == 4
    });
    assert!(counted, "sessions reach the status");
    let AuthReply::Domains(peers) = instance.ask_auth(AuthRequest::ListDomains) else { panic!("peers") };
    assert_eq!(
        peers,
        [
            "directory from mx/0",
            "directory from mx/1",
            "login from imap/0",
            "login from pop3/0",
            "sessions to store"
        ]
    );

    assert!(matches!(instance.ask(MasterRequest::Stop), MasterReply::Stopping));
    let run_dir = instance.run_dir();
    assert_eq!(instance.end().0, Some(0));
    assert!(!run_dir.join(AUTH_SOCKET).exists(), "the sockets are gone");
}

#[test]
fn whoever_is_killed_comes_back_and_the_others_stay() {
    let instance = Instance::start("h.example");
    for victim in ["store", "keys", "auth", "mx/0", "mx/1", "imap/0", "pop3/0"] {
        let before = instance.status();
        let of = |rows: &[ipc::service::admin::ProcessStatus]| {
            rows.iter().find(|row| row.instance.to_string() == victim).cloned().expect("the victim")
        };
        harness::kill(of(&before).pid.expect("a pid"));
        // nobody is refused meanwhile: both workers' sockets stay
        for _ in 0..20 {
            instance.connect("mx");
            instance.connect("imaps");
        }
        let back = harness::within(Duration::from_secs(2), || {
            let row = of(&instance.status());
            row.state == ProcessState::Ready && row.restarts == of(&before).restarts + 1
        });
        assert!(back, "{victim} is back in two seconds");
        for (old, new) in before.iter().zip(instance.status()) {
            if old.instance.to_string() != victim {
                assert_eq!((old.pid, old.restarts), (new.pid, new.restarts), "{} stays", old.instance);
            }
        }
        let AuthReply::Domains(peers) = instance.ask_auth(AuthRequest::ListDomains) else { panic!("peers") };
        assert_eq!(peers.len(), 5, "after {victim}: {peers:?}");
    }
    instance.signal(rustix::process::Signal::TERM);
    assert_eq!(instance.end().0, Some(0));
}

#[test]
fn one_instance_a_directory() {
    let instance = Instance::start("h.example");
    let (status, said) = instance.again();
    assert_eq!(status, Some(75), "{said}");
    assert!(said.contains("another bulkhead-master"), "{said}");
    assert_eq!(instance.status().len(), 7, "the first is unharmed");
}

#[test]
fn a_role_that_refuses_the_configuration_ends_the_start() {
    let Started::Ended(status, said) = Instance::try_start("refuses.example", "") else {
        panic!("it started")
    };
    assert_eq!(status, Some(78), "{said}");
    assert!(said.contains("the key is not to my liking"), "{said}");
}

#[test]
fn a_wrong_file_ends_the_start_with_the_place() {
    let Started::Ended(status, said) = Instance::try_start("h.example", "[mx]\nport = 25\n") else {
        panic!("it started")
    };
    assert_eq!(status, Some(78));
    assert!(said.contains("bulkhead.toml:") && said.contains("there is no key `port` in [mx]"), "{said}");
}

#[test]
fn nonsense_from_a_role_is_its_own_end_only() {
    let instance = Instance::start("malformed.example");
    assert!(harness::within(Duration::from_secs(3), || {
        instance.status().iter().any(|row| row.instance.role == Role::Mx && row.restarts > 0)
    }));
    assert!(
        instance.status().iter().filter(|row| row.instance.role != Role::Mx).all(|row| row.restarts == 0)
    );
}

#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let instance = Instance::start("loud.example");
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..5 {
        assert_eq!(instance.status().len(), 7);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(instance.status().iter().all(|row| row.state == ProcessState::Ready && row.restarts == 0));
}

#[test]
fn the_second_signal_does_not_wait() {
    let instance = Instance::start("stays.example");
    instance.signal(rustix::process::Signal::INT);
    assert!(harness::within(Duration::from_secs(2), || {
        instance.status().iter().any(|row| row.state == ProcessState::Draining)
    }));
    instance.signal(rustix::process::Signal::INT);
    let started = std::time::Instant::now();
    assert_eq!(instance.end().0, Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn certificates_are_read_from_their_beginning_each_time() {
    let instance = Instance::start("files.example");
    let keys = instance.status()[1].pid.expect("keys");
    harness::kill(keys);
    assert!(harness::within(Duration::from_secs(3), || {
        let row = &instance.status()[1];
        row.state == ProcessState::Ready && row.restarts == 1
    }));
    instance.signal(rustix::process::Signal::TERM);
    let (_, said) = instance.end();
    assert_eq!(said.matches("keys read <the chain>").count(), 2, "{said}");
    assert_eq!(said.matches("keys read <the key>").count(), 2, "{said}");
}

#[test]
fn an_ordinary_user_runs_one_with_a_shared_uid() {
    if !rustix::process::geteuid().is_root() {
        // every other test is this one then
        return;
    }
    let Started::Running(instance) = Instance::begin("h.example", "", User::Ordinary(61999), |_, _| {})
    else {
        panic!("it ended")
    };
    assert!(instance.status().iter().all(|row| row.uid == Some(61999)));
    let pid = instance.status()[0].pid.expect("a pid");
    harness::kill(pid);
    assert!(harness::within(Duration::from_secs(2), || {
        let row = &instance.status()[0];
        row.state == ProcessState::Ready && row.restarts == 1
    }));
    instance.signal(rustix::process::Signal::TERM);
    assert_eq!(instance.end().0, Some(0));
}

#[test]
fn without_root_the_shared_uid_has_to_be_waived() {
    let user = if rustix::process::geteuid().is_root() { User::Ordinary(61999) } else { User::Whoever };
    let started = Instance::begin("h.example", "", user, |_, dir| {
        let path = dir.join("bulkhead.toml");
        let text = std::fs::read_to_string(&path).expect("a file").replace("waive = [\"uid\"]", "");
        std::fs::write(&path, text).expect("a file");
    });
    let Started::Ended(status, said) = started else { panic!("it started") };
    assert_eq!(status, Some(78));
    assert!(said.contains("waive = [\"uid\"]"), "{said}");
}

#[test]
fn systemd_is_told() {
    let mut socket = None;
    let started = Instance::begin("h.example", "", User::Whoever, |command, dir| {
        let path = dir.join("notify.sock");
        socket = Some(std::os::unix::net::UnixDatagram::bind(&path).expect("a socket"));
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    });
    let (Started::Running(instance), Some(socket)) = (started, socket) else { panic!("it ended") };
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    let hear = |wanted: &str| {
        for _ in 0..100 {
            let mut buffer = [0; 512];
            let got = socket.recv(&mut buffer).expect("a message");
            if String::from_utf8_lossy(&buffer[..got]).contains(wanted) {
                return;
            }
        }
        panic!("{wanted} was not said");
    };
    hear("READY=1");
    hear("STATUS=7 processes serve");
    hear("WATCHDOG=1");
    hear("WATCHDOG=1");
    instance.signal(rustix::process::Signal::TERM);
    hear("STOPPING=1");
    assert_eq!(instance.end().0, Some(0));
}
