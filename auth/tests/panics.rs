//! A panic ends the role, whatever catches it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use ipc::role::{Instance, Layers, Role};
use ipc::service::control::{Hello, LockdownOrder, Log, LogLevel};
use ipc::slice::{AuthConfig, Blocks, Networks, RoleConfig};

/// Set in the process that is to panic.
const PANICS: &str = "BULKHEAD_TEST_PANICS";

#[test]
fn a_panic_that_is_caught_ends_the_role_all_the_same() {
    if std::env::var_os(PANICS).is_some() {
        let _prepared = bulkhead_auth::role::prepare(&hello()).unwrap();
        // as the runtime does with its tasks
        let _ = std::panic::catch_unwind(|| panic!("for a test"));
        std::process::exit(0);
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_panic_that_is_caught_ends_the_role_all_the_same"])
        .env(PANICS, "1")
        .output()
        .unwrap();
    assert_eq!(run.status.signal(), Some(6), "{run:?}");
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!said.contains("for a test"), "a panic's text may be anything: {said}");
}

fn hello() -> Hello {
    Hello {
        instance: Instance { role: Role::Auth, worker: 0 },
        lockdown: LockdownOrder {
            apply: Layers::NONE,
            may_miss: Layers::NONE,
            ids: None,
            root: String::new(),
            max_open_files: 100,
        },
        log: Log { journal: false, level: LogLevel::Info },
        config: RoleConfig::Auth(AuthConfig {
            domain: "example.org".into(),
            blocks: Blocks { after: 20, seconds: 60 },
            never_block: Networks::NONE,
        }),
    }
}
