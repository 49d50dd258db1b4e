//! Strangers in numbers: thousands of connections from one process, each from an address of its own, and what the roles and
//! the sessions of others feel of it.
//!
//! An attack is a test of `tests/attack*.rs`. It asserts three things: that what the attacker is told is clear, that the
//! memory of every role stays bounded, and that sessions which were there before go on being answered.

mod address;
mod client;
pub mod dialog;
mod door;
mod fixture;
mod memory;
mod probe;
mod trust;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use address::Addresses;
pub use client::Client;
pub use door::Door;
pub use fixture::{LOGIN, PASSWORD, Siege};
pub use memory::{Watch, proportional_kib};
pub use probe::{Latencies, Probe};
pub use trust::connector;

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// What fits into `make test`.
    Brief,
    /// The whole sizes, with `BULKHEAD_SOAK=1`.
    Soak,
}

impl Scale {
    /// The one that was asked for.
    #[must_use]
    pub fn here() -> Scale {
        if std::env::var_os("BULKHEAD_SOAK").is_some_and(|value| value == "1") {
            Scale::Soak
        } else {
            Scale::Brief
        }
    }

    /// One of two sizes.
    #[must_use]
    pub fn of<T>(self, brief: T, soak: T) -> T {
        match self {
            Scale::Brief => brief,
            Scale::Soak => soak,
        }
    }

    /// What the p99 of a NOOP may be. The figure is 20 ms; a machine that compiles and attacks at once is no place to hold
    /// a debug build to it, so there it only has to be answered as a person would call at once.
    #[must_use]
    pub fn patience(self) -> Duration {
        self.of(Duration::from_secs(1), Duration::from_millis(20))
    }
}

/// Attacks go one after the other: what one costs must not be counted as another's.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runtime of this thread, with as many descriptors as the system lets it have.
///
/// # Panics
/// When the system has no more descriptors.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    allow_descriptors();
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn allow_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    const WANTED: u64 = 40_000;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    // only root raises the hard limit
    if setrlimit(Resource::RLIMIT_NOFILE, WANTED, hard.max(WANTED)).is_err() {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the limit one has");
    }
}
