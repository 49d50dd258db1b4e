//! A disk that is really full: a small file system in memory. Mounting it takes root, as the test machine has; without it
//! this test says so and proves nothing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails here is the test")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bulkhead_store::engine::Engine;
use bulkhead_store::index::Uids;
use bulkhead_store::log::{
    AppendError, BodyId, Compressor, FileSegments, Geometry, Group, GroupBody, Log, PreparedBody, Recovered,
    Replayed, Reserve,
};
use bulkhead_store::plan::{Operation, Originals, Outcome};
use ipc::mail::{AccountId, MailboxId, SystemFlags, TransactionId};
use ipc::service::deliver::Folder;
use ipc::service::mailbox::{FlagChange, Refusal};

const GEOMETRY: Geometry = Geometry { segment: 512 << 10, step: 128 << 10, reserve: 32 << 10 };

#[path = "common/mod.rs"]
mod common;

/// A small file system, unmounted when dropped.
struct Small {
    path: PathBuf,
    _place: tempfile::TempDir,
    /// One at a time: a process that another test starts has its files open for a moment, and keeps their space and locks.
    _turn: MutexGuard<'static, ()>,
}

impl Small {
    fn mount(mebibytes: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("NOT RUN: a full disk can only be tried by root, which may mount a small file system");
            return None;
        }
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("small");
        std::fs::create_dir(&path).unwrap();
        let size = format!("size={mebibytes}m");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(&path).status().unwrap();
        assert!(mount.success(), "root could not mount a tmpfs");
        Some(Self { path, _place: place, _turn: turn })
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

/// Bytes that do not compress.
fn noise(n: u64, length: usize) -> Vec<u8> {
    let mut raw = vec![0_u8; length];
    let mut state = n + 1;
    for byte in &mut raw {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    raw
}

fn mail(n: u64) -> Group {
    let raw = noise(n, 20_000);
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
    let Some(small) = Small::mount(2) else { return };
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
    let Some(small) = Small::mount(2) else { return };
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

const ACCOUNT: AccountId = AccountId(1);
const INBOX: MailboxId = MailboxId(1);
const FULL: Outcome = Outcome::Refused(Refusal::Full);

/// Does it until it is refused for want of space.
async fn until_full(mut next: impl AsyncFnMut(u64) -> Outcome) {
    for number in 0..2000 {
        if next(number).await == FULL {
            return;
        }
    }
    panic!("it is never full");
}

/// Large messages, then small ones, until no byte of mail fits.
async fn fill_store(engine: &Engine) {
    for size in [1 << 20, 4096, 1] {
        let deliver = async |number: u64| {
            let (accounts, folder) = (vec![ACCOUNT], Folder::Inbox);
            let operation = |message| Operation::Deliver { message, accounts, folder };
            let transaction = TransactionId(u128::from(number) << 32 | size as u128);
            engine.add(transaction, noise(number, size), Vec::new(), operation).await
        };
        until_full(deliver).await;
    }
}

fn copy(originals: Originals) -> Operation {
    Operation::Copy { account: ACCOUNT, from: INBOX, uids: Uids::all(), to: MailboxId(2), originals }
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_copied_and_all_can_be_removed() {
    full(24).await;
}

/// There was room for the index's file at first; what it has no room for later waits in memory.
#[tokio::test]
async fn an_index_that_has_no_room_any_more_loses_nothing() {
    full(96).await;
}

async fn full(mebibytes: u32) {
    let Some(small) = Small::mount(mebibytes) else { return };
    let (engine, _notices) = common::open(&small.path, usize::MAX).await;
    assert_eq!(engine.submit(Operation::Create { accounts: vec![ACCOUNT] }).await, Outcome::Done);
    fill_store(&engine).await;
    assert_eq!(engine.submit(copy(Originals::Stay)).await, FULL);
    assert_eq!(engine.submit(copy(Originals::Go)).await, FULL);
    // A name or two may still fit where no message does.
    let name = |number: u64| format!("{number}/{}", "x".repeat(900));
    let create = async |number| {
        let (name, special_use) = (name(number), None);
        engine.submit(Operation::CreateMailbox { account: ACCOUNT, name, special_use }).await
    };
    until_full(create).await;
    let subscribe = async |number| {
        let (name, subscribed) = (name(number), true);
        engine.submit(Operation::Subscribe { account: ACCOUNT, name, subscribed }).await
    };
    until_full(subscribe).await;
    let (mailbox, name) = (MailboxId(3), name(3000));
    assert_eq!(engine.submit(Operation::RenameMailbox { account: ACCOUNT, mailbox, name }).await, FULL);
    let there = engine.index().mailbox(ACCOUNT, INBOX).unwrap().status().messages;
    let flagged = Operation::Flags {
        account: ACCOUNT,
        mailbox: INBOX,
        uids: Uids::all(),
        change: FlagChange::Add,
        flags: SystemFlags::DELETED,
        keywords: Vec::new(),
    };
    let Outcome::Flagged(uids) = engine.submit(flagged).await else { panic!("flags are refused") };
    assert_eq!(uids.len(), usize::try_from(there).unwrap());
    for operation in [
        Operation::DeleteMailbox { account: ACCOUNT, mailbox: MailboxId(6) },
        Operation::Expunge { account: ACCOUNT, mailbox: INBOX, uids: Uids::all() },
        Operation::Subscribe { account: ACCOUNT, name: "Trash".to_owned(), subscribed: false },
    ] {
        let shown = format!("{operation:?}");
        assert_eq!(engine.submit(operation).await, Outcome::Done, "{shown}");
    }
    assert_eq!(engine.index().mailbox(ACCOUNT, INBOX).unwrap().status().messages, 0);
    assert!(engine.index().mailbox(ACCOUNT, MailboxId(6)).is_none());
    // What has the file system open goes before it does.
    drop(engine);
    let engine = common::open(&small.path, usize::MAX).await.0;
    assert_eq!(engine.index().mailbox(ACCOUNT, INBOX).unwrap().status().messages, 0);
    assert!(engine.index().mailbox(ACCOUNT, MailboxId(6)).is_none());
}
