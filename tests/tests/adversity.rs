//! What goes wrong around a suite, and what strangers do to it: junk, smuggled ends, peers that hang up anywhere, a role
//! that does not answer, a disk that is full, a log that is damaged. It goes on, refuses what it cannot take, and keeps what
//! it acknowledged.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bulkhead_tests::mail::{Smtp, curl, python_says, swaks};
use bulkhead_tests::suite::{Options, Suite, User, is_root, signal, text_of};

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";
const ROLES: [&str; 8] = ["store", "keys", "auth", "mx", "imap", "pop3", "submission", "lmtp"];

fn suite() -> Suite {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[(LOGIN, PASSWORD)]);
    suite
}

fn asked(suite: &Suite, path: &str, request: &str) -> String {
    text_of(&curl(suite, &format!("{LOGIN}:{PASSWORD}"), path, Some(request)))
}

fn messages(suite: &Suite) -> String {
    asked(suite, "", "STATUS INBOX (MESSAGES)")
}

fn message(id: &str, octets: usize) -> String {
    format!("Message-ID: <{id}>\r\nSubject: adversity\r\n\r\n{}", "x".repeat(octets))
}

fn nobody_was_restarted(suite: &Suite) {
    for row in suite.status().as_array().expect("rows") {
        assert_eq!(row["restarts"], 0, "{row}\n{}", suite.log());
    }
}

/// Sends that, and reads until the other end closes or says nothing more.
fn exchange(port: u16, octets: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    // the other end may have heard enough before it is all sent
    let _ = stream.write_all(octets);
    let _ = stream.shutdown(Shutdown::Write);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    heard
}

#[test]
fn junk_ends_the_connection_it_comes_on() {
    let suite = suite();
    // the same junk every time: xorshift
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(100_000)
    .collect();
    let endless = vec![b'A'; 2_000_000];
    let commands = b"RCPT TO:<anna@example.org>\r\n".repeat(20_000);
    let hello: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for junk in [&noise, &endless, &commands, hello, b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"\0"] {
        for port in [suite.smtp, suite.imaps, suite.pop3, suite.pop3s] {
            exchange(port, junk);
        }
    }
    nobody_was_restarted(&suite);
    assert!(swaks(&suite, LOGIN, "Subject: after the junk\n\nbody\n").status.success(), "{}", suite.log());
    assert!(messages(&suite).contains("MESSAGES 1"));
}

#[test]
fn only_the_end_of_data_ends_the_data() {
    let suite = suite();
    let envelope = "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n";
    let ends = [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r\n.\r",
        "\r.\r\n",
        "\n.\r",
        "\r\r\n.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\r\r\n",
        "\r\n.\0\r\n",
        "\r\n\n.\r\n",
        "\r\n..\r\n",
        "\r\n. \r\n",
    ];
    for end in ends {
        let dialog = format!(
            "EHLO client.elsewhere.example\r\n{envelope}Subject: first\r\n\r\ntext{end}{envelope}Subject: second\r\n\r\ntext\r\n.\r\nQUIT\r\n"
        );
        let replies = String::from_utf8_lossy(&exchange(suite.smtp, dialog.as_bytes())).into_owned();
        let stored = replies.matches("250 2.0.0 Stored").count();
        assert!(stored <= 1, "{end:?} ends a message: {replies}");
        assert_eq!(replies.matches("354 ").count(), 1, "{end:?}: {replies}");
    }
    let found = asked(&suite, "INBOX", "SEARCH HEADER SUBJECT second");
    assert_eq!(found.trim(), "* SEARCH", "a smuggled message");
    // those with nothing odd but a dot at the wrong place are mail
    assert!(messages(&suite).contains("MESSAGES 2"), "{}", messages(&suite));
}

#[test]
fn whoever_hangs_up_anywhere_leaves_nothing_behind() {
    if !is_root() {
        eprintln!("not run: only root counts the descriptors of the roles");
        return;
    }
    let suite = suite();
    assert!(swaks(&suite, LOGIN, "Subject: first\n\nbody\n").status.success());
    messages(&suite);
    let descriptors = || -> Vec<(u32, usize)> {
        let pids = ROLES.iter().flat_map(|role| suite.pids(role)).chain([suite.master_pid()]);
        pids.map(|pid| (pid, fs::read_dir(format!("/proc/{pid}/fd")).expect("a process").count())).collect()
    };
    let before = descriptors();
    let dialog = b"EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\nSubject: half\r\n\r\nhalf of";
    for cut in (0..dialog.len()).chain(0..dialog.len()) {
        let mut stream = TcpStream::connect(("127.0.0.1", suite.smtp)).expect("a connection");
        stream.write_all(&dialog[..cut]).expect("it is sent");
    }
    for _ in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", suite.imaps)).expect("a connection");
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").expect("it is sent");
    }
    let given_back = wait_for(Duration::from_secs(10), || descriptors() == before);
    assert!(given_back, "{before:?} before, {:?} after", descriptors());
    nobody_was_restarted(&suite);
    assert!(messages(&suite).contains("MESSAGES 1"), "half a message was stored");
}

