//! A disk whose power can be cut: an ext4 image on XFS, which can clone a file at an instant while it is written to.
//!
//! What the ext4 has not written through to its image is not in the clone, as it would not be on a disk without power.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The file systems. Takes two loop devices, and a third while a clone is looked at.
pub(crate) struct Disk {
    inner: Mounted,
    outer: Mounted,
    _place: tempfile::TempDir,
}

/// A mounted image, unmounted when dropped.
pub(crate) struct Mounted {
    path: PathBuf,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let place = tempfile::Builder::new().prefix("bulkhead-power-").tempdir().unwrap();
        let xfs = place.path().join("xfs.img");
        image(&xfs, 6 << 30);
        run(Command::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(&xfs), "package xfsprogs");
        let outer = Mounted::mount(&xfs, place.path().join("xfs"));
        let ext4 = outer.path.join("ext4.img");
        image(&ext4, 2 << 30);
        run(Command::new("mkfs.ext4").arg("-q").arg(&ext4), "package e2fsprogs");
        let inner = Mounted::mount(&ext4, place.path().join("ext4"));
        Disk { inner, outer, _place: place }
    }

    /// Where the store is.
    pub(crate) fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The disk as it would be found if the power went now.
    pub(crate) fn cut(&self) -> Mounted {
        let clone = self.outer.path.join("clone.img");
        run(
            Command::new("cp").arg("--reflink=always").arg(self.outer.path.join("ext4.img")).arg(&clone),
            "a clone is what the test is about",
        );
        let mounted = Mounted::mount(&clone, self.outer.path.join("clone"));
        // The name is not needed any more; the space is given back with the mount.
        std::fs::remove_file(clone).unwrap();
        mounted
    }
}

impl Mounted {
    fn mount(image: &Path, path: PathBuf) -> Self {
        std::fs::create_dir_all(&path).unwrap();
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&path), "root and a free loop device");
        Mounted { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // An engine's threads close its files a moment after it was dropped.
        for _ in 0..100 {
            let done = Command::new("umount").arg("--quiet").arg(&self.path).output();
            if done.is_ok_and(|done| done.status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

fn image(path: &Path, length: u64) {
    std::fs::File::create(path).unwrap().set_len(length).unwrap();
}

fn run(command: &mut Command, needed: &str) {
    let done = command.status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "{command:?} failed; the power-cut test needs it ({needed})"
    );
}
