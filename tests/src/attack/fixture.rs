//! A suite that is attacked while others use it.

use super::{Probe, Watch, runtime};
use crate::mail::swaks;
use crate::suite::{Options, Suite, User};

/// Who uses it.
pub const LOGIN: &str = "anna@example.org";
/// With that.
pub const PASSWORD: &str = "correct horse";

/// A suite, and what an attack on it is called.
pub struct Siege {
    /// The suite.
    pub suite: Suite,
    /// MiB that a process may grow by.
    pub growth: u64,
}

impl Siege {
    /// Of a suite with one account. A process may grow by 96 MiB, whatever strangers do.
    #[must_use]
    pub fn new(options: Options<'_>) -> Siege {
        let suite = Suite::start(User::here()[0], options);
        suite.import(&[(LOGIN, PASSWORD)]);
        Siege { suite, growth: 96 }
    }

    /// Attacks. Asserts that others were answered, that memory stayed bounded, that no process died, and that mail comes
    /// in afterwards.
    ///
    /// # Panics
    /// When it is not so.
    pub fn under<T>(&self, attack: &str, strangers: impl Future<Output = T>) -> T {
        let probe = Probe::start(&self.suite, LOGIN, PASSWORD);
        let watch = Watch::over(&self.suite);
        let outcome = runtime().block_on(strangers);
        watch.grew_at_most(self.growth, attack);
        probe.was_answered(&self.suite, attack);
        self.nobody_was_restarted();
        let sent = swaks(&self.suite, LOGIN, "Subject: after it\n\nbody\n");
        assert!(sent.status.success(), "{attack}: no mail comes in afterwards\n{}", self.suite.log());
        outcome
    }

    /// Asserts that each process is the one that was started.
    ///
    /// # Panics
    /// When it is not so.
    pub fn nobody_was_restarted(&self) {
        for row in self.suite.status().as_array().expect("rows") {
            assert_eq!(row["restarts"], 0, "{row}\n{}", self.suite.log());
        }
    }
}
