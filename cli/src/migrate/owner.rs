//! Mail is read, and written, as whoever owns the place it is in, or as nobody: an administrator's rights are of no use to what is
//! found there.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use ipc::exit::{Exit, Failure};
use rustix::io::Errno;
use rustix::process::{getgid, getuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Links on the way to a place, at most: as many as the system follows.
const LINKS_MAX: usize = 40;
const ROOT: u32 = 0;
/// `nobody`.
const NOBODY: u32 = 65_534;
/// `nogroup`: nobody's; and in the place of root's group, which a directory has that root made and gave away.
const NO_GROUP: u32 = 65_534;

/// Gives root's rights up for those of the owner of `path`, unless that is root. To be called while the process has one thread.
///
/// # Errors
/// When `path` is not there, when the way to it was laid by somebody else than its owner, or the system refuses.
pub(super) fn become_owner_of(path: &Path) -> Result<(), Failure> {
    let absent = |error| Failure::new(Exit::NoInput, format!("{}: {error}", path.display()));
    if !getuid().is_root() {
        return fs::metadata(path).map(drop).map_err(absent);
    }
    let way = Way::to(path).map_err(absent)?;
    if let Some((stranger, whose)) = way.stranger() {
        let (path, stranger) = (path.display(), stranger.display());
        let why = format!(
            "{path}: uid {whose}, who has {stranger}, leads there to what is uid {}'s; name the place itself",
            way.owner
        );
        return Err(Failure::new(Exit::NoPermission, crate::output::printable(&why)));
    }
    if way.owner == ROOT {
        return Ok(());
    }
    let group = if way.group == ROOT { NO_GROUP } else { way.group };
    become_somebody(way.owner, group)
        .map_err(|why| Failure::new(Exit::OsError, format!("as the owner of {}: {why}", path.display())))
}

/// Gives root's rights up for those of the user who called sudo, else of nobody: for what needs no file at all. To be called
/// while the process has one thread.
///
/// # Errors
/// When the system refuses.
pub(super) fn become_caller() -> Result<(), Failure> {
    if !getuid().is_root() {
        return Ok(());
    }
    let id = |name| std::env::var(name).ok()?.parse::<u32>().ok().filter(|id| (1..u32::MAX).contains(id));
    let (uid, gid) = id("SUDO_UID").zip(id("SUDO_GID")).unwrap_or((NOBODY, NO_GROUP));
    become_somebody(uid, gid).map_err(|why| Failure::new(Exit::OsError, format!("as uid {uid}: {why}")))
}

fn become_somebody(uid: u32, gid: u32) -> Result<(), String> {
    let (uid, gid) = (rustix::process::Uid::from_raw(uid), rustix::process::Gid::from_raw(gid));
    set_thread_groups(&[])
        .and_then(|()| set_thread_res_gid(gid, gid, gid))
        .and_then(|()| set_thread_res_uid(uid, uid, uid))
        .map_err(|errno| errno.to_string())?;
    if getuid() != uid || getgid() != gid {
        return Err("root's rights could not be given up".to_owned());
    }
    Ok(())
}

/// What a path leads through.
#[derive(Debug, Default)]
struct Way {
    /// Links, and whose they are.
    links: Vec<(PathBuf, u32)>,
    /// Directories, and whose they are.
    directories: Vec<(PathBuf, u32)>,
    owner: u32,
    group: u32,
}

impl Way {
    fn to(path: &Path) -> io::Result<Way> {
        let mut way = Way::default();
        let mut at = PathBuf::from("/");
        let mut pending = names(&std::path::absolute(path)?);
        while let Some(name) = pending.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(name);
            let metadata = fs::symlink_metadata(&next)?;
            if metadata.is_symlink() {
                if way.links.len() >= LINKS_MAX {
                    return Err(Errno::LOOP.into());
                }
                let target = fs::read_link(&next)?;
                way.links.push((next, metadata.uid()));
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                pending.extend(names(&target));
            } else {
                way.directories.push((next.clone(), metadata.uid()));
                at = next;
            }
        }
        let metadata = fs::symlink_metadata(&at)?;
        (way.owner, way.group) = (metadata.uid(), metadata.gid());
        Ok(way)
    }

    /// Whoever could have it lead elsewhere than its owner wants: a link to what is another's is a way to have that read
    /// with the other's rights. In a directory of its own anybody could put such a link in the place of what is root's.
    fn stranger(&self) -> Option<(&Path, u32)> {
        let foreign = |(_, whose): &&(PathBuf, u32)| *whose != ROOT && *whose != self.owner;
        let link = self.links.iter().find(foreign);
        let found = match self.owner {
            ROOT => link.or_else(|| self.directories.iter().find(foreign)),
            _ => link,
        };
        found.map(|(path, whose)| (path.as_path(), *whose))
    }
}

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let named = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().rev().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    const BOB: u32 = 64_401;
    const EVE: u32 = 64_402;

    struct Home(tempfile::TempDir);

    impl Home {
        fn make(&self, name: &str, whose: u32) {
            let path = self.0.path().join(name);
            fs::create_dir(&path).unwrap();
            lchown(&path, Some(whose), Some(whose)).unwrap();
        }

        fn link(&self, name: &str, to: &str, whose: u32) {
            let path = self.0.path().join(name);
            symlink(to, &path).unwrap();
            lchown(&path, Some(whose), Some(whose)).unwrap();
        }

        fn leads(&self, path: &str) -> (u32, Option<u32>) {
            let way = Way::to(&self.0.path().join(path)).unwrap();
            (way.owner, way.stranger().map(|(_, whose)| whose))
        }
    }

    #[test]
    fn the_way_is_its_owners_or_roots() {
        if !getuid().is_root() {
            return;
        }
        let home = Home(tempfile::tempdir().unwrap());
        for (name, whose) in
            [("bob", BOB), ("bob/mail", BOB), ("eve", EVE), ("root", ROOT), ("bob/root", ROOT)]
        {
            home.make(name, whose);
        }
        home.link("bob/own", "mail/../mail", BOB);
        home.link("bob/hers", "../eve", BOB);
        home.link("bob/roots", "../root", BOB);
        home.link("by-root", "bob/own", ROOT);
        home.link("bob/on", "../by-root/../hers", BOB);
        home.make("eve/bobs", BOB);
        for (path, owner, stranger) in [
            ("bob/mail", BOB, None),
            ("bob/own", BOB, None),
            ("by-root", BOB, None),
            ("root", ROOT, None),
            ("eve/bobs", BOB, None),
            ("bob/hers", EVE, Some(BOB)),
            ("bob/on", EVE, Some(BOB)),
            ("bob/roots", ROOT, Some(BOB)),
            ("bob/root", ROOT, Some(BOB)),
        ] {
            assert_eq!(home.leads(path), (owner, stranger), "{path}");
        }
        home.link("round", "round", ROOT);
        let round = Way::to(&home.0.path().join("round")).unwrap_err();
        assert_eq!(Errno::from_io_error(&round), Some(Errno::LOOP));
    }
}
