//! The directories: made with the right owners and modes before the master gives up the right to.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ipc::exit::{Exit, Failure};
use ipc::role::Role;
use rustix::fs::{FlockOperation, OFlags};
use sandbox::RootKind;

use crate::config::Config;
use crate::identity::Identities;

/// The directories of a running instance; it has them for itself as long as this lives.
#[derive(Debug)]
pub struct Directories {
    state: PathBuf,
    empty: PathBuf,
    _locks: [File; 2],
}

impl Directories {
    /// Makes what is missing, checks what is there, and locks both.
    ///
    /// # Errors
    /// A directory cannot be made or belongs to somebody else; another master has them.
    pub fn prepare(config: &Config, identities: &Identities, journal: bool) -> Result<Self, Failure> {
        public(&config.state_dir)?;
        public(&config.run_dir)?;
        let locks = [lock(&config.run_dir)?, lock(&config.state_dir)?];
        let own = |role| config.state_dir.join(Role::name(role));
        for role in Role::STARTED {
            if sandbox::lock_down(role).root == RootKind::Own {
                private(&own(role), identities.own(role))?;
                placeholder(&own(role), journal)?;
            }
        }
        let empty = config.run_dir.join("empty");
        make_empty(&empty, journal)?;
        Ok(Directories { state: config.state_dir.clone(), empty, _locks: locks })
    }

    /// What becomes the root of a role.
    #[must_use]
    pub fn root(&self, role: Role) -> PathBuf {
        match sandbox::lock_down(role).root {
            RootKind::Own => self.state.join(role.name()),
            RootKind::Empty | RootKind::Host => self.empty.clone(),
        }
    }
}

/// A directory that everybody may pass and only its owner may change.
fn public(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(cannot("make", path))?;
    let about = fs::metadata(path).map_err(cannot("look at", path))?;
    let me = nix::unistd::geteuid().as_raw();
    if about.uid() != me {
        return Err(Failure::new(
            Exit::Config,
            format!("{} belongs to uid {}; it has to belong to uid {me}", path.display(), about.uid()),
        ));
    }
    if about.mode() & 0o022 != 0 {
        return Err(Failure::new(
            Exit::Config,
            format!(
                "{} has mode {:04o}: others may change it; chmod go-w",
                path.display(),
                about.mode() & 0o7777
            ),
        ));
    }
    Ok(())
}

/// A directory of one role.
fn private(path: &Path, ids: Option<(u32, u32)>) -> Result<(), Failure> {
    make(path, 0o700)?;
    let opened = directory(path)?;
    let about = opened.metadata().map_err(cannot("look at", path))?;
    if let Some((uid, gid)) = ids
        && (about.uid(), about.gid()) != (uid, gid)
    {
        // just made, or left behind by a start that was cut off; what has contents was somebody's
        let is_new = fs::read_dir(path).map_err(cannot("read", path))?.next().is_none();
        if !is_new {
            return Err(Failure::new(
                Exit::Config,
                format!(
                    "{} belongs to uid {} and gid {}, and its role now has {uid} and {gid}; chown -R {uid}:{gid} it if \
                     that is meant",
                    path.display(),
                    about.uid(),
                    about.gid()
                ),
            ));
        }
        std::os::unix::fs::fchown(&opened, Some(uid), Some(gid)).map_err(cannot("chown", path))?;
    }
    opened.set_permissions(fs::Permissions::from_mode(0o700)).map_err(cannot("chmod", path))
}

/// The root of roles without files: made anew, so that nothing is in it.
fn make_empty(path: &Path, journal: bool) -> Result<(), Failure> {
    make(path, 0o755)?;
    let opened = directory(path)?;
    // an earlier start has left it closed to everybody, its owner included
    opened.set_permissions(fs::Permissions::from_mode(0o755)).map_err(cannot("chmod", path))?;
    for entry in
        fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(cannot("read", path))?
    {
        fs::remove_dir_all(entry.path()).map_err(cannot("empty", path))?;
    }
    placeholder(path, journal)?;
    // whatever the umask was
    opened.set_permissions(fs::Permissions::from_mode(0o555)).map_err(cannot("chmod", path))
}

