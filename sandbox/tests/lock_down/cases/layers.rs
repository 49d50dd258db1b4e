//! Which layers are on, and what happens when one cannot be had.

use std::process::Stdio;

use ipc::role::{Layer, Layers, Role};

use super::{alone, of, said};
use crate::Starter::{self, Root, User};
use crate::cell::{REFUSED, names};
use crate::started::{Cell, ROLE_ID, outcome, status_once_locked};

const NO_CAPABILITY: &str = "0000000000000000";

pub(super) fn every_role_has_every_layer(starter: Starter) {
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

pub(super) fn a_file_as_standard_error_is_an_error(starter: Starter) {
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

pub(super) fn layers_alone_are_on_alone(starter: Starter) {
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

pub(super) fn ids_that_are_not_given_are_missed(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, of(&[Layer::Uid]));
    let why = "layer uid cannot be had: the plan names no uid and gid of the role's own";
    assert_eq!(cell.run("nothing").lines, [format!("{REFUSED}{why}")]);
    assert_eq!(cell.waive(Layer::Uid).run("nothing").lines, ["", "ok"]);
}

pub(super) fn root_does_without_user_namespaces(starter: Starter) {
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

pub(super) fn refused_user_namespaces(starter: Starter) {
    let apply = of(&[Layer::Uid, Layer::UserNamespace, Layer::NetNamespace, Layer::Capabilities]);
    let cell = || Cell::with(starter, Role::Imap, apply).own_ids().after("chroot");
    let why = "unshare(CLONE_NEWUSER): Operation not permitted (os error 1)";
    let refused = cell().run("nothing");
    assert_eq!(refused.lines, [format!("{REFUSED}layer user-namespace cannot be had: {why}")]);
    let waived = cell().waive(Layer::UserNamespace).run("nothing");
    assert_eq!(waived.lines, [names(apply.without(Layer::UserNamespace)).as_str(), "ok"]);
}

pub(super) fn a_uid_alone_takes_the_capabilities(starter: Starter) {
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

pub(super) fn a_restricted_master_still_starts_roles(starter: Starter) {
    let done = Cell::full(starter, Role::Store).run_under_master("own-files=");
    let layers = names(expected_layers(starter));
    assert_eq!(done.lines.get(1..).unwrap_or_default(), [layers.as_str(), "ok"], "{done:?}");
    // SETUID, SETGID and KILL
    let kept = if starter == Root { "00000000000000e0" } else { NO_CAPABILITY };
    let sets: Vec<_> = done.lines[0].split(' ').collect();
    assert_eq!(sets[..2], [kept, kept]);
    // an ordinary user cannot change the bounding set, and has nothing that it would bound
    assert_eq!(sets[2] == kept, starter == Root, "{sets:?}");
}

pub(super) fn a_missing_layer_is_named(starter: Starter) {
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

pub(super) fn a_user_may_not_take_ids(starter: Starter) {
    let cell = Cell::with(starter, Role::Imap, of(&[Layer::Uid])).own_ids();
    let why = "layer uid cannot be had: setgroups: Operation not permitted (os error 1)";
    assert_eq!(cell.run("nothing").lines, [format!("{REFUSED}{why}")]);
}

fn expected_layers(starter: Starter) -> Layers {
    if starter == Root { Layers::all() } else { Layers::all().without(Layer::Uid) }
}

pub(super) fn limits_are_fixed(starter: Starter) {
    let limits = |role| said(&Cell::with(starter, role, of(&[Layer::Rlimits])).run("limits"));
    assert_eq!(limits(Role::Imap), "core 0/0, processes 0/0, files 64/64, growth 0/0");
    let unlimited = u64::MAX;
    assert_eq!(
        limits(Role::Store),
        format!("core 0/0, processes 0/0, files 64/64, growth {unlimited}/{unlimited}")
    );
}
