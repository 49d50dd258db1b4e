//! POP3 with other people's programs: Python's poplib, curl, fetchmail, getmail; and with a plain dialog where each octet
//! matters.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bulkhead_tests::mail::{curl, python_says, swaks};
use bulkhead_tests::suite::{Options, Suite, User, is_root, run_with_input, signal, text_of};

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";
const MESSAGE: &str = include_str!("../corpus/attachments.eml");

fn suite(user: User) -> Suite {
    let suite = Suite::start(user, Options::default());
    suite.import(&[(LOGIN, PASSWORD)]);
    suite
}

fn deliver(suite: &Suite, message: &str) {
    let sent = swaks(suite, LOGIN, message);
    assert!(sent.status.success(), "{}\n{}", text_of(&sent), suite.log());
}

fn messages(suite: &Suite) -> String {
    text_of(&curl(suite, &format!("{LOGIN}:{PASSWORD}"), "", Some("STATUS INBOX (MESSAGES UNSEEN)")))
}

#[test]
fn a_session_with_poplib() {
    for user in User::here() {
        let suite = suite(user);
        let ports = [suite.pop3.to_string(), suite.pop3s.to_string()];
        let _nothing = python_says(&suite, "pop3_session.py", &[&ports[0], &ports[1], LOGIN, PASSWORD]);
        let left = messages(&suite);
        assert!(
            left.contains("MESSAGES 2") && left.contains("UNSEEN 2"),
            "RETR reads nothing for IMAP: {left}"
        );
    }
}

fn curl_pop3(arguments: &[&str], password: &str) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--insecure", "--max-time", "30"]);
    command.args(["--user", &format!("{LOGIN}:{password}")]).args(arguments);
    run_with_input(command, "")
}

#[test]
fn curl_reads_over_both_ports() {
    let suite = suite(User::here()[0]);
    deliver(&suite, MESSAGE);
    let body = MESSAGE.replace("\r\n", "\n").replace('\n', "\r\n");
    let (implicit, stls) =
        (format!("pop3s://127.0.0.1:{}/1", suite.pop3s), format!("pop3://127.0.0.1:{}/1", suite.pop3));
    for arguments in [
        &[implicit.as_str()][..],
        &["--ssl-reqd", &stls],
        &["--login-options", "AUTH=PLAIN", &implicit],
        &["--login-options", "AUTH=PLAIN", "--sasl-ir", "--ssl-reqd", &stls],
    ] {
        let read = curl_pop3(arguments, PASSWORD);
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        assert!(read.status.success(), "{arguments:?}: {}\n{}", text_of(&read), suite.log());
        assert!(text.trim_end().ends_with(body.trim_end()), "{arguments:?}: {text}");
        let wrong = curl_pop3(arguments, "wrong");
        assert_eq!(wrong.status.code(), Some(67), "curl's code for a refused login: {}", text_of(&wrong));
    }
    // without TLS there is no login
    let plain = curl_pop3(&[&stls], PASSWORD);
    assert_eq!(plain.status.code(), Some(67), "{}", text_of(&plain));
}

fn private(path: &Path, text: &str) -> PathBuf {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
    path.to_owned()
}

#[test]
fn fetchmail_fetches_once_and_removes() {
    let suite = suite(User::here()[0]);
    for number in 1..=3 {
        deliver(&suite, &format!("Subject: fetched {number}\n\n.dot\nbody {number}\n"));
    }
    let directory = suite.directory.path();
    let mailbox = directory.join("fetched");
    let recipe = |keep: &str, port: u16, ssl: &str| {
        format!(
            "poll 127.0.0.1 protocol pop3 port {port} uidl\n  user \"{LOGIN}\" password \"{PASSWORD}\" {ssl} \
             no sslcertck {keep}\n  mda \"cat >>{}\"\n",
            mailbox.display()
        )
    };
    let fetch = |text: &str| {
        let file = private(&directory.join("fetchmailrc"), text);
        let mut command = Command::new("fetchmail");
        command.arg("-f").arg(&file).arg("-i").arg(directory.join("fetchids"));
        command.args([
            "--pidfile",
            &directory.join("fetchmail.pid").display().to_string(),
            "--nosyslog",
            "-v",
        ]);
        command.env("HOME", directory).env("FETCHMAILHOME", directory);
        run_with_input(command, "")
    };
    let first = fetch(&recipe("keep", suite.pop3s, "ssl"));
    assert_eq!(first.status.code(), Some(0), "{}\n{}", text_of(&first), suite.log());
    // what was fetched is known by its unique id: nothing is new
    let second = fetch(&recipe("keep", suite.pop3, "sslproto TLS1.2+"));
    assert_eq!(second.status.code(), Some(1), "{}\n{}", text_of(&second), suite.log());
    let fetched = fs::read_to_string(&mailbox).expect("mail");
    for number in 1..=3 {
        assert_eq!(fetched.matches(&format!("Subject: fetched {number}")).count(), 1, "{fetched}");
    }
    assert_eq!(fetched.matches("\n.dot\n").count(), 3, "{fetched}");
    let removed = fetch(&recipe("fetchall no keep", suite.pop3, "sslproto TLS1.2+"));
    assert_eq!(removed.status.code(), Some(0), "{}\n{}", text_of(&removed), suite.log());
    assert!(messages(&suite).contains("MESSAGES 0"), "{}", messages(&suite));
}

