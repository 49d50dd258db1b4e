//! Becoming more than it is: ids, namespaces, mounts, a root of its choice, its own walls taken down.

use ipc::role::Layer;
use nix::libc;

use super::{done, number, open, path};
use crate::order::{Handed, Scene};
use crate::raw::{Arg, Failed, NULL, call, text};
use crate::table::{Attempt, KILLED, attempt, errno};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt(
        "become-root",
        "take the uid 0",
        become_root,
        &[KILLED, errno(Layer::Uid, libc::EPERM), errno(Layer::UserNamespace, libc::EINVAL)],
    )
    .takes_root(),
    attempt(
        "become-other",
        "take the uid 1",
        become_other,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EINVAL),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "take-groups",
        "take the group 0 as well",
        take_groups,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "take-namespace",
        "enter the network namespace of the master",
        take_namespace,
        &[
            errno(Layer::Landlock, libc::EACCES).keepers(),
            KILLED,
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::Capabilities, libc::EACCES),
            errno(Layer::Landlock, libc::EACCES).readers(),
        ],
    )
    .takes_root(),
    attempt(
        "new-user-namespace",
        "make a user namespace, and be root there",
        new_user_namespace,
        &[KILLED, errno(Layer::UserNamespace, libc::EPERM)],
    ),
    attempt(
        "new-mount-namespace",
        "make a mount namespace",
        new_mount_namespace,
        &[KILLED, errno(Layer::Uid, libc::EPERM), errno(Layer::Capabilities, libc::EPERM)],
    )
    .takes_namespace(),
    attempt(
        "mount",
        "mount a file system here",
        mount,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
            errno(Layer::Landlock, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "open-file-system",
        "make a file system that is mounted nowhere",
        open_file_system,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "clone-tree",
        "clone the mounts beneath a descriptor of the host's root",
        clone_tree,
        &[
            KILLED,
            errno(Layer::Uid, libc::EPERM),
            errno(Layer::UserNamespace, libc::EPERM),
            errno(Layer::Root, libc::EINVAL),
            errno(Layer::Capabilities, libc::EPERM),
        ],
    )
    .takes_root(),
    attempt(
        "change-root",
        "make the current directory its root",
        change_root,
        &[KILLED, errno(Layer::Uid, libc::EPERM), errno(Layer::Capabilities, libc::EPERM)],
    )
    .takes_namespace(),
    attempt("dumpable", "let itself be traced and dumped", dumpable, &[KILLED]),
    attempt("keep-alive", "outlive the master", keep_alive, &[KILLED]),
    attempt(
        "raise-limit",
        "allow itself a core file again",
        raise_limit,
        &[KILLED, errno(Layer::Rlimits, libc::EPERM)],
    ),
    attempt(
        "raise-priority",
        "raise its own priority",
        raise_priority,
        &[
            KILLED,
            errno(Layer::Uid, libc::EACCES),
            errno(Layer::UserNamespace, libc::EACCES),
            errno(Layer::Capabilities, libc::EACCES),
        ],
    )
    .takes_root(),
];

const KEEP: i64 = -1;

fn become_root(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_setuid, &mut [NULL]))
}

fn become_other(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_setresuid, &mut [Arg::Int(KEEP), Arg::Int(1), Arg::Int(KEEP)]))
}

fn take_groups(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_setgroups, &mut [Arg::Int(1), Arg::In(&[0; 4])]))
}

fn take_namespace(scene: &Scene, handed: &Handed) -> Result<(), Failed> {
    // a process that sees no /proc may still have been left a descriptor that leads there
    let name = path(&["proc/", &scene.master.to_string(), "/ns/net"])?;
    let namespace = open(number(&handed.host_root), &name, libc::O_RDONLY)?;
    done(call(libc::SYS_setns, &mut [Arg::Int(namespace), Arg::Int(libc::CLONE_NEWNET.into())]))
}

fn new_user_namespace(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_unshare, &mut [Arg::Int(libc::CLONE_NEWUSER.into())]))
}

fn new_mount_namespace(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_unshare, &mut [Arg::Int(libc::CLONE_NEWNS.into())]))
}

fn mount(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let (source, target, kind) = (text(c"none"), text(c"mounted"), text(c"tmpfs"));
    call(libc::SYS_mount, &mut [source, target, kind, NULL, NULL])?;
    done(call(libc::SYS_umount2, &mut [text(c"mounted"), Arg::Int(libc::MNT_DETACH.into())]))
}

fn open_file_system(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_fsopen, &mut [text(c"tmpfs"), NULL]))
}

fn clone_tree(_: &Scene, handed: &Handed) -> Result<(), Failed> {
    const CLONE: i64 = 1;
    done(call(libc::SYS_open_tree, &mut [Arg::Int(number(&handed.host_root)), text(c"etc"), Arg::Int(CLONE)]))
}

fn change_root(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_chroot, &mut [text(c".")]))
}

fn dumpable(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_prctl, &mut [Arg::Int(libc::PR_SET_DUMPABLE.into()), Arg::Int(1)]))
}

fn keep_alive(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_prctl, &mut [Arg::Int(libc::PR_SET_PDEATHSIG.into()), NULL]))
}

fn raise_limit(_: &Scene, _: &Handed) -> Result<(), Failed> {
    let one: Vec<u8> = [1_u64, 1].into_iter().flat_map(u64::to_ne_bytes).collect();
    done(call(libc::SYS_prlimit64, &mut [NULL, Arg::Int(libc::RLIMIT_CORE.into()), Arg::In(&one), NULL]))
}

fn raise_priority(_: &Scene, _: &Handed) -> Result<(), Failed> {
    done(call(libc::SYS_setpriority, &mut [Arg::Int(libc::PRIO_PROCESS.into()), NULL, Arg::Int(-1)]))
}
