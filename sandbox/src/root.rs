//! A root of the role's own: its directory becomes `/`, and the host's tree is gone from the mount namespace.

use std::ffi::OsStr;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, fchdir, pivot_root};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::error::Refusal;
use crate::namespaces;
use crate::table::RootKind;

/// Where the journal's socket is found beneath a root; the master makes the placeholder.
const JOURNAL: &str = "run/systemd/journal/socket";

/// A root directory that is approached in two steps, so that its parents need to let through only the starter and
/// the directory itself only the role: a private instance beneath a home directory nobody else may enter works.
pub(crate) struct Approach<'a> {
    name: &'a OsStr,
}

impl<'a> Approach<'a> {
    /// Goes to the parent of the root directory, as whoever starts the role.
    ///
    /// # Errors
    /// The path is not that of a directory in another one, or there is no way there.
    pub(crate) fn to_parent(root_dir: &'a Path) -> Result<Self, Refusal> {
        let (Some(parent), Some(name), true) =
            (root_dir.parent(), root_dir.file_name(), root_dir.is_absolute())
        else {
            return Err(Refusal::RootPath(root_dir.to_path_buf()));
        };
        chdir(parent).map_err(Refusal::nix("chdir(parent of the root)"))?;
        Ok(Approach { name })
    }

    /// Makes the directory the root of a new mount namespace, as the role. Nothing else of the host stays visible.
    ///
    /// # Errors
    /// The role may not enter the directory, or not mount.
    pub(crate) fn enter(self, kind: RootKind, journal: Option<&Path>) -> Result<(), Refusal> {
        namespaces::mounts()?;
        make_private()?;
        chdir(self.name).map_err(Refusal::nix("chdir(root)"))?;
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
    fchdir(&tree).map_err(Refusal::nix("fchdir(root)"))
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