/// A directory for a program that does not run as root, and the program, which does not.
fn as_ordinary(suite: &Suite, program: &str) -> (PathBuf, Command) {
    let directory = suite.directory.path().join(program);
    for part in ["maildir/cur", "maildir/new", "maildir/tmp"] {
        fs::create_dir_all(directory.join(part)).expect("a directory");
    }
    if !is_root() {
        return (directory, Command::new(program));
    }
    // it asks for its name, so the uid is one that every system has a name for
    let (user, group) = ("nobody", "nogroup");
    let mut chown = Command::new("chown");
    assert!(
        chown
            .args(["-R", &format!("{user}:{group}")])
            .arg(&directory)
            .status()
            .expect("chown runs")
            .success()
    );
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", group, "--clear-groups", "--", program]);
    (directory, command)
}

#[test]
fn getmail_fetches_once_and_removes() {
    let suite = suite(User::here()[0]);
    deliver(&suite, MESSAGE);
    deliver(&suite, "Subject: second\n\nbody\n");
    let fetch = |delete: &str| {
        let (directory, mut command) = as_ordinary(&suite, "getmail");
        let recipe = format!(
            "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = {}\nusername = {LOGIN}\n\
             password = {PASSWORD}\n[destination]\ntype = Maildir\npath = {}/maildir/\n[options]\n\
             read_all = false\ndelete = {delete}\n",
            suite.pop3s,
            directory.display()
        );
        fs::write(directory.join("getmailrc"), recipe).expect("a file");
        command.arg(format!("--getmaildir={}", directory.display())).arg("--rcfile=getmailrc");
        command.env("HOME", &directory).current_dir(&directory);
        let output = run_with_input(command, "");
        assert!(output.status.success(), "{}\n{}", text_of(&output), suite.log());
        fs::read_dir(directory.join("maildir/new")).expect("mail").count()
    };
    assert_eq!(fetch("false"), 2);
    assert_eq!(fetch("false"), 2, "what was fetched is known by its unique id");
    assert!(messages(&suite).contains("MESSAGES 2"));
    assert_eq!(fetch("true"), 2);
    assert!(messages(&suite).contains("MESSAGES 0"), "{}", messages(&suite));
}

struct Dialog(BufReader<TcpStream>);

impl Dialog {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        Dialog(BufReader::new(stream))
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        let _ = self.0.read_line(&mut line);
        line
    }

    fn says(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).expect("it is sent");
    }
}

/// What is slipped in behind STLS in plain is neither obeyed in plain nor after the handshake: it is no ClientHello, or is
/// thrown away.
#[test]
fn nothing_is_injected_before_the_handshake() {
    let suite = suite(User::here()[0]);
    let mut dialog = Dialog::connect(suite.pop3);
    assert!(dialog.hears().starts_with("+OK mail.example.org"));
    dialog.says(&format!("STLS\r\nUSER {LOGIN}\r\nPASS {PASSWORD}\r\nSTAT\r\n"));
    assert_eq!(dialog.hears(), "+OK Begin TLS.\r\n");
    assert_eq!(dialog.hears(), "", "nothing more in plain");

    // the same by a client that does go on with TLS
    let script = format!("STLS\r\nUSER {LOGIN}\r\n");
    let program = format!(
        "import socket, ssl\nraw = socket.create_connection(('127.0.0.1', {}), 10)\nraw.recv(1000)\n\
         raw.sendall({script:?}.encode())\nassert raw.recv(1000) == b'+OK Begin TLS.\\r\\n'\n\
         tls = ssl._create_unverified_context().wrap_socket(raw)\ntls.sendall(b'PASS {PASSWORD}\\r\\n')\n\
         print(tls.recv(1000))\n",
        suite.pop3
    );
    let mut command = Command::new("python3");
    command.args(["-c", &program]);
    let said = text_of(&run_with_input(command, ""));
    assert!(said.contains("-ERR Say USER first.") || said.contains("Error"), "{said}");
    assert!(!said.contains("+OK"), "{said}");
}

/// Whoever is killed, nothing is removed that was not acknowledged by the +OK to QUIT.
#[test]
fn marks_die_with_their_session() {
    let suite = suite(User::here()[0]);
    for number in 0..3 {
        deliver(&suite, &format!("Subject: {number}\n\nbody\n"));
    }
    for role in ["pop3", "store", "auth", "keys"] {
        let program = format!(
            "import poplib, ssl, sys\npop = poplib.POP3_SSL('127.0.0.1', {}, context=ssl._create_unverified_context())\n\
             pop.user('{LOGIN}')\npop.pass_('{PASSWORD}')\n[pop.dele(n) for n in (1, 2, 3)]\n\
             print('marked', flush=True)\nsys.stdin.readline()\n",
            suite.pop3s
        );
        let mut child = Command::new("python3")
            .args(["-c", &program])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert_eq!(line, "marked\n", "{role}\n{}", suite.log());
        for pid in suite.pids(role) {
            signal(pid, "KILL");
        }
        let _ = child.kill();
        let _ = child.wait();
        let there = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            messages(&suite).contains("MESSAGES 3")
        });
        assert!(there, "after {role} was killed: {}\n{}", messages(&suite), suite.log());
    }
}
