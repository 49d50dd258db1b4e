//! The cases.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::process::Stdio;
use std::time::Duration;

use ipc::role::{Layer, Layers, Role};
use nix::libc::{SIGABRT, SIGKILL, SIGSYS};

use crate::Starter::{self, Root, User};
use crate::cell::{REFUSED, names};
use crate::started::{Cell, ROLE_ID, outcome, status_once_locked};

type Test = (&'static str, fn(Starter));
type Case = (&'static str, Starter, fn(Starter));

/// Every case, with who starts its cell.
pub(crate) fn all() -> Vec<Case> {
    let both: [Test; 24] = [
        ("every_role_has_every_layer", every_role_has_every_layer),
        ("a_reader_sees_no_file", a_reader_sees_no_file),
        ("own_files_can_be_worked_with", own_files_can_be_worked_with),
        ("auth_keeps_a_database", auth_keeps_a_database),
        ("own_files_can_be_worked_with_under_landlock_alone", own_files_under_landlock_alone),
        ("the_root_is_all_there_is", the_root_is_all_there_is),
        ("an_empty_root_cannot_be_filled", an_empty_root_cannot_be_filled),
        ("a_listener_that_was_handed_over_serves", a_listener_serves),
        ("a_runtime_built_between_the_steps_serves", a_runtime_serves),
        ("connecting_is_stopped_by_each_layer", connecting_is_stopped_by_each_layer),
        ("abstract_sockets_are_stopped_by_each_layer", abstract_sockets_are_stopped),
        ("signals_are_stopped_by_each_layer", signals_are_stopped),
        ("new_processes_are_stopped", new_processes_are_stopped),
        ("forbidden_calls_kill", forbidden_calls_kill),
        ("the_filter_is_on_every_thread", the_filter_is_on_every_thread),
        ("only_the_store_makes_session_pairs", only_the_store_makes_session_pairs),
        ("the_journal_is_reached_only_when_planned", the_journal_is_reached_only_when_planned),
        ("a_panic_and_an_abort_are_what_they_are", a_panic_and_an_abort_are_what_they_are),
        ("a_role_dies_with_its_master", a_role_dies_with_its_master),
        ("a_second_thread_is_an_error", a_second_thread_is_an_error),
        ("a_file_as_standard_error_is_an_error", a_file_as_standard_error_is_an_error),
        ("layers_alone_are_on_alone", layers_alone_are_on_alone),
        ("ids_that_are_not_given_are_missed", ids_that_are_not_given_are_missed),
        ("a_root_that_is_not_there_is_an_error", a_root_that_is_not_there_is_an_error),
    ];
    let root: [Test; 4] = [
        ("root_does_without_user_namespaces", root_does_without_user_namespaces),
        ("refused_user_namespaces_are_an_error_or_waived", refused_user_namespaces),
        ("a_uid_alone_takes_the_capabilities", a_uid_alone_takes_the_capabilities),
        ("a_restricted_master_still_starts_roles", a_restricted_master_still_starts_roles),
    ];
    let user: [Test; 2] = [
        ("a_missing_layer_is_named", a_missing_layer_is_named),
        ("a_user_may_not_take_ids", a_user_may_not_take_ids),
    ];
    let as_both = both.into_iter().flat_map(|(name, case)| [(name, Root, case), (name, User, case)]);
    let as_root = root.into_iter().map(|(name, case)| (name, Root, case));
    let as_user = user.into_iter().map(|(name, case)| (name, User, case));
    as_both.chain(as_root).chain(as_user).collect()
}

const NO_CAPABILITY: &str = "0000000000000000";

fn of(layers: &[Layer]) -> Layers {
    layers.iter().copied().collect()
}

/// The only layers, with the user namespace that an ordinary user needs for some of them.
fn alone(starter: Starter, layer: Layer) -> Layers {
    let by_namespace =
        matches!(layer, Layer::NetNamespace | Layer::IpcUtsNamespaces | Layer::Root | Layer::Capabilities);
    if starter == User && by_namespace { of(&[Layer::UserNamespace, layer]) } else { of(&[layer]) }
}

fn expected_layers(starter: Starter) -> Layers {
    if starter == Root { Layers::all() } else { Layers::all().without(Layer::Uid) }
}

fn every_role_has_every_layer(starter: Starter) {
    for role in Role::STARTED {
        let cell = Cell::full(starter, role);
        let mut child = cell.start("wait", Stdio::piped(), Stdio::piped());
        let status = status_once_locked(&mut child);
        assert_eq!(status("layers"), names(expected_layers(starter)), "{role}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status(set), NO_CAPABILITY, "{role}, {set}");
        }
        assert_eq!((status("NoNewPrivs"), status("Seccomp")), ("1".into(), "2".into()), "{role}");
        if starter == Root {
            let id = ROLE_ID.to_string();
            assert_eq!(status("Uid"), [id.as_str(); 4].join(" "), "{role}");
            assert_eq!(status("Gid"), [id.as_str(); 4].join(" "), "{role}");
            assert_eq!(status("Groups"), "", "{role}");
        }
        drop(child.stdin.take());
        assert_eq!(outcome(child).end, Ok(0), "{role}");
    }
}

fn a_reader_sees_no_file(starter: Starter) {
    for attempt in ["stat=/", "stat=/etc/passwd", "read-dir=/"] {
        assert_eq!(Cell::full(starter, Role::Imap).run(attempt).end, Err(SIGSYS), "{attempt}");
    }
    let without = Cell::full(starter, Role::Imap).without(Layer::Seccomp);
    assert_eq!(said(&without.run("stat=/etc/passwd")), "No such file or directory (os error 2)");
    assert_eq!(said(&without.run("read-dir=/")), "Permission denied (os error 13)");
}

fn own_files_can_be_worked_with(starter: Starter) {
    for role in [Role::Store, Role::Auth, Role::Keys] {
        let cell = Cell::full(starter, role);
        let done = cell.run("own-files=");
        assert_eq!(said(&done), "ok", "{role}: {done:?}");
        assert!(cell.root().join("a-directory").is_dir(), "{role}");
    }
}

fn auth_keeps_a_database(starter: Starter) {
    let cell = Cell::full(starter, Role::Auth);
    for attempt in ["database=/accounts", "database=accounts"] {
        let done = cell.run(attempt);
        assert_eq!(said(&done), "ok", "{attempt}: {done:?}");
    }
    assert!(cell.root().join("accounts").is_file());
}

fn own_files_under_landlock_alone(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, of(&[Layer::Landlock]));
    assert_eq!(said(&cell.run(&format!("own-files={}", cell.root().display()))), "ok");
    assert_eq!(said(&cell.run("read-dir=/etc")), "Permission denied (os error 13)");
}

fn the_root_is_all_there_is(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, alone(starter, Layer::Root));
    assert_eq!(said(&cell.run("stat=/")), "ok");
    for path in ["/etc", "/proc/self", "/../etc", "root", "../../etc"] {
        assert_eq!(
            said(&cell.run(&format!("stat={path}"))),
            "No such file or directory (os error 2)",
            "{path}"
        );
    }
}

