//! A disk that is really full: a file system of 2 MiB in memory. Mounting it takes root, as the test machine has; without it
//! this test says so and proves nothing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails here is the test")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use bulkhead_store::log::{
    AppendError, BodyId, Compressor, FileSegments, Geometry, Group, GroupBody, Log, PreparedBody, Recovered,
    Replayed, Reserve,
};

const GEOMETRY: Geometry = Geometry { segment: 512 << 10, step: 128 << 10, reserve: 32 << 10 };

/// A small file system, unmounted when dropped.
struct Small {
    path: PathBuf,
    _place: tempfile::TempDir,
}

impl Small {
    fn mount() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("NOT RUN: a full disk can only be tried by root, which may mount a small file system");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("small");
        std::fs::create_dir(&path).unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(&path).status().unwrap();
        assert!(mount.success(), "root could not mount a tmpfs");
        Some(Self { path, _place: place })
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}

fn open(path: &Path) -> (Log<FileSegments>, Vec<u64>, Recovered) {
    let mut sequences = Vec::new();
    let segments = FileSegments::open(path, GEOMETRY).unwrap();
    let (log, recovered) = Log::open(segments, GEOMETRY, &mut |event| {
        match event {
            Replayed::Group(group) => sequences.push(group.sequence),
            Replayed::Damage(damage) => panic!("{damage:?}"),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    (log, sequences, recovered)
}

fn mail(n: u64) -> Group {
    let mut raw = vec![0_u8; 20_000];
    let mut state = n + 1;
    for byte in &mut raw {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    let body = PreparedBody::new(BodyId(u128::from(n)), &raw, &mut Compressor::new().unwrap()).unwrap();
    Group { bodies: vec![GroupBody::New(body)], changes: n.to_le_bytes().to_vec() }
}

fn deletion() -> Group {
    Group { bodies: Vec::new(), changes: vec![0; 100] }
}

/// Appends mail until the disk is full; how much there was room for.
fn fill(log: &mut Log<FileSegments>) -> u64 {
    for n in 0..1000 {
        match log.append(mail(n), Reserve::Keep) {
            Ok(_) => {}
            Err(AppendError::NoSpace) => return n,
            Err(other) => panic!("a full disk is no other error: {other}"),
        }
    }
    panic!("2 MiB took 20 MB of mail");
}

#[test]
fn a_full_disk_refuses_mail_lets_deletions_through_and_recovers_in_place() {
    let Some(small) = Small::mount() else { return };
    let (mut log, _, _) = open(&small.path);
    let mails = fill(&mut log);
    assert!(mails > 70, "only {mails} mails of 20 KB in 2 MiB");
    for _ in 0..50 {
        log.append(deletion(), Reserve::MayUse).unwrap();
        assert!(matches!(log.append(mail(0), Reserve::Keep), Err(AppendError::NoSpace)));
    }
    // somebody frees space: the same log goes on
    let first = *log.list().first().unwrap();
    log.remove(first).unwrap();
    log.append(mail(1), Reserve::Keep).unwrap();
}

#[test]
fn a_log_on_a_full_disk_opens_again_and_has_everything() {
    let Some(small) = Small::mount() else { return };
    let (mut log, _, _) = open(&small.path);
    let mails = fill(&mut log);
    drop(log);
    // and others take the rest of the disk meanwhile
    let rest = std::fs::File::create(small.path.join("others")).unwrap();
    let mut length = 0_u64;
    while rustix::fs::fallocate(&rest, rustix::fs::FallocateFlags::empty(), length, 4096).is_ok() {
        length += 4096;
    }
    for start in 1..4 {
        let (mut log, sequences, _) = open(&small.path);
        assert_eq!(sequences.len() as u64, mails + start - 1);
        log.append(deletion(), Reserve::MayUse).unwrap();
        assert!(matches!(log.append(mail(0), Reserve::Keep), Err(AppendError::NoSpace)));
    }
}
