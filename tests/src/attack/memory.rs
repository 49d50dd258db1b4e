//! The memory of a role's processes, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::suite::Suite;

/// How often it is looked at: `status` of /proc is cheap.
const LOOK: Duration = Duration::from_millis(50);

/// Resident KiB of a process; 0 when it has gone.
fn resident_kib(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Its proportional share of what is resident, in KiB (needs root for a locked-down role).
#[must_use]
pub fn proportional_kib(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn field(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What a process took at the most, KiB.
#[derive(Clone, Copy, Debug)]
struct Peak {
    /// When it was looked at first.
    before: u64,
    most: u64,
}

/// Looks at all roles' processes while an attack goes on.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<(String, u32), Peak>>,
}

impl Watch {
    /// Begins.
    ///
    /// # Panics
    /// When no thread is to be had.
    #[must_use]
    pub fn over(suite: &Suite) -> Watch {
        let mut peaks = BTreeMap::new();
        for row in suite.status().as_array().expect("rows") {
            let (role, pid) = (row["role"].as_str().expect("a role"), row["pid"].as_u64().expect("a pid"));
            let pid = u32::try_from(pid).expect("a pid");
            let before = resident_kib(pid);
            peaks.insert((role.to_owned(), pid), Peak { before, most: before });
        }
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                for ((_, pid), peak) in &mut peaks {
                    peak.most = peak.most.max(resident_kib(*pid));
                }
                thread::sleep(LOOK);
            }
            peaks
        });
        Watch { stop, thread }
    }

    /// Ends; prints what each role's processes grew by, and asserts that none grew by more than that many MiB.
    ///
    /// # Panics
    /// When one did.
    pub fn grew_at_most(self, mib: u64, attack: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let peaks = self.thread.join().expect("no panic");
        let mut growth: BTreeMap<String, u64> = BTreeMap::new();
        for ((role, _), peak) in &peaks {
            let grown = peak.most.saturating_sub(peak.before);
            let most = growth.entry(role.clone()).or_default();
            *most = grown.max(*most);
        }
        let said: Vec<String> = growth.iter().map(|(role, kib)| format!("{role} {kib}")).collect();
        eprintln!("{attack}: KiB that a process of each role grew by: {}", said.join(", "));
        for (role, kib) in growth {
            assert!(kib <= mib * 1024, "{attack}: {role} grew by {kib} KiB, more than {mib} MiB");
        }
    }
}
