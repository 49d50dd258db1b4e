//! A directory of somebody else's, beneath which nothing is trusted.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use ipc::mail::Seconds;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::error::MigrateError;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const WITHIN: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// An open directory; every path is relative to it, and leads to nothing outside of it.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    path: PathBuf,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// Is it a directory?
    pub is_directory: bool,
}

impl Tree {
    /// Opens a directory; the path to it is the caller's, who may use links in it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, MigrateError> {
        let root = rustix::fs::open(path, DIRECTORY, Mode::empty()).map_err(|errno| io(path, errno))?;
        Ok(Tree { root, path: path.to_owned() })
    }

    /// Makes a directory that only its owner may look into, and opens it; it may be there already, but not as a link, which
    /// anybody may have put there where everybody can write.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn create(path: &Path) -> Result<Self, MigrateError> {
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(io(path, errno)),
        }
        let root = rustix::fs::open(path, DIRECTORY.union(OFlags::NOFOLLOW), Mode::empty());
        let root = root.map_err(|errno| match errno {
            Errno::LOOP | Errno::NOTDIR => MigrateError::NotPlain { path: path.to_owned() },
            errno => io(path, errno),
        })?;
        Ok(Tree { root, path: path.to_owned() })
    }

    /// What a path beneath it is called in messages.
    #[must_use]
    pub fn name(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// The plain files and directories in a directory, by name; links, pipes and devices are left out.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    pub fn list(&self, path: &Path) -> Result<Vec<Entry>, MigrateError> {
        let directory = self.reach(path, DIRECTORY, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&directory).map_err(|errno| io(&self.name(path), errno))? {
            let entry = entry.map_err(|errno| io(&self.name(path), errno))?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => kind_of(&directory, entry.file_name()),
                kind => kind,
            };
            if matches!(kind, FileType::Directory | FileType::RegularFile) {
                let is_directory = kind == FileType::Directory;
                entries.push(Entry { name: OsString::from_vec(name.to_vec()), is_directory });
            }
        }
        entries.sort_unstable();
        Ok(entries)
    }

    /// Is there a directory of that name?
    #[must_use]
    pub fn has_directory(&self, path: &Path) -> bool {
        self.reach(path, DIRECTORY, Mode::empty()).is_ok()
    }

    /// A plain file of at most `cap` bytes, and when it was last modified; none if it is not there.
    ///
    /// # Errors
    /// When it is no plain file, too large, or cannot be opened.
    pub fn file(&self, path: &Path, cap: u64) -> Result<Option<(File, Seconds)>, MigrateError> {
        // not blocking: a pipe without a writer would hold us up
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match self.reach(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(MigrateError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let stat = rustix::fs::fstat(&file).map_err(|errno| io(&self.name(path), errno))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(MigrateError::NotPlain { path: self.name(path) });
        }
        if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > cap {
            return Err(MigrateError::TooLarge { path: self.name(path), cap });
        }
        Ok(Some((file, stat.st_mtime)))
    }

    /// The bytes of such a file.
    ///
    /// # Errors
    /// As [`Tree::file`], and when it cannot be read.
    pub fn read(&self, path: &Path, cap: u64) -> Result<Option<Vec<u8>>, MigrateError> {
        let Some((file, _)) = self.file(path, cap)? else { return Ok(None) };
        let mut bytes = Vec::new();
        // it may have grown since
        let read = file.take(cap.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|source| MigrateError::Io { path: self.name(path), source })?;
        if bytes.len() as u64 > cap {
            return Err(MigrateError::TooLarge { path: self.name(path), cap });
        }
        Ok(Some(bytes))
    }

    /// Makes a directory that only its owner may look into; it may be there already.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_directory(&self, path: &Path) -> Result<(), MigrateError> {
        let (parent, name) = self.parent_of(path)?;
        match rustix::fs::mkdirat(&parent, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(io(&self.name(path), errno)),
        }
    }

    /// Makes a file that must not be there yet, for its owner only.
    ///
    /// # Errors
    /// When it is there, or cannot be made.
    pub fn create_new(&self, path: &Path) -> Result<File, MigrateError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(File::from(self.reach(path, flags, Mode::RUSR | Mode::WUSR)?))
    }

    /// Writes a file that must not be there yet, for its owner only, with that time of modification, and syncs it.
    ///
    /// # Errors
    /// When it is there, or cannot be written.
    pub fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        modified: Option<Seconds>,
    ) -> Result<(), MigrateError> {
        let mut file = self.create_new(path)?;
        let failed = |source| MigrateError::Io { path: self.name(path), source };
        file.write_all(bytes).map_err(failed)?;
        if let Some(seconds) = modified {
            let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
            let times = Timestamps { last_access: time, last_modification: time };
            rustix::fs::futimens(&file, &times).map_err(|errno| io(&self.name(path), errno))?;
        }
        file.sync_all().map_err(failed)
    }

    /// Writes a file under another name, synced, and then gives it its own, which may be taken.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), MigrateError> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        self.remove(&temporary)?;
        self.write_new(&temporary, bytes, None)?;
        self.rename(&temporary, path)
    }

    /// Renames a file, in place of whatever has that name.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), MigrateError> {
        let ((from_parent, from_name), (to_parent, to_name)) = (self.parent_of(from)?, self.parent_of(to)?);
        rustix::fs::renameat(&from_parent, from_name, &to_parent, to_name)
            .map_err(|errno| io(&self.name(to), errno))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, path: &Path) -> Result<(), MigrateError> {
        let (parent, name) = self.parent_of(path)?;
        match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(io(&self.name(path), errno)),
        }
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync_directory(&self, path: &Path) -> Result<(), MigrateError> {
        let directory = self.reach(path, DIRECTORY, Mode::empty())?;
        rustix::fs::fsync(&directory).map_err(|errno| io(&self.name(path), errno))
    }

    fn parent_of<'a>(&self, path: &'a Path) -> Result<(OwnedFd, &'a OsStr), MigrateError> {
        let unnamed = || MigrateError::NotPlain { path: self.name(path) };
        let name = path.file_name().ok_or_else(unnamed)?;
        let parent = path.parent().ok_or_else(unnamed)?;
        Ok((self.reach(parent, DIRECTORY, Mode::empty())?, name))
    }

    fn reach(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, MigrateError> {
        let relative = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        rustix::fs::openat2(self.root.as_fd(), relative, flags, mode, WITHIN).map_err(|errno| match errno {
            Errno::LOOP | Errno::XDEV | Errno::NXIO => MigrateError::NotPlain { path: self.name(path) },
            errno => io(&self.name(path), errno),
        })
    }
}

