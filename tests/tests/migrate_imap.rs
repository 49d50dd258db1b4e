//! Moving in from another server by IMAP: a second suite, and what a server can do to whoever asks it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bulkhead_tests::clients::Site;
use bulkhead_tests::folders;
use bulkhead_tests::mail::curl;
use bulkhead_tests::suite::{Options, Suite, User, is_root, run_with_input, text_of};

const ANNA: &str = "anna@example.org";
const BOB: &str = "bob@example.org";
const PASSWORD: &str = "correct horse";
const THERE: &str = "battery staple";

fn here(user: User) -> Suite {
    let suite = Suite::start(user, Options::default());
    suite.import(&[(ANNA, PASSWORD), (BOB, PASSWORD)]);
    suite
}

fn there() -> Site {
    let site = Site::start(&[(BOB, THERE)]);
    folders::fill(site.suite.imaps, BOB, THERE, "", '/');
    site
}

fn import(suite: &Suite, from: &str, options: &[&str]) -> Output {
    let arguments = [&["import", "imap", ANNA, "--from", from, "--password-stdin"], options].concat();
    suite.bulkhead(&arguments, &format!("{THERE}\n"))
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text_of(output));
    text_of(output)
}

fn refused(output: &Output, status: i32, word: &str) {
    assert_eq!(output.status.code(), Some(status), "{}", text_of(output));
    assert!(text_of(output).contains(word), "{}", text_of(output));
}

fn seen(suite: &Suite, login: &str, password: &str) -> serde_json::Value {
    folders::seen(suite.imaps, login, password)
}

#[test]
fn an_account_of_another_suite_comes_along_whole() {
    let site = there();
    let theirs = seen(&site.suite, BOB, THERE);
    let before = recent(&site);
    assert!(before.contains("RECENT 60"), "{before}");
    let certificate = site.certificate();
    for (number, user) in User::here().into_iter().enumerate() {
        let suite = here(user);
        // both ways
        let (port, way): (_, &[&str]) = match number {
            0 => (site.suite.imaps, &[]),
            _ => (site.suite.imap, &["--starttls"]),
        };
        let from = format!("{BOB}@localhost:{port}");
        let with = [&["--ca", certificate.as_str()], way].concat();
        let said = done(&import(&suite, &from, &with));
        assert!(said.contains(": 63 messages, 0 were there already") && !said.contains("UID"), "{said}");
        assert_eq!(
            seen(&suite, ANNA, PASSWORD),
            theirs,
            "UIDs, flags, keywords, dates, bytes, subscriptions"
        );
        let again = done(&import(&suite, &from, &with));
        assert!(again.contains(": 0 messages, 63 were there already"), "{again}");
        assert_eq!(folders::differences(&seen(&suite, ANNA, PASSWORD), &theirs), [""; 0]);
        assert!(seen(&suite, BOB, PASSWORD)["INBOX"]["messages"].as_array().unwrap().is_empty());
    }
    // nothing changed there, not even what is recent
    assert_eq!(folders::differences(&seen(&site.suite, BOB, THERE), &theirs), [""; 0]);
    assert_eq!(recent(&site), before);
}

fn recent(site: &Site) -> String {
    let request = "STATUS \"Projekte/Br&APw-cken\" (RECENT UNSEEN)";
    text_of(&curl(&site.suite, &format!("{BOB}:{THERE}"), "", Some(request)))
}

#[test]
fn some_folders_come_along() {
    let (site, suite) = (there(), here(User::here()[0]));
    let (from, certificate) = (format!("{BOB}@localhost:{}", site.suite.imaps), site.certificate());
    let with = ["--ca", &certificate, "--folder", "Projekte*", "--exclude", "*Br?cken"];
    let said = done(&import(&suite, &from, &with));
    assert!(said.starts_with("1 mailboxes: 0 messages"), "{said}");
    let anna = seen(&suite, ANNA, PASSWORD);
    assert!(anna.get("Projekte").is_some() && anna.get("Projekte/Br&APw-cken").is_none(), "{anna}");
    assert!(anna.get("Leer").is_none(), "{anna}");
}