#[test]
fn sessions_go_on_while_keys_does_not_answer() {
    let suite = suite();
    let mut sessions: Vec<Smtp> = (0..8).map(|_| Smtp::connect(suite.smtp).expect("a session")).collect();
    let keys = suite.pids("keys")[0];
    signal(keys, "STOP");
    thread::scope(|scope| {
        let handshakes: Vec<_> =
            (0..16).map(|_| scope.spawn(|| swaks(&suite, LOGIN, "Subject: x\n\nx\n"))).collect();
        // one handshake of each worker is waited for with the sessions, not one after the other
        thread::sleep(Duration::from_secs(1));
        for session in &mut sessions {
            let said = Instant::now();
            let reply = session.say("NOOP").expect("a reply");
            assert!(
                reply.starts_with("250") && said.elapsed() < Duration::from_secs(5),
                "{reply} {:?}",
                said.elapsed()
            );
        }
        for handshake in handshakes {
            assert!(!handshake.join().expect("swaks ends").status.success(), "who signed that?");
        }
    });
    signal(keys, "CONT");
    let back =
        wait_for(Duration::from_secs(5), || swaks(&suite, LOGIN, "Subject: y\n\ny\n").status.success());
    assert!(back, "no handshake after keys went on\n{}", suite.log());
    nobody_was_restarted(&suite);
}

#[test]
fn a_role_that_stands_still_is_waited_for_and_goes_on() {
    let suite = suite();
    for role in ["auth", "store"] {
        let pid = suite.pids(role)[0];
        signal(pid, "STOP");
        let mut smtp = Smtp::connect(suite.smtp).expect("a greeting needs neither");
        assert!(smtp.say("EHLO x.example").expect("a reply").starts_with("250"));
        thread::scope(|scope| {
            let delivery = scope.spawn(move || smtp.deliver(LOGIN, &message(&format!("{role}@test"), 10)));
            thread::sleep(Duration::from_secs(2));
            assert!(!delivery.is_finished(), "{role} answered for a stopped process");
            signal(pid, "CONT");
            assert!(
                delivery.join().expect("no panic").expect("a reply"),
                "not taken after {role} went on\n{}",
                suite.log()
            );
        });
    }
    nobody_was_restarted(&suite);
    assert!(messages(&suite).contains("MESSAGES 2"));
}

#[test]
fn what_was_acknowledged_outlives_a_stop_under_load() {
    let mut suite = suite();
    let acknowledged = Mutex::new(BTreeSet::new());
    let next = AtomicU64::new(0);
    for _ in 0..3 {
        let stop = AtomicBool::new(false);
        let port = suite.smtp;
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let id = format!("{}@stop.example", next.fetch_add(1, Ordering::Relaxed));
                        let taken = Smtp::connect(port).and_then(|mut smtp| {
                            smtp.say("EHLO x.example")?;
                            smtp.deliver(LOGIN, &message(&id, 5000))
                        });
                        if matches!(taken, Ok(true)) {
                            acknowledged.lock().expect("no panic").insert(format!("<{id}>"));
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(700));
            assert!(suite.stop().success(), "{}", suite.log());
            stop.store(true, Ordering::Relaxed);
        });
        suite.run();
    }
    let acknowledged = acknowledged.into_inner().expect("no panic");
    assert!(acknowledged.len() > 20, "only {} messages: that was no load", acknowledged.len());
    let listed = python_says(&suite, "list_ids.py", &[LOGIN, PASSWORD]);
    let found: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert_eq!(listed.lines().count(), found.len(), "stored twice");
    let missing: Vec<_> = acknowledged.difference(&found).collect();
    assert!(missing.is_empty(), "acknowledged and not there: {missing:?}\n{}", suite.log());
}

#[test]
fn a_second_instance_is_refused() {
    let suite = suite();
    let second = suite.bulkhead(&["run"], "");
    assert_eq!(second.status.code(), Some(75), "{}", text_of(&second));
    assert!(text_of(&second).contains("is running with"), "{}", text_of(&second));
    assert!(messages(&suite).contains("MESSAGES 0"));
}

