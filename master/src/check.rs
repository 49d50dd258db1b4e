//! `bulkhead-master check`: is the configuration right? The same code as at the start, up to where it would change
//! something.

use std::path::Path;

use ipc::exit::Failure;

use crate::{config, files, identity::Identities};

/// Checks the file, the files it names, and, as root, the users it needs.
///
/// # Errors
/// What is wrong.
pub fn check(path: &Path) -> Result<(), Failure> {
    let config = config::load(path)?;
    files::open(&config.tls)?;
    if nix::unistd::geteuid().is_root() {
        Identities::settle(&config)?;
    }
    Ok(())
}