#[test]
fn what_is_not_safe_or_not_there_is_refused() {
    let (site, suite) = (there(), here(User::here()[0]));
    let (imaps, imap) = (site.suite.imaps, site.suite.imap);
    let certificate = site.certificate();
    let from = |port| format!("{BOB}@localhost:{port}");
    refused(&import(&suite, &from(imaps), &[]), 69, "TLS: invalid peer certificate");
    refused(&import(&suite, &from(imap), &["--starttls"]), 69, "TLS: invalid peer certificate");
    let other = suite.directory.path().join("other.pem");
    let key = suite.directory.path().join("other.key");
    bulkhead_tests::clients::certify(&other, &key);
    let other = other.display().to_string();
    refused(&import(&suite, &from(imaps), &["--ca", &other]), 69, "TLS: invalid peer certificate");
    refused(&import(&suite, &from(imaps), &["--ca", "/nowhere"]), 66, "/nowhere");
    refused(&import(&suite, &from(imaps), &["--ca", &key.display().to_string()]), 66, "no certificate");
    refused(&import(&suite, &from(imaps), &["--ca", &certificate, "--no-verify"]), 64, "cannot be used");
    refused(
        &import(&suite, &format!("nobody@localhost:{imaps}"), &["--ca", &certificate]),
        77,
        "refuses the login",
    );
    refused(&import(&suite, &from(1), &["--ca", &certificate]), 75, "localhost, port 1");
    refused(&import(&suite, "nowhere", &[]), 64, "no @ in it");
    let unknown = ["import", "imap", "nobody@example.org", "--from", &from(imaps), "--password-stdin"];
    refused(&suite.bulkhead(&unknown, "x\n"), 67, "no account");
    assert_eq!(seen(&suite, ANNA, PASSWORD)["INBOX"]["uidnext"], "1", "nothing came of all that");
    let said = done(&import(&suite, &from(imaps), &["--no-verify"]));
    assert!(said.contains("not checked") && said.contains(": 63 messages"), "{said}");
}

/// A certificate of an authority that is trusted for it, or by the system; and it has to be for that name.
#[test]
fn an_authority_vouches_for_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let issue = |name: &str, more: &[&str]| {
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3",
        ]);
        command.args(["-subj", &format!("/CN={name}"), "-out", &path(&format!("{name}.pem"))]);
        command.args(["-keyout", &path(&format!("{name}.key"))]).args(more);
        let made = run_with_input(command, "");
        assert!(made.status.success(), "{}", text_of(&made));
    };
    issue("authority", &[]);
    let by = ["-CA", &path("authority.pem"), "-CAkey", &path("authority.key")];
    let names = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    issue("server", &[&by[..], &names].concat());
    let tables =
        format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", path("server.pem"), path("server.key"));
    let site = Suite::start(User::here()[0], Options { tables: &tables, ..Options::default() });
    site.import(&[(BOB, THERE)]);
    let suite = here(User::here()[0]);
    let authority = path("authority.pem");
    let from = |host: &str| format!("{BOB}@{host}:{}", site.imaps);
    done(&import(&suite, &from("localhost"), &["--ca", &authority]));
    refused(&import(&suite, &from("127.0.0.1"), &["--ca", &authority]), 69, "not valid for name");
    for (trusted, status) in [(authority.as_str(), 0), (&path("server.key"), 66)] {
        let mut command = suite.command("bulkhead");
        command.env("SSL_CERT_FILE", trusted).env_remove("SSL_CERT_DIR").arg("--config").arg(suite.config());
        command.args(["import", "imap", ANNA, "--password-stdin", "--from", &from("localhost")]);
        let output = run_with_input(command, &format!("{THERE}\n"));
        assert_eq!(output.status.code(), Some(status), "{}", text_of(&output));
    }
}

/// A kill in the middle, of either side: what is imported again goes on from there, without a double.
#[test]
fn an_import_that_was_cut_off_goes_on() {
    let site = there();
    let theirs = seen(&site.suite, BOB, THERE);
    // within the large message, and among the many small ones
    for (cut, after) in
        [("importer", 150_000), ("importer", 316_000), ("server", 150_000), ("store", 316_000)]
    {
        let suite = here(User::here()[0]);
        let way = Halting::before(site.suite.imaps, after);
        let mut command: Command = suite.command("bulkhead");
        command.arg("--config").arg(suite.config());
        command.args(["import", "imap", ANNA, "--password-stdin", "--ca", &site.certificate()]);
        command.args(["--from", &format!("{BOB}@localhost:{}", way.port)]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut importing = command.spawn().unwrap();
        importing.stdin.take().unwrap().write_all(format!("{THERE}\n").as_bytes()).unwrap();
        way.halts.recv_timeout(Duration::from_secs(30)).expect("it comes so far");
        let (begun, whole) = (Instant::now(), if after > 300_000 { 3 } else { 2 });
        while seen(&suite, ANNA, PASSWORD)["INBOX"]["messages"].as_array().unwrap().len() < whole {
            assert!(begun.elapsed() < Duration::from_secs(30), "what has come is stored");
        }
        let killed = match cut {
            "importer" => vec![importing.id()],
            "server" => site.suite.pids("imap"),
            _ => suite.pids("store"),
        };
        killed.into_iter().for_each(|pid| bulkhead_tests::suite::signal(pid, "KILL"));
        drop(way);
        let ended = importing.wait_with_output().unwrap();
        let expected = if cut == "importer" { None } else { Some(75) };
        assert_eq!(ended.status.code(), expected, "{cut}: {}", text_of(&ended));
        let said = goes_on(&suite, &format!("{BOB}@localhost:{}", site.suite.imaps), &site.certificate());
        let (new, were) = said.split_once(" messages, ").expect("the totals");
        let number = |text: &str| text.rsplit(' ').next().and_then(|n| n.parse::<u32>().ok());
        let were = were.split(' ').next().and_then(|n| n.parse::<u32>().ok()).expect("a number");
        assert_eq!((number(new), were >= 2), (Some(63 - were), true), "{cut}: {said}");
        let differences = folders::differences(&seen(&suite, ANNA, PASSWORD), &theirs);
        assert_eq!(differences, [""; 0], "{cut}: {} then {said}", text_of(&ended));
    }
}

/// Imports until the side that was killed has been started again.
fn goes_on(suite: &Suite, from: &str, certificate: &str) -> String {
    let begun = Instant::now();
    loop {
        let output = import(suite, from, &["--ca", certificate]);
        if output.status.success() || begun.elapsed() > Duration::from_secs(20) {
            return done(&output);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A way to a server on which what it sends halts after so many bytes, until it is dropped.
struct Halting {
    port: u16,
    halts: Receiver<()>,
    _goes_on: Sender<()>,
}

impl Halting {
    fn before(server: u16, after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ((halting, halts), (goes_on, until)) = (channel(), channel());
        std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut says, mut hears) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut says, &mut hears));
            let (mut sent, mut piece) = (0, [0; 4096]);
            while let Ok(read @ 1..) = server.read(&mut piece) {
                if sent < after && sent + read >= after {
                    let _ = halting.send(());
                    // an error when the test goes on
                    let _: Result<(), _> = until.recv();
                }
                sent += read;
                if client.write_all(&piece[..read]).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(std::net::Shutdown::Both);
            let _ = server.shutdown(std::net::Shutdown::Both);
        });
        Halting { port, halts, _goes_on: goes_on }
    }
}

