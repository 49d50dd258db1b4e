//! Who is let in, as whom, and what he is shown: shares of networks, the PROXY protocol, offenders, several certificates,
//! and a `keys` that does not answer.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bulkhead_tests::mail::curl;
use bulkhead_tests::suite::{Options, Suite, User, run_with_input, signal, text_of};

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";

/// A dialog in plain.
struct Dialog {
    stream: BufReader<TcpStream>,
}

impl Dialog {
    fn connect(port: u16) -> Dialog {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        Dialog { stream: BufReader::new(stream) }
    }

    /// As a proxy passes on the connection of somebody there.
    fn of(port: u16, client: &str) -> Dialog {
        let mut dialog = Dialog::connect(port);
        dialog.send(&format!("PROXY TCP4 {client} 203.0.113.25 4711 25"));
        dialog
    }

    fn send(&mut self, line: &str) {
        // the other end may have closed
        let _ = self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes());
    }

    /// The last line of a reply; nothing when the connection has ended.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line);
            if read.unwrap_or(0) == 0 || line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.reply()
    }
}

const PROXY: &str = "proxy_from = [\"127.0.0.1\"]\nmax_connections_per_network = 3";

fn suite(options: Options<'_>) -> Suite {
    let suite = Suite::start(User::here()[0], options);
    suite.import(&[(LOGIN, PASSWORD)]);
    suite
}

#[test]
fn a_proxys_client_is_who_the_header_says() {
    let suite = suite(Options { mx: PROXY, ..Options::default() });
    let mut dialog = Dialog::of(suite.smtp, "192.0.2.77");
    assert!(dialog.reply().starts_with("220 "), "{}", suite.log());
    dialog.ask("EHLO client.elsewhere.example");
    dialog.ask("MAIL FROM:<a@elsewhere.example>");
    dialog.ask("RCPT TO:<anna@example.org>");
    assert!(dialog.ask("DATA").starts_with("354 "));
    assert!(dialog.ask("Subject: by proxy\r\n\r\ntext\r\n.").starts_with("250 "), "{}", suite.log());
    let message = text_of(&curl(&suite, &format!("{LOGIN}:{PASSWORD}"), "INBOX;UID=1", None));
    assert!(message.contains("[192.0.2.77]") && !message.contains("127.0.0.1"), "{message}");

    let mut version_two = TcpStream::connect(("127.0.0.1", suite.smtp)).expect("a connection");
    let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x4e\xcb\0\x71\x19\x12\x34\0\x19";
    version_two.write_all(header).expect("it is sent");
    let mut greeting = [0; 4];
    version_two.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(&greeting, b"220 ");
}

#[test]
fn a_proxy_has_to_say_and_nobody_else_may() {
    let suite = suite(Options { mx: PROXY, ..Options::default() });
    let mut silent = Dialog::connect(suite.smtp);
    assert_eq!(silent.ask("EHLO client.elsewhere.example"), "", "without a header there is no service");
    // what a role logs comes by way of the master
    let started = Instant::now();
    while !suite.log().contains("no PROXY protocol header") {
        assert!(started.elapsed() < Duration::from_secs(5), "{}", suite.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    // IMAP has no proxies: the header is a command that is none
    let mut imap = Dialog::connect(suite.imap);
    assert!(imap.reply().starts_with("* OK "));
    let answer = imap.ask("PROXY TCP4 192.0.2.1 192.0.2.2 1 2");
    assert!(answer.contains("BAD"), "{answer}");
}

#[test]
fn a_network_has_its_share_and_others_theirs() {
    let suite = suite(Options { mx: PROXY, ..Options::default() });
    let mut inside = Vec::new();
    let mut refused = 0;
    // two workers with three places for it each
    for host in 1..=20 {
        let mut dialog = Dialog::of(suite.smtp, &format!("198.51.100.{host}"));
        match dialog.reply() {
            greeting if greeting.starts_with("220 ") => inside.push(dialog),
            reply => {
                assert!(reply.starts_with("421 "), "{reply:?}\n{}", suite.log());
                refused += 1;
            }
        }
    }
    assert!((3..=6).contains(&inside.len()) && refused >= 14, "{} in, {refused} refused", inside.len());
    assert!(Dialog::of(suite.smtp, "198.51.101.1").reply().starts_with("220 "));
    for dialog in &mut inside {
        assert!(dialog.ask("NOOP").starts_with("250 "), "who is in stays");
    }
}

#[test]
fn who_asks_for_everybody_is_kept_waiting_and_then_refused() {
    let limits = "[limits]\nblock_after = 6\nblock_minutes = 10\n";
    let suite = suite(Options { mx: PROXY, tables: limits, ..Options::default() });
    let started = Instant::now();
    // each worker counts for itself: until neither lets him in any more
    let mut refused_in_a_row = 0;
    let mut slowest = Duration::ZERO;
    while refused_in_a_row < 8 {
        assert!(started.elapsed() < Duration::from_secs(60), "never refused\n{}", suite.log());
        let mut dialog = Dialog::of(suite.smtp, "192.0.2.13");
        if dialog.reply().starts_with("421 ") {
            refused_in_a_row += 1;
            continue;
        }
        refused_in_a_row = 0;
        dialog.ask("EHLO spammer.example");
        dialog.ask("MAIL FROM:<a@spammer.example>");
        let asked = Instant::now();
        assert!(dialog.ask("RCPT TO:<nobody@example.org>").starts_with("550 "), "{}", suite.log());
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest > Duration::from_millis(200), "no reply was late: {slowest:?}");
    assert!(suite.log().contains("refused for a while"), "{}", suite.log());
    assert!(Dialog::of(suite.smtp, "192.0.2.14").reply().starts_with("220 "), "the neighbour is not");
}

/// A certificate by openssl; its common name says which it is.
fn certificate(directory: &Path, mark: &str, newkey: &str, names: &str) {
    let file = |end: &str| directory.join(format!("{mark}.{end}")).display().to_string();
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "30", "-subj", &format!("/CN={mark}"), "-newkey"]);
    command.args(newkey.split(' ')).args(["-keyout", &file("key"), "-out", &file("crt")]);
    command.args(["-addext", &format!("subjectAltName={names}")]);
    let made = run_with_input(command, "");
    assert!(made.status.success(), "{}", text_of(&made));
}