fn an_empty_root_cannot_be_filled(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, alone(starter, Layer::Root));
    assert_eq!(said(&cell.run("own-files=")), "Read-only file system (os error 30)");
}

fn a_listener_serves(starter: Starter) {
    serves(starter, "serve");
}

fn a_runtime_serves(starter: Starter) {
    serves(starter, "serve-by-runtime");
}

fn serves(starter: Starter, attempt: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let cell = Cell::full(starter, Role::Mx);
    let child = cell.start(attempt, OwnedFd::from(listener), Stdio::piped());
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    client.write_all(b"hello").expect("it is written");
    let mut answer = [0; 5];
    client.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"hello");
    assert_eq!(said(&outcome(child)), "ok");
}

fn connecting_is_stopped_by_each_layer(starter: Starter) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let attempt = format!("connect={}", listener.local_addr().expect("an address"));
    let under = |layers| Cell::with(starter, Role::Imap, layers).run(&attempt);
    assert_eq!(said(&under(Layers::NONE)), "ok");
    assert_eq!(said(&under(alone(starter, Layer::NetNamespace))), "Network is unreachable (os error 101)");
    assert_eq!(said(&under(of(&[Layer::Landlock]))), "Permission denied (os error 13)");
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

fn abstract_sockets_are_stopped(starter: Starter) {
    let name = format!("bulkhead-test-{}-{starter:?}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let _listener = UnixListener::bind_addr(&address).expect("a socket");
    let attempt = format!("abstract={name}");
    let under = |layers| Cell::with(starter, Role::Imap, layers).run(&attempt);
    assert_eq!(said(&under(Layers::NONE)), "ok");
    assert_eq!(said(&under(alone(starter, Layer::NetNamespace))), "Connection refused (os error 111)");
    assert_eq!(said(&under(of(&[Layer::Landlock]))), "Operation not permitted (os error 1)");
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

fn signals_are_stopped(starter: Starter) {
    let under = |layers| Cell::with(starter, Role::Imap, layers).run("signal");
    let refused = "EPERM: Operation not permitted";
    // the ordinary user's cell, started by root, could not signal its parent anyhow
    if starter == Root {
        assert_eq!(said(&under(Layers::NONE)), "ok");
    }
    assert_eq!(said(&under(of(&[Layer::Landlock]))), refused);
    assert_eq!(under(of(&[Layer::Seccomp])).end, Err(SIGSYS));
}

fn new_processes_are_stopped(starter: Starter) {
    let under = |layers| Cell::with(starter, Role::Imap, layers);
    assert_eq!(said(&under(Layers::NONE).run("exec")), "ok");
    assert_eq!(under(of(&[Layer::Seccomp])).run("exec").end, Err(SIGSYS));
    // the limit does not hold for root itself
    let limited = if starter == Root {
        under(of(&[Layer::Uid, Layer::Rlimits])).own_ids()
    } else {
        under(of(&[Layer::Rlimits]))
    };
    assert_eq!(said(&limited.run("exec")), "Resource temporarily unavailable (os error 11)");
}

fn forbidden_calls_kill(starter: Starter) {
    for role in Role::STARTED {
        for attempt in
            ["exec", "new-thread", "memfd", "setuid", "connect=127.0.0.1:1", "signal", "stream-pair"]
        {
            assert_eq!(Cell::full(starter, role).run(attempt).end, Err(SIGSYS), "{role}: {attempt}");
        }
    }
}

fn the_filter_is_on_every_thread(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    assert_eq!(said(&cell.run("thread-works")), "ok 4194304");
    assert_eq!(cell.run("thread-stat").end, Err(SIGSYS));
}

fn only_the_store_makes_session_pairs(starter: Starter) {
    assert_eq!(said(&Cell::full(starter, Role::Store).run("session-pair")), "ok");
    for role in [Role::Mx, Role::Imap, Role::Auth, Role::Keys] {
        assert_eq!(Cell::full(starter, role).run("session-pair").end, Err(SIGSYS), "{role}");
    }
}

fn the_journal_is_reached_only_when_planned(starter: Starter) {
    let directory = tempfile::tempdir_in("/tmp").expect("a directory");
    open_to_all(directory.path(), 0o755);
    let path = directory.path().join("socket");
    let journal = UnixDatagram::bind(&path).expect("a socket");
    open_to_all(&path, 0o666);
    let cell = Cell::full(starter, Role::Imap).journal(&path);
    let done = cell.run("journal");
    assert_eq!(said(&done), "ok", "{done:?}");
    let mut record = [0; 64];
    assert_eq!(journal.recv(&mut record).expect("a record"), b"MESSAGE=x".len());
    assert_eq!(Cell::full(starter, Role::Imap).run("journal").end, Err(SIGSYS));
}

fn open_to_all(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn a_panic_and_an_abort_are_what_they_are(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    let panicked = cell.run("panic");
    assert_eq!(panicked.end, Ok(101));
    assert!(panicked.complaint.contains("on purpose"), "{panicked:?}");
    assert_eq!(cell.run("abort").end, Err(SIGABRT));
}

fn a_role_dies_with_its_master(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    // the signal comes when the thread ends that started the process
    let child = std::thread::scope(|scope| {
        let master = scope.spawn(|| {
            let mut child = cell.start("wait", Stdio::piped(), Stdio::piped());
            let _locked = status_once_locked(&mut child);
            child
        });
        master.join().expect("it is locked down")
    });
    assert_eq!(outcome(child).end, Err(SIGKILL));
}

fn a_second_thread_is_an_error(starter: Starter) {
    let refused = Cell::full(starter, Role::Imap).after("thread").run("nothing");
    let why = "a role must be locked down before its first thread is made, and it has 2";
    assert_eq!(refused.lines, [format!("{REFUSED}{why}")]);
}

fn a_file_as_standard_error_is_an_error(starter: Starter) {
    let cell = Cell::full(starter, Role::Imap);
    let refused = outcome(cell.start("nothing", Stdio::null(), tempfile::tempfile().expect("a file")));
    let why = "layer rlimits cannot be had: standard error is a regular file";
    assert!(refused.lines.concat().starts_with(&format!("{REFUSED}{why}")), "{refused:?}");
    // a role that writes files may also log to one
    let store = Cell::full(starter, Role::Store);
    assert_eq!(
        said(&outcome(store.start("nothing", Stdio::null(), tempfile::tempfile().expect("a file")))),
        "ok"
    );
}

fn layers_alone_are_on_alone(starter: Starter) {
    for layer in Layer::ALL {
        if layer == Layer::Uid && starter == User {
            continue;
        }
        let apply = alone(starter, layer);
        let cell = Cell::with(starter, Role::Imap, apply);
        let cell = if layer == Layer::Uid { cell.own_ids() } else { cell };
        let done = cell.run("nothing");
        // a condition of these two, which the kernel or they themselves see to
        let brings = matches!(layer, Layer::Landlock | Layer::Seccomp);
        let on = if brings { apply.with(Layer::NoNewPrivs) } else { apply };
        assert_eq!(done.lines, [names(on).as_str(), "ok"], "{layer}");
    }
    let nothing = Cell::with(starter, Role::Imap, Layers::NONE).run("nothing");
    assert_eq!(nothing.lines, ["", "ok"]);
}

fn ids_that_are_not_given_are_missed(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, of(&[Layer::Uid]));
    let why = "layer uid cannot be had: the plan names no uid and gid of the role's own";
    assert_eq!(cell.run("nothing").lines, [format!("{REFUSED}{why}")]);
    assert_eq!(cell.waive(Layer::Uid).run("nothing").lines, ["", "ok"]);
}

fn a_root_that_is_not_there_is_an_error(starter: Starter) {
    let cell = Cell::with(starter, Role::Store, alone(starter, Layer::Root)).after("no-root");
    let refused = cell.run("nothing");
    let why = "layer root cannot be had: open(root): No such file or directory (os error 2)";
    assert_eq!(refused.lines, [format!("{REFUSED}{why}")]);
}

fn root_does_without_user_namespaces(starter: Starter) {
    for role in Role::STARTED {
        let cell = Cell::full(starter, role).without(Layer::UserNamespace);
        let mut child = cell.start("wait", Stdio::piped(), Stdio::piped());
        let status = status_once_locked(&mut child);
        assert_eq!(status("layers"), names(Layers::all().without(Layer::UserNamespace)), "{role}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status(set), NO_CAPABILITY, "{role}, {set}");
        }
        assert_eq!(status("Uid"), [ROLE_ID.to_string().as_str(); 4].join(" "), "{role}");
        drop(child.stdin.take());
        assert_eq!(outcome(child).end, Ok(0), "{role}");
    }
    let store = Cell::full(starter, Role::Store).without(Layer::UserNamespace);
    assert_eq!(said(&store.run("own-files=")), "ok");
}

fn refused_user_namespaces(starter: Starter) {
    let apply = of(&[Layer::Uid, Layer::UserNamespace, Layer::NetNamespace, Layer::Capabilities]);
    let cell = || Cell::with(starter, Role::Imap, apply).own_ids().after("chroot");
    let why = "unshare(CLONE_NEWUSER): Operation not permitted (os error 1)";
    let refused = cell().run("nothing");
    assert_eq!(refused.lines, [format!("{REFUSED}layer user-namespace cannot be had: {why}")]);
    let waived = cell().waive(Layer::UserNamespace).run("nothing");
    assert_eq!(waived.lines, [names(apply.without(Layer::UserNamespace)).as_str(), "ok"]);
}

fn a_uid_alone_takes_the_capabilities(starter: Starter) {
    for apply in [of(&[Layer::Uid]), of(&[Layer::Uid, Layer::NetNamespace])] {
        let cell = Cell::with(starter, Role::Imap, apply).own_ids();
        let mut child = cell.start("wait", Stdio::piped(), Stdio::piped());
        let status = status_once_locked(&mut child);
        assert_eq!(status("layers"), names(apply));
        assert_eq!((status("CapEff"), status("CapPrm")), (NO_CAPABILITY.into(), NO_CAPABILITY.into()));
        drop(child.stdin.take());
        assert_eq!(outcome(child).end, Ok(0));
    }
}

fn a_restricted_master_still_starts_roles(starter: Starter) {
    let done = Cell::full(starter, Role::Store).run_under_master("own-files=");
    let layers = names(Layers::all());
    assert_eq!(done.lines.get(1..).unwrap_or_default(), [layers.as_str(), "ok"], "{done:?}");
    assert_eq!(done.lines[0], "Root(CapabilitySet(KILL | SETGID | SETUID))");
}

fn a_missing_layer_is_named(starter: Starter) {
    let calls = [
        (Layer::NetNamespace, "unshare(CLONE_NEWNET)"),
        (Layer::IpcUtsNamespaces, "unshare(CLONE_NEWIPC|CLONE_NEWUTS)"),
        (Layer::Root, "unshare(CLONE_NEWNS)"),
        (Layer::Capabilities, "prctl(PR_CAPBSET_DROP)"),
    ];
    for (layer, call) in calls {
        let cell = Cell::with(starter, Role::Imap, of(&[layer]));
        let why = format!("layer {layer} cannot be had: {call}: Operation not permitted (os error 1)");
        assert_eq!(cell.run("nothing").lines, [format!("{REFUSED}{why}")]);
        assert_eq!(cell.waive(layer).run("nothing").lines, ["", "ok"]);
    }
}

fn a_user_may_not_take_ids(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, of(&[Layer::Uid])).own_ids();
    let why = "layer uid cannot be had: setgroups: Operation not permitted (os error 1)";
    assert_eq!(cell.run("nothing").lines, [format!("{REFUSED}{why}")]);
}

/// What a cell that was locked down said about its attempt; a panic says what happened instead.
fn said(done: &crate::started::Outcome) -> String {
    match done.lines.as_slice() {
        [_layers, answer] => answer.clone(),
        _ => format!("{done:?}"),
    }
}