#[test]
fn a_damaged_body_is_one_messages_loss() {
    let mut suite = suite();
    let mut smtp = Smtp::connect(suite.smtp).expect("a connection");
    smtp.say("EHLO x.example").expect("a reply");
    let marks = ["AGFVKLQZXWJB0001@x", "AGFVKLQZXWJB0002@x", "AGFVKLQZXWJB0003@x"];
    for mark in marks {
        assert!(smtp.deliver(LOGIN, &message(mark, 0)).expect("a reply"));
    }
    drop(smtp);
    assert!(suite.stop().success());
    spoil(&suite.directory.path().join("state/store/log"), marks[1].as_bytes());

    suite.run();
    assert!(messages(&suite).contains("MESSAGES 3"), "{}", suite.log());
    for (uid, whole) in [(1, true), (2, false), (3, true)] {
        let body = text_of(&curl(&suite, &format!("{LOGIN}:{PASSWORD}"), &format!("INBOX;UID={uid}"), None));
        assert_eq!(body.contains("Subject: adversity"), whole, "{uid}: {body}\n{}", suite.log());
    }
    assert!(suite.log().contains("damaged"), "it is not reported\n{}", suite.log());
    assert!(swaks(&suite, LOGIN, "Subject: goes on\n\nbody\n").status.success());
}

/// Changes a byte of the body that lies before the metadata with that in it.
fn spoil(log: &Path, metadata: &[u8]) {
    const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    for entry in fs::read_dir(log).expect("the log") {
        let path = entry.expect("an entry").path();
        let mut octets = fs::read(&path).expect("a segment");
        let Some(known) = octets.windows(metadata.len()).position(|window| window == metadata) else {
            continue;
        };
        let frame_before = |end: usize| {
            octets[..end].windows(ZSTD.len()).rposition(|window| window == ZSTD).expect("a compressed record")
        };
        let body = frame_before(frame_before(known));
        octets[body + 40] ^= 0x55;
        fs::write(path, octets).expect("it is written");
        return;
    }
    panic!("not in the log");
}

/// A small file system of its own; gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mounted_at(path: PathBuf) -> Disk {
        fs::create_dir(&path).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m,mode=755", "none"])
            .arg(&path)
            .status();
        assert!(mounted.expect("mount runs").success());
        Disk(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // lazily: the suite may be on its way out
        let _ = Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status();
    }
}

#[test]
fn a_full_disk_refuses_mail_and_lets_delete_and_recovers_by_itself() {
    if !is_root() {
        eprintln!("not run: only root makes a small disk");
        return;
    }
    let mut suite = Suite::prepare(User::Root, Options::default());
    let disk = Disk::mounted_at(suite.directory.path().join("state"));
    fs::set_permissions(&disk.0, fs::Permissions::from_mode(0o755)).expect("chmod");
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![0u8; 20 << 20]).expect("there is room for that");
    suite.run();
    suite.import(&[(LOGIN, PASSWORD)]);

    let mut smtp = Smtp::connect(suite.smtp).expect("a connection");
    smtp.say("EHLO x.example").expect("a reply");
    let mut taken = 0;
    while smtp.deliver(LOGIN, &incompressible(taken)).expect("a reply") {
        taken += 1;
        assert!(taken < 100, "the disk does not fill");
    }
    assert!(taken > 2, "full after {taken}");
    // The log comes by way of the master.
    let said = wait_for(Duration::from_secs(5), || suite.log().contains("no space left"));
    assert!(said, "{}", suite.log());

    let flagged = asked(&suite, "INBOX", "STORE 1:2 +FLAGS (\\Deleted)");
    assert!(flagged.contains("* 2 FETCH") && flagged.contains("\\Deleted"), "{flagged}");
    let expunged = asked(&suite, "INBOX", "EXPUNGE");
    assert!(expunged.contains("EXPUNGE"), "{expunged}");
    assert!(messages(&suite).contains(&format!("MESSAGES {}", taken - 2)), "{}", messages(&suite));

    fs::remove_file(ballast).expect("it was there");
    let resumed = wait_for(Duration::from_secs(10), || {
        smtp.deliver(LOGIN, &incompressible(taken)).expect("the connection stands")
    });
    assert!(resumed, "mail is refused though there is space\n{}", suite.log());
    nobody_was_restarted(&suite);
    assert!(suite.stop().success());
}

/// Half a megabyte that no compressor makes small.
fn incompressible(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = format!("Message-ID: <{seed}@disk.example>\r\nSubject: large\r\n\r\n");
    for _ in 0..8000 {
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(&format!("{state:016x}"));
        }
        text.push_str("\r\n");
    }
    text
}

fn wait_for(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let asked = Instant::now();
    while asked.elapsed() < patience {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}
