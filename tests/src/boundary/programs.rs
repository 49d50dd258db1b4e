//! Where the programs are that the tests run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ipc::role::Role;

/// The programs of the roles with hostile code inside, copied to where every user may execute them.
#[derive(Clone, Debug)]
pub struct Programs {
    hostile: PathBuf,
    real: PathBuf,
}

impl Programs {
    /// Copies them to that directory: those that were built with the feature `hostile`, and those as they are.
    pub fn copy_to(directory: &Path) -> Self {
        let (hostile, real) = (directory.join("hostile"), directory.join("real"));
        copy("BULKHEAD_HOSTILE_BIN_DIR", "hostile/debug", &hostile);
        copy("BULKHEAD_BIN_DIR", "debug", &real);
        open_to_all(directory);
        Programs { hostile, real }
    }

    /// Those that were copied to that directory before.
    #[must_use]
    pub fn copied_to(directory: &Path) -> Self {
        Programs { hostile: directory.join("hostile"), real: directory.join("real") }
    }

    /// The program of a role with hostile code inside.
    #[must_use]
    pub fn hostile(&self, role: Role) -> PathBuf {
        self.hostile.join(role.program())
    }

    /// The released program of a role, where it was built.
    #[must_use]
    pub fn released(&self, role: Role) -> Option<PathBuf> {
        std::env::var_os("BULKHEAD_RELEASE_BIN_DIR")
            .map(|directory| PathBuf::from(directory).join(role.program()))
    }

    /// The program of a role.
    #[must_use]
    pub fn real(&self, role: Role) -> PathBuf {
        self.real.join(role.program())
    }
}

/// What a program says its filters are.
///
/// # Panics
/// It does not run.
#[must_use]
pub fn dumped_filters(program: &Path) -> String {
    let output = Command::new(program).arg("--dump-filter").output().expect("a role's program runs");
    assert!(output.status.success(), "{} --dump-filter: {}", program.display(), output.status);
    String::from_utf8(output.stdout).expect("filters are printed in hexadecimal")
}

fn copy(variable: &str, default: &str, to: &Path) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let from = std::env::var_os(variable).map_or(workspace.join("target").join(default), PathBuf::from);
    fs::create_dir_all(to).expect("a directory");
    for role in Role::STARTED {
        let (program, copy) = (from.join(role.program()), to.join(role.program()));
        if let Err(error) = fs::copy(&program, &copy) {
            panic!(
                "{}: {error}; `make test-programs` builds it, and {variable} says where it is",
                program.display()
            );
        }
    }
    open_to_all(to);
}

fn open_to_all(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("chmod");
}