/// Not as root: whoever finds a hole in the client has found nobody.
#[test]
fn roots_rights_are_given_up_before_it_connects() {
    if !is_root() {
        eprintln!("NOT RUN: it takes root");
        return;
    }
    let suite = here(User::Root);
    for (sudo, expected) in [(None, 65_534), (Some("64321"), 64_321), (Some("0"), 65_534)] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let from = format!("{BOB}@127.0.0.1:{}", server.local_addr().unwrap().port());
        let mut command = suite.command("bulkhead");
        command.args([
            "import",
            "imap",
            ANNA,
            "--from",
            &from,
            "--password-stdin",
            "--no-verify",
            "--starttls",
        ]);
        command.arg("--config").arg(suite.config()).env_remove("SUDO_UID").env_remove("SUDO_GID");
        if let Some(uid) = sudo {
            command.env("SUDO_UID", uid).env("SUDO_GID", uid);
        }
        let mut importing =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        importing.stdin.take().unwrap().write_all(b"x\n").unwrap();
        let (connection, _) = server.accept().unwrap();
        let status = fs::read_to_string(format!("/proc/{}/status", importing.id())).unwrap();
        for field in ["Uid", "Gid"] {
            let line = status.lines().find(|line| line.starts_with(field)).unwrap();
            assert!(line.split_whitespace().skip(1).all(|id| id == expected.to_string()), "{line}");
        }
        assert!(status.lines().any(|line| line.split_whitespace().eq(["CapEff:", "0000000000000000"])));
        drop(connection);
        assert_eq!(importing.wait().unwrap().code(), Some(75));
    }
}

/// What a hostile server says in plain is all it gets to say: no password, and nothing is believed.
#[test]
fn a_server_without_tls_hears_no_password() {
    let suite = here(User::here()[0]);
    for greeting in [
        "* PREAUTH welcome\r\n",
        "* OK x\r\n* CAPABILITY IMAP4rev1\r\nb1 OK\r\n",
        "* OK x\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\nb1 OK\r\nb2 OK\r\nb1 OK injected\r\n",
        "\x1b]0;steered\x07\r\n",
        "* BYE \x1b[31mred\r\n",
    ] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let from = format!("{BOB}@127.0.0.1:{}", server.local_addr().unwrap().port());
        let heard = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            connection.write_all(greeting.as_bytes()).unwrap();
            let mut heard = Vec::new();
            let _ = connection.read_to_end(&mut heard);
            String::from_utf8_lossy(&heard).into_owned()
        });
        let output = import(&suite, &from, &["--starttls", "--no-verify"]);
        assert!(!output.status.success(), "{greeting:?}");
        assert!(!text_of(&output).contains('\x1b'), "{}", text_of(&output));
        let heard = heard.join().unwrap();
        assert!(!heard.contains(THERE) && !heard.contains("LOGIN") && !heard.contains("AUTH"), "{heard}");
    }
}

/// A password is typed, or read; a command line can be seen by everybody.
#[test]
fn without_a_terminal_the_password_comes_from_standard_input_only_if_that_is_said() {
    let suite = here(User::here()[0]);
    let mut command = Command::new("setsid");
    command.args(["--wait", "timeout", "20"]).arg(suite.directory.path().join("bin/bulkhead"));
    command.args(["import", "imap", ANNA, "--from", "bob@localhost:1", "--config"]).arg(suite.config());
    refused(&run_with_input(command, "secret\n"), 74, "--password-stdin");
}
