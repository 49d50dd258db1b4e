//! Every program on every port it can use: plain → TLS and implicit, right and wrong passwords. All of them check the
//! certificate.

use std::time::Instant;

use bulkhead_tests::clients::read::{self, By};
use bulkhead_tests::clients::{Site, Tls, Way, send};
use bulkhead_tests::suite::Suite;

const PASSWORD: &str = "correct horse";
const ACCOUNTS: [(&str, &str); 2] = [(send::SENDER, PASSWORD), (READER, PASSWORD)];
const READER: &str = "ben@example.org";

fn way(port: u16, tls: Tls, login: &'static str) -> Way<'static> {
    Way { port, tls, login, password: PASSWORD }
}

/// Programs that share a suite. Wrong passwords from one address are answered later and later: a few of them take no time.
const TOGETHER: usize = 2;

/// Has each program send a message each way, and try to with a wrong password.
fn all_send(ways: impl Fn(&Suite) -> Vec<Way<'static>>) {
    for programs in send::ALL.chunks(TOGETHER) {
        let site = Site::start(&ACCOUNTS);
        let mut subjects = Vec::new();
        for (program, send) in programs {
            for way in ways(&site.suite) {
                subjects.push(sends(&site, program, *send, way));
            }
        }
        all_arrived(&site, &subjects);
    }
}

/// The subject of what was sent.
fn sends(site: &Site, program: &str, send: send::Send, way: Way<'_>) -> String {
    let (subject, started) = (format!("{program} on {}", way.port), Instant::now());
    let said = send(site, way, READER, &subject);
    assert!(said.is_ok(), "{subject}: {said:?}\n{}", site.suite.log());
    eprintln!("{subject}: {:?}", started.elapsed());
    if !way.login.is_empty() {
        let wrong = send(site, Way { password: "wrong", ..way }, READER, &format!("a wrong {program}"));
        let refused = wrong.expect_err("a wrong password sends mail");
        assert!(!refused.is_empty(), "{program} says nothing of a wrong password");
    }
    subject
}

fn all_arrived(site: &Site, subjects: &[String]) {
    let inbox = way(site.suite.imaps, Tls::Implicit, READER);
    let (_, imaplib) = read::IMAP.iter().find(|(name, _)| *name == "imaplib").expect("it is one of them");
    let mail = imaplib(site, inbox, By::Imap).unwrap_or_else(|said| panic!("{said}\n{}", site.suite.log()));
    for subject in subjects {
        assert_eq!(mail.matches(&format!("Subject: {subject}\r\n")).count(), 1, "{subject}\n{mail}");
    }
    assert!(!mail.contains("Subject: a wrong"), "{mail}");
    assert_eq!(mail.matches("the last line.\r\n").count(), subjects.len(), "{mail}");
    assert_eq!(mail.matches("\r\n.a dot\r\n").count(), subjects.len(), "{mail}");
}

/// Has each program read three messages each way, and try to with a wrong password.
fn all_read(by: By, ways: impl Fn(&Suite) -> Vec<Way<'static>>) {
    let programs = match by {
        By::Imap => &read::IMAP[..],
        By::Pop3 => &read::POP3[..],
    };
    for programs in programs.chunks(TOGETHER) {
        let site = Site::start(&ACCOUNTS);
        for number in 1..=3 {
            let (_, swaks) = send::ALL[0];
            swaks(&site, way(site.suite.smtp, Tls::Starttls, ""), READER, &format!("number {number}"))
                .expect("it is sent");
        }
        for (program, read) in programs {
            for way in ways(&site.suite) {
                if *program != read::IMPLICIT_ONLY || way.tls == Tls::Implicit {
                    reads(&site, program, *read, way, by);
                }
            }
        }
    }
}

fn reads(site: &Site, program: &str, read: read::Read, way: Way<'_>, by: By) {
    let (name, started) = (format!("{program} by {by:?} on {}", way.port), Instant::now());
    let mail = read(site, way, by).unwrap_or_else(|said| panic!("{name}: {said}\n{}", site.suite.log()));
    eprintln!("{name}: {:?}", started.elapsed());
    for number in 1..=3 {
        assert_eq!(mail.matches(&format!("Subject: number {number}")).count(), 1, "{name}: {mail}");
    }
    assert_eq!(mail.matches("\n.a dot").count(), 3, "{name}: {mail}");
    assert_eq!(mail.matches("Grüße, the last line.").count(), 3, "{name}: {mail}");
    let wrong = read(site, Way { password: "wrong", ..way }, by);
    assert!(wrong.is_err(), "{name}: a wrong password reads {wrong:?}");
}

#[test]
fn all_send_on_port_25() {
    all_send(|suite| vec![way(suite.smtp, Tls::Starttls, "")]);
}

#[test]
fn all_send_on_ports_587_and_465() {
    all_send(|suite| {
        vec![
            way(suite.submission, Tls::Starttls, send::SENDER),
            way(suite.submissions, Tls::Implicit, send::SENDER),
        ]
    });
}

#[test]
fn all_read_on_ports_143_and_993() {
    all_read(By::Imap, |suite| {
        vec![way(suite.imap, Tls::Starttls, READER), way(suite.imaps, Tls::Implicit, READER)]
    });
}

#[test]
fn all_read_on_ports_110_and_995() {
    all_read(By::Pop3, |suite| {
        vec![way(suite.pop3, Tls::Starttls, READER), way(suite.pop3s, Tls::Implicit, READER)]
    });
}
