//! A root of the role's own: its directory becomes `/`, and the host's tree is gone from the mount namespace.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, fchdir, pivot_root};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::error::Refusal;
use crate::namespaces;
use crate::table::RootKind;

/// Where the journal's socket is found beneath a root; the master makes the placeholder.
const JOURNAL: &str = "run/systemd/journal/socket";

/// The directory on the host that is to become the root, held without a right to anything in it: the starter found
/// it, the role enters it. So its parents need to let through only the starter, and the directory itself only the
/// role: a private instance beneath a home that nobody else may enter works, and a master without capabilities over
/// other people's files does, too.
pub(crate) struct RootDir(OwnedFd);

impl RootDir {
    /// Finds the directory, as whoever starts the role.
    ///
    /// # Errors
    /// The path is relative, names no directory, or there is no way there.
    pub(crate) fn find(path: &Path) -> Result<Self, Refusal> {
        if !path.is_absolute() || path.parent().is_none() {
            return Err(Refusal::RootPath(path.to_path_buf()));
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open(path, flags, Mode::empty()).map(RootDir).map_err(Refusal::nix("open(root)"))
    }

    /// Makes the directory the root of a new mount namespace, as the role. Nothing else of the host stays visible.
    ///
    /// # Errors
    /// The role may not enter the directory, or not mount.
    pub(crate) fn become_root(self, kind: RootKind, journal: Option<&Path>) -> Result<(), Refusal> {
        // before the namespace is made: a descriptor stays in the old one, the current directory does not
        fchdir(&self.0).map_err(Refusal::nix("fchdir(root)"))?;
        drop(self);
        namespaces::mounts()?;
        make_private()?;
        mount_on_itself()?;
        if let Some(socket) = journal {
            bind_journal(socket)?;
        }
        pivot()?;
        restrict_mount(kind)
    }
}

/// Mounts and unmounts of the host no longer arrive, and ours do not leave.
fn make_private() -> Result<(), Refusal> {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(Refusal::nix("mount(/, MS_PRIVATE)"))
}

/// Makes the current directory a mount, and goes into that mount. By descriptor: the path need not be passable.
fn mount_on_itself() -> Result<(), Refusal> {
    // with what is mounted beneath it: a directory may lie on several file systems
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, ".", flags).map_err(Refusal::rustix("open_tree(root)"))?;
    move_mount(&tree, "", CWD, ".", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(Refusal::rustix("move_mount(root)"))?;
    fchdir(&tree).map_err(Refusal::nix("fchdir(mounted root)"))
}

fn bind_journal(socket: &Path) -> Result<(), Refusal> {
    mount(Some(socket), JOURNAL, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .map_err(Refusal::nix("mount(journal socket, MS_BIND)"))
}

/// The current directory becomes `/`; the old root, which lands on top of it, is taken away (pivot_root(2)).
fn pivot() -> Result<(), Refusal> {
    pivot_root(".", ".").map_err(Refusal::nix("pivot_root"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(Refusal::nix("umount2(old root)"))?;
    chdir("/").map_err(Refusal::nix("chdir(/)"))
}

fn restrict_mount(kind: RootKind) -> Result<(), Refusal> {
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    flags |= MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if kind == RootKind::Empty {
        flags |= MsFlags::MS_RDONLY;
    }
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).map_err(Refusal::nix("mount(/, MS_REMOUNT)"))
}