/// The file over which a role mounts the journal's socket.
fn placeholder(root: &Path, journal: bool) -> Result<(), Failure> {
    if !journal {
        return Ok(());
    }
    let mut path = root.to_path_buf();
    for name in ["run", "systemd", "journal"] {
        path.push(name);
        make(&path, 0o755)?;
        directory(&path)?
            .set_permissions(fs::Permissions::from_mode(0o755))
            .map_err(cannot("chmod", &path))?;
    }
    path.push("socket");
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new().create(true).append(true).mode(0o444).custom_flags(flags).open(&path);
    file.map(drop).map_err(cannot("make", &path))
}

fn make(path: &Path, mode: u32) -> Result<(), Failure> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot("make", path)(error)),
        _ => Ok(()),
    }
}

/// Opens a directory, which must not be a symbolic link to one.
fn directory(path: &Path) -> Result<File, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, rustix::fs::Mode::empty());
    opened.map(File::from).map_err(|error| cannot("open", path)(error.into()))
}

fn lock(directory: &Path) -> Result<File, Failure> {
    let path = directory.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(cannot("open", &path))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Failure::new(
            Exit::TempFail,
            format!("another bulkhead-master is running with {}", directory.display()),
        )),
        Err(error) => Err(cannot("lock", &path)(error.into())),
    }
}

fn cannot<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Failure + 'a {
    move |error| Failure::new(Exit::CannotCreate, format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base: &Path) -> Config {
        let text = format!(
            "hostname = \"h.example\"\ndomain = \"example.org\"\nstate_dir = \"{0}/state\"\nrun_dir = \"{0}/run\"\n",
            base.display()
        );
        crate::config::parse(Path::new("t.toml"), &text).unwrap()
    }

    fn shared() -> Identities {
        Identities::Shared((nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()))
    }

    #[test]
    fn made_with_their_modes_and_locked() {
        let base = tempfile::tempdir().unwrap();
        let config = config(base.path());
        let first = Directories::prepare(&config, &shared(), true).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().mode() & 0o7777;
        for role in [Role::Store, Role::Auth, Role::Keys] {
            assert_eq!(first.root(role), config.state_dir.join(role.name()));
            assert_eq!(mode(first.root(role)), 0o700);
        }
        assert_eq!(mode(first.root(Role::Mx)), 0o555);
        assert!(first.root(Role::Mx).join("run/systemd/journal/socket").is_file());

        let second = Directories::prepare(&config, &shared(), false).unwrap_err();
        assert_eq!(second.exit, Exit::TempFail);
        drop(first);
        let again = Directories::prepare(&config, &shared(), false).unwrap();
        assert_eq!(fs::read_dir(again.root(Role::Imap)).unwrap().count(), 0, "made anew");
    }

    #[test]
    fn a_directory_that_others_may_change_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let config = config(base.path());
        fs::create_dir(&config.state_dir).unwrap();
        fs::set_permissions(&config.state_dir, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(Directories::prepare(&config, &shared(), false).unwrap_err().exit, Exit::Config);
    }

    #[test]
    fn a_link_is_no_directory() {
        let base = tempfile::tempdir().unwrap();
        let config = config(base.path());
        fs::create_dir(&config.state_dir).unwrap();
        fs::create_dir(base.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(base.path().join("elsewhere"), config.state_dir.join("auth")).unwrap();
        assert_eq!(Directories::prepare(&config, &shared(), false).unwrap_err().exit, Exit::CannotCreate);
    }

    #[test]
    fn ownership_is_given_once() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("d");
        private(&path, Some((7001, 7001))).unwrap();
        fs::write(path.join("x"), "").unwrap();
        private(&path, Some((7001, 7001))).unwrap();
        assert_eq!(private(&path, Some((7002, 7002))).unwrap_err().exit, Exit::Config);
    }
}