fn kind_of(directory: &OwnedFd, name: &std::ffi::CStr) -> FileType {
    rustix::fs::statat(directory, OsStr::from_bytes(name.to_bytes()), AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn io(path: &Path, errno: Errno) -> MigrateError {
    MigrateError::Io { path: path.to_owned(), source: errno.into() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_no_plain_file_is_neither_listed_nor_read() {
        let dir = tempfile::tempdir().unwrap();
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "secret").unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("inside")).unwrap();
        std::fs::write(at("inside/plain"), "text").unwrap();
        symlink(secret.path(), at("link")).unwrap();
        symlink(secret.path().parent().unwrap(), at("away")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::RWXU).unwrap();
        let tree = Tree::open(dir.path()).unwrap();
        let names: Vec<_> = tree.list(Path::new("")).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["inside"]);
        assert_eq!(tree.read(Path::new("inside/plain"), 9).unwrap().as_deref(), Some(&b"text"[..]));
        assert!(tree.read(Path::new("inside/none"), 9).unwrap().is_none());
        let through = Path::new("away").join(secret.path().file_name().unwrap());
        for refused in [
            Path::new("link"),
            Path::new("pipe"),
            &through,
            Path::new("inside/../../x"),
            Path::new("/etc/passwd"),
        ] {
            let error = tree.file(refused, 9).expect_err(&refused.display().to_string());
            assert!(matches!(error, MigrateError::NotPlain { .. }), "{error}");
        }
        let large = tree.read(Path::new("inside/plain"), 3).unwrap_err();
        assert!(matches!(large, MigrateError::TooLarge { cap: 3, .. }));
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        symlink(outside.path(), dir.path().join("away")).unwrap();
        symlink(outside.path().join("victim"), dir.path().join("link")).unwrap();
        let tree = Tree::create(dir.path()).unwrap();
        for path in ["away/file", "link"] {
            assert!(tree.write_new(Path::new(path), b"x", None).is_err(), "{path}");
        }
        assert!(tree.make_directory(Path::new("away/directory")).is_err());
        let behind = Tree::create(&dir.path().join("away")).unwrap_err();
        assert!(matches!(behind, MigrateError::NotPlain { .. }), "{behind}");
        tree.write_new(Path::new("new"), b"x", Some(1_000_000_000)).unwrap();
        assert!(tree.write_new(Path::new("new"), b"y", None).is_err());
        assert_eq!(tree.file(Path::new("new"), 9).unwrap().unwrap().1, 1_000_000_000);
        tree.replace(Path::new("new"), b"z").unwrap();
        tree.replace(Path::new("link"), b"z").unwrap();
        assert_eq!(tree.read(Path::new("link"), 9).unwrap().as_deref(), Some(&b"z"[..]));
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
