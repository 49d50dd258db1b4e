//! Where the programs of the suite are.

use std::path::PathBuf;

/// Directories relative to that of the running program, in the order they are looked in: beside it (a build, or a
/// package that keeps all in one place), then where packages keep what is not for users.
pub const DIRECTORIES: [&str; 3] = [".", "../libexec/bulkhead", "../lib/bulkhead"];

/// Finds the program of that file name.
///
/// # Errors
/// Where it was looked for, when it is in none of [`DIRECTORIES`].
pub fn find(name: &str) -> Result<PathBuf, String> {
    let running = std::env::current_exe().map_err(|error| format!("where this program is: {error}"))?;
    let here = running.parent().ok_or("this program has no directory")?;
    let candidates = DIRECTORIES.map(|directory| here.join(directory).join(name));
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let places: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
        format!("{name} is not found; there is none of {}", places.join(", "))
    })
}
