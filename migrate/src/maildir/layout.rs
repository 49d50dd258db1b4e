//! Where the folders are.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use ipc::service::mailbox::{INBOX, LEVELS_MAX, is_name};

use crate::error::MigrateError;
use crate::tree::Tree;

/// How folders lie in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Maildir++: all beside each other, `.level.level`.
    Flat,
    /// Directories in directories.
    Nested,
}

/// A folder and its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaildirFolder {
    /// Its whole name.
    pub name: String,
    /// Its directory, which has `cur` and `new` in it.
    pub(super) directory: PathBuf,
}

/// The most directories that are looked into.
const DIRECTORIES_MAX: usize = 100_000;

/// All folders, the inbox first, and the layout.
///
/// # Errors
/// When it is no Maildir, or cannot be read.
pub(super) fn folders(tree: &Tree) -> Result<(Vec<MaildirFolder>, Layout), MigrateError> {
    if !tree.has_directory(Path::new("cur")) {
        return Err(MigrateError::NoMaildir { path: tree.name(Path::new("")) });
    }
    let mut found = vec![MaildirFolder { name: INBOX.to_owned(), directory: PathBuf::new() }];
    let flat: Vec<MaildirFolder> =
        directories(tree, Path::new(""))?.iter().filter_map(|name| flat(tree, name)).collect();
    if !flat.is_empty() {
        found.extend(flat);
        return Ok((found, Layout::Flat));
    }
    nested(tree, &mut found)?;
    let layout = if found.len() > 1 { Layout::Nested } else { Layout::Flat };
    Ok((found, layout))
}

/// The whole name of levels as they are spelled in the file system; none if it cannot be the name of a folder.
pub(super) fn join(levels: impl Iterator<Item = String>) -> Option<String> {
    let levels: Vec<String> = levels.map(|level| decoded(&level)).collect();
    let top = levels.first()?;
    let rest = levels.get(1..).unwrap_or_default();
    let top = if top.eq_ignore_ascii_case(INBOX) { INBOX } else { top };
    let name = std::iter::once(top).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join("/");
    is_name(&name).then_some(name)
}

/// The directory of a folder in Maildir++.
pub(super) fn flat_directory(name: &str) -> PathBuf {
    if name == INBOX {
        return PathBuf::new();
    }
    let levels: Vec<String> = name.split('/').map(encoded).collect();
    PathBuf::from(format!(".{}", levels.join(".")))
}

fn directories(tree: &Tree, path: &Path) -> Result<Vec<OsString>, MigrateError> {
    let entries = tree.list(path)?.into_iter();
    Ok(entries.filter(|entry| entry.is_directory).map(|entry| entry.name).collect())
}

fn flat(tree: &Tree, directory: &OsStr) -> Option<MaildirFolder> {
    let name = directory.to_str()?.strip_prefix('.')?;
    let is_folder = tree.has_directory(&Path::new(directory).join("cur"));
    let name = join(name.split('.').map(str::to_owned)).filter(|_| is_folder)?;
    Some(MaildirFolder { name, directory: directory.into() })
}

fn nested(tree: &Tree, found: &mut Vec<MaildirFolder>) -> Result<(), MigrateError> {
    let mut waiting = vec![PathBuf::new()];
    let mut looked_into = 0_usize;
    while let Some(directory) = waiting.pop() {
        looked_into = looked_into.saturating_add(1);
        if looked_into > DIRECTORIES_MAX || directory.components().count() >= LEVELS_MAX {
            continue;
        }
        for name in directories(tree, &directory)? {
            let Some(text) = name.to_str() else { continue };
            if matches!(text, "cur" | "new" | "tmp") || text.starts_with('.') {
                continue;
            }
            let path = directory.join(&name);
            let levels = path.to_str().unwrap_or_default().split('/').map(str::to_owned);
            if tree.has_directory(&path.join("cur"))
                && let Some(name) = join(levels)
                && name != INBOX
            {
                found.push(MaildirFolder { name, directory: path.clone() });
            }
            waiting.push(path);
        }
    }
    found.sort_by(|a, b| (a.name != INBOX, &a.name).cmp(&(b.name != INBOX, &b.name)));
    Ok(())
}

/// Characters that cannot stand in a level in the file system, as Dovecot's `listescape` writes them.
const ESCAPED: [(char, &str); 3] = [('\\', "\\5c"), ('.', "\\2e"), ('/', "\\2f")];

fn encoded(level: &str) -> String {
    ESCAPED.iter().fold(mime::utf7::encode(level), |text, (is, escape)| text.replace(*is, escape))
}

/// A level that is no modified UTF-7 is taken as it stands; a `/` in it would be another level here.
fn decoded(level: &str) -> String {
    let unescaped = ESCAPED
        .iter()
        .rev()
        .fold(level.to_owned(), |text, (is, escape)| text.replace(escape, &is.to_string()));
    mime::utf7::decode(&unescaped).unwrap_or(unescaped).replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(directories: &[&str]) -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().unwrap();
        for directory in directories {
            std::fs::create_dir_all(dir.path().join(directory).join("cur")).unwrap();
        }
        let tree = Tree::open(dir.path()).unwrap();
        (dir, tree)
    }

    fn names(tree: &Tree) -> (Vec<String>, Layout) {
        let (found, layout) = folders(tree).unwrap();
        (found.into_iter().map(|folder| folder.name).collect(), layout)
    }

    #[test]
    fn maildir_plus_plus() {
        let (_dir, tree) =
            tree(&["", ".Sent", ".Sent.2024", ".Entw&APw-rfe", ".a\\2eb", "no-folder-in-this-layout"]);
        let (names, layout) = names(&tree);
        assert_eq!(layout, Layout::Flat);
        assert_eq!(names, ["INBOX", "Entwürfe", "Sent", "Sent/2024", "a.b"]);
    }

    #[test]
    fn nested_directories() {
        let (_dir, tree) = tree(&["", "Sent", "Sent/2024", "only/beneath"]);
        assert_eq!(
            names(&tree),
            (vec!["INBOX".into(), "Sent".into(), "Sent/2024".into(), "only/beneath".into()], Layout::Nested)
        );
    }

    #[test]
    fn no_maildir() {
        let (_dir, tree) = tree(&["somewhere"]);
        assert!(matches!(folders(&tree), Err(MigrateError::NoMaildir { .. })));
    }

    #[test]
    fn a_directory_is_found_again_under_its_name() {
        for name in ["Sent", "a.b/c", "Entwürfe/x", "back\\slash", "&"] {
            let directory = flat_directory(name);
            let (_dir, tree) = tree(&["", directory.to_str().unwrap()]);
            assert_eq!(names(&tree).0, ["INBOX", name]);
        }
    }
}
