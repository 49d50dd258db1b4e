//! Listening sockets that systemd passes.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{self, Instance, Started, User, within};

/// Becomes a master with listening sockets from descriptor 3 on, as sd_listen_fds(3) says: names, then addresses.
const PASS: &str = "
import os, socket, sys
config, names, addresses = sys.argv[2], sys.argv[3], sys.argv[4:]
os.set_inheritable(0, True)
kept = []
for address in addresses:
    host, port = address.rsplit(':', 1)
    kind = socket.SOCK_DGRAM if host == 'udp' else socket.SOCK_STREAM
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(('127.0.0.1', int(port)))
    if kind == socket.SOCK_STREAM:
        made.listen(64)
    kept.append(os.dup2(made.fileno(), 100 + len(kept)))
for at, made in enumerate(kept):
    os.dup2(made, 3 + at)
    os.close(made)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(addresses)), LISTEN_FDNAMES=names)
os.execv(sys.argv[1], [sys.argv[1], 'run', '--config', config])
";

fn start(more: &str, names: &str, addresses: &[String]) -> Started {
    Instance::begin("h.example", more, User::Whoever, |command, directory| {
        let mut passing = Command::new("python3");
        passing
            .args(["-c", PASS])
            .arg(directory.join("bin/bulkhead-master"))
            .arg(directory.join("bulkhead.toml"));
        passing.arg(names).args(addresses).env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
        *command = passing;
    })
}

#[test]
fn by_name_or_by_address_and_all_workers_share_it() {
    let (named, addressed) = (harness::free(), harness::free());
    let more = format!(
        "[mx]\nlisten = [\"127.0.0.1:0\"]\nworkers = 2\n[imap]\nlisten_tls = [\"{addressed}\"]\nworkers = 1\n"
    );
    let passed = [named.to_string(), addressed.to_string()];
    let started = start(&more, "smtp:bulkhead.socket", &passed);
    let Started::Running(instance) = started else { panic!("it starts") };
    assert_eq!((instance.address("mx"), instance.address("imaps")), (named, addressed));
    assert_eq!(harness::says(addressed).expect("a greeting"), "imap/0\n");
    let mut said = std::collections::BTreeSet::new();
    assert!(
        within(Duration::from_secs(10), || {
            said.insert(harness::says(named).expect("nobody is refused"));
            said.len() == 2
        }),
        "both workers accept: {said:?}"
    );
    // who is started again gets it again
    let pid = instance.status().into_iter().find(|row| row.instance.to_string() == "imap/0");
    harness::kill(pid.and_then(|row| row.pid).expect("a process"));
    assert!(within(Duration::from_secs(10), || harness::says(addressed).is_ok_and(|said| said == "imap/0\n")));
}

#[test]
fn what_is_nobodys_or_no_listener_ends_the_start() {
    let stray = harness::free();
    let Started::Ended(status, said) = start("", "bulkhead.socket", &[stray.to_string()]) else {
        panic!("it starts")
    };
    assert_eq!(status, Some(78));
    assert!(said.contains(&format!("bound to {stray}: no role is configured to listen there")), "{said}");
    let Started::Ended(status, said) = start("", "smtp", &["udp:0".to_owned()]) else { panic!("it starts") };
    assert_eq!(status, Some(78));
    assert!(said.contains("`smtp` is no listening TCP socket"), "{said}");
}