/// The common name of the certificate that a client is shown.
fn shown(port: u16, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}")]).args(arguments);
    let said = text_of(&run_with_input(command, ""));
    let subject = said.lines().find(|line| line.starts_with("subject=")).unwrap_or_default();
    subject.rsplit('=').next().unwrap_or_default().trim().to_owned()
}

#[test]
fn the_certificate_is_chosen_by_name_and_by_what_the_client_can_check() {
    let made = tempfile::tempdir().expect("a directory");
    let of = |mark: &str| {
        let path = made.path().join(mark);
        format!("certificate = \"{0}.crt\"\nkey = \"{0}.key\"\n", path.display())
    };
    let ecdsa = "ec -pkeyopt ec_paramgen_curve:P-256";
    certificate(made.path(), "first-ecdsa", ecdsa, "DNS:mail.example.org");
    certificate(made.path(), "first-rsa", "rsa:2048", "DNS:mail.example.org");
    certificate(made.path(), "second", ecdsa, "DNS:mail.example.net,DNS:*.example.com");
    let tables = format!(
        "[tls]\n{}[[tls.certificates]]\n{}[[tls.certificates]]\n{}",
        of("first-ecdsa"),
        of("first-rsa"),
        of("second")
    );
    let mut suite = Suite::prepare(User::here()[0], Options { tables: &tables, ..Options::default() });
    suite.run();
    let rsa_only = ["-tls1_2", "-sigalgs", "RSA+SHA256:RSA-PSS+SHA256"];
    for (name, more, expected) in [
        (Some("mail.example.org"), &[][..], "first-ecdsa"),
        (Some("mail.example.org"), &rsa_only, "first-rsa"),
        (Some("MAIL.example.net"), &[], "second"),
        (Some("imap.example.com"), &["-tls1_3"], "second"),
        (Some("a.imap.example.com"), &[], "first-ecdsa"),
        (Some("elsewhere.example"), &rsa_only, "first-rsa"),
        (None, &[], "first-ecdsa"),
    ] {
        let name = name.map_or(vec!["-noservername"], |name| vec!["-servername", name]);
        let arguments = [&name[..], more].concat();
        assert_eq!(shown(suite.imaps, &arguments), expected, "{arguments:?}\n{}", suite.log());
        let starttls = [&arguments[..], &["-starttls", "smtp"]].concat();
        assert_eq!(shown(suite.smtp, &starttls), expected, "{starttls:?}");
    }
    // a key that is not that of its chain is told at the start, by name
    let broken = fs::read(made.path().join("first-rsa.key")).expect("a key");
    fs::write(made.path().join("second.key"), broken).expect("it is written");
    assert!(suite.stop().success());
    let refused = suite.bulkhead(&["run"], "");
    assert!(!refused.status.success());
    let said = text_of(&refused);
    assert!(said.contains("second.key: the key is not that of the first certificate"), "{said}");
}

#[test]
fn while_keys_does_not_answer_sessions_go_on_and_handshakes_end() {
    let suite = suite(Options::default());
    let mut sessions: Vec<Dialog> = (0..12).map(|_| Dialog::connect(suite.smtp)).collect();
    for session in &mut sessions {
        assert!(session.reply().starts_with("220 "));
    }
    let keys = suite.pids("keys")[0];
    signal(keys, "STOP");
    let mut clients: Vec<_> = (0..8)
        .map(|_| {
            let server = format!("127.0.0.1:{}", suite.smtp);
            let mut command = Command::new("openssl");
            command.args(["s_client", "-starttls", "smtp", "-connect", &server]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            (command.spawn().expect("openssl runs"), Instant::now())
        })
        .collect();
    // as long as a signature is waited for, and beyond
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    while started.elapsed() < Duration::from_secs(4) {
        for session in &mut sessions {
            let asked = Instant::now();
            assert!(session.ask("NOOP").starts_with("250 "));
            slowest = slowest.max(asked.elapsed());
        }
        // a session has only so many commands without effect
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("slowest NOOP while keys stands still: {slowest:?}");
    // had the thread waited for a signature, it would be two seconds
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    for (client, since) in &mut clients {
        while client.try_wait().expect("wait").is_none() {
            assert!(since.elapsed() < Duration::from_secs(20), "a handshake without end\n{}", suite.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    signal(keys, "CONT");
    let asked = Instant::now();
    while shown(suite.smtp, &["-starttls", "smtp"]).is_empty() {
        assert!(asked.elapsed() < Duration::from_secs(20), "no TLS after keys went on\n{}", suite.log());
    }
}
