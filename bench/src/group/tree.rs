//! Processes as `/proc` shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Of `/proc/PID/stat`, what follows the name in brackets: the third field of proc(5) is the first here.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Is there such a process, and not only its remains?
pub(super) fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z"))
}

/// These and all who descend from them.
pub(super) fn descendants(roots: impl Iterator<Item = u32>) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let parent = stat(pid).and_then(|fields| fields.get(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = BTreeSet::new();
    let mut waiting: Vec<u32> = roots.collect();
    while let Some(pid) = waiting.pop() {
        if found.insert(pid) {
            waiting.extend(children.get(&pid).into_iter().flatten());
        }
    }
    found
}

/// CPU time of these, and of the children they have waited for.
pub(super) fn cpu(pids: &BTreeSet<u32>) -> Duration {
    // utime, stime, cutime, cstime are fields 14 to 17, in ticks of which every Linux has a hundred a second.
    let ticks = |pid: &u32| -> Option<u64> {
        Some(stat(*pid)?.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum())
    };
    Duration::from_millis(pids.iter().filter_map(ticks).sum::<u64>().saturating_mul(10))
}

/// Proportional set size in bytes.
pub(super) fn pss(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
