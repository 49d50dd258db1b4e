//! The configuration: one TOML file, read once, checked whole, and resolved into one typed slice per role.
//!
//! [`written`] is the file as it may be written, [`resolved`] what it means on this host.

mod address;
mod error;
mod keys;
mod names;
mod resolve;
mod resolve_access;
mod resolve_smtp;
mod resolved;
mod restart;
mod turnover;
mod units;
mod written;

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub use error::{ConfigError, ConfigErrors};
pub use resolved::{
    Address, Config, Door, IdSource, Imap, Lmtp, Mx, Origin, Pop3, Submission, TlsFiles, UnixSocket,
};
pub use restart::reloadable;
pub use turnover::Turnover;
pub use written::Written;

/// Where the file is looked for when nothing else is said.
pub const DEFAULT_PATH: &str = "/etc/bulkhead/bulkhead.toml";
/// The most bytes the file may have.
pub const SIZE_MAX: u64 = 1024 * 1024;

/// Reads, checks and resolves the file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    load_with_text(path).map(|(_, config)| config)
}

/// The same, and the text it was read from.
///
/// # Errors
/// As [`load`].
pub fn load_with_text(path: &Path) -> Result<(String, Config), ConfigErrors> {
    let text = read(path)?;
    let config = parse(path, &text)?;
    Ok((text, config))
}

/// Checks and resolves the text of the file; `path` is for the errors.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigErrors> {
    resolve::resolve(path, text, as_written(path, text)?)
}

/// The run directory the file names: all that the `bulkhead` command needs of it, and so whatever else may be wrong with
/// the file: a suite that runs has to be asked how it is, and to be stopped, all the same.
///
/// # Errors
/// When the file cannot be read.
pub fn run_dir(path: &Path) -> Result<PathBuf, ConfigErrors> {
    Ok(run_dir_of(&read(path)?))
}

fn run_dir_of(text: &str) -> PathBuf {
    let (document, _mistakes) = toml::de::DeTable::parse_recoverable(text);
    let written = document.get_ref().iter().find(|(key, _)| key.get_ref() == "run_dir");
    match written.map(|(_, value)| value.get_ref()) {
        Some(toml::de::DeValue::String(directory)) => PathBuf::from(directory.as_ref()),
        _ => written::default_run_dir(),
    }
}

fn as_written(path: &Path, text: &str) -> Result<Written, ConfigErrors> {
    let at = |error: toml::de::Error| {
        let message = error.message().trim_end().replace('\n', "; ");
        ConfigErrors(vec![ConfigError::new(path, text, error.span(), message, None)])
    };
    let document = toml::de::DeTable::parse(text).map_err(at)?;
    let unknown = keys::unknown(path, text, document.get_ref());
    if !unknown.is_empty() {
        return Err(ConfigErrors(unknown));
    }
    toml::from_str(text).map_err(at)
}

fn read(path: &Path) -> Result<String, ConfigErrors> {
    let refuse = |message: String| ConfigErrors(vec![ConfigError::of_file(path, message)]);
    let file = std::fs::File::open(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let about = file.metadata().map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if !about.is_file() {
        return Err(refuse("is no file".into()));
    }
    if nix::unistd::geteuid().is_root() {
        trusted(about.uid(), about.mode()).map_err(refuse)?;
    }
    let mut text = String::new();
    file.take(SIZE_MAX.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > SIZE_MAX {
        return Err(refuse(format!("is larger than {SIZE_MAX} bytes")));
    }
    Ok(text)
}

/// What a root process does must not be for others to say.
fn trusted(owner: u32, mode: u32) -> Result<(), String> {
    if owner != 0 {
        return Err(format!("belongs to uid {owner}; started as root, it has to belong to root"));
    }
    if mode & 0o022 != 0 {
        return Err(format!("has mode {:04o}: others than root may change it; chmod go-w", mode & 0o7777));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
