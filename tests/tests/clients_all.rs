//! Every program on every port it can use: plain → TLS and implicit, right and wrong passwords. All of them check the
//! certificate.

use std::time::Instant;

use bulkhead_tests::clients::read::{self, By};
use bulkhead_tests::clients::{Site, Tls, Way, send};

const PASSWORD: &str = "correct horse";
const ACCOUNTS: [(&str, &str); 2] = [(send::SENDER, PASSWORD), (READER, PASSWORD)];
const READER: &str = "ben@example.org";

fn way(port: u16, tls: Tls, login: &'static str) -> Way<'static> {
    Way { port, tls, login, password: PASSWORD }
}

fn sends(site: &Site, ways: &[Way<'_>]) {
    let mut subjects = Vec::new();
    for (program, send) in send::ALL {
        for way in ways {
            let (subject, started) = (format!("{program} on {}", way.port), Instant::now());
            let said = send(site, *way, READER, &subject)
                .unwrap_or_else(|said| panic!("{subject}: {said}\n{}", site.suite.log()));
            eprintln!("{subject}: {:?}", started.elapsed());
            assert!(!said.contains("535"), "{subject}: {said}");
            subjects.push(subject);
            if way.login.is_empty() {
                continue;
            }
            let wrong = send(site, Way { password: "wrong", ..*way }, READER, &format!("a wrong {program}"));
            let refused = wrong.expect_err("a wrong password sends mail");
            assert!(!refused.is_empty(), "{program} says nothing of a wrong password");
        }
    }
    let inbox = Way { port: site.suite.imaps, tls: Tls::Implicit, login: READER, password: PASSWORD };
    let (_, imaplib) = read::IMAP.iter().find(|(name, _)| *name == "imaplib").expect("it is one of them");
    let mail = imaplib(site, inbox, By::Imap).unwrap_or_else(|said| panic!("{said}\n{}", site.suite.log()));
    for subject in &subjects {
        assert_eq!(mail.matches(&format!("Subject: {subject}\r\n")).count(), 1, "{subject}\n{mail}");
    }
    assert!(!mail.contains("Subject: a wrong"), "{mail}");
    assert_eq!(mail.matches("the last line.\r\n").count(), subjects.len(), "{mail}");
    assert_eq!(mail.matches("\r\n.a dot\r\n").count(), subjects.len(), "{mail}");
}

fn reads(site: &Site, by: By, ways: &[Way<'_>]) {
    let post = way(site.suite.smtp, Tls::Starttls, "");
    for number in 1..=3 {
        let (_, swaks) = send::ALL[0];
        swaks(site, post, READER, &format!("number {number}")).expect("it is sent");
    }
    let programs = match by {
        By::Imap => &read::IMAP[..],
        By::Pop3 => &read::POP3[..],
    };
    for (program, read) in programs {
        for way in ways.iter().filter(|way| *program != read::IMPLICIT_ONLY || way.tls == Tls::Implicit) {
            let (name, started) = (format!("{program} by {by:?} on {}", way.port), Instant::now());
            let mail =
                read(site, *way, by).unwrap_or_else(|said| panic!("{name}: {said}\n{}", site.suite.log()));
            for number in 1..=3 {
                assert_eq!(mail.matches(&format!("Subject: number {number}")).count(), 1, "{name}: {mail}");
            }
            assert_eq!(mail.matches("\n.a dot").count(), 3, "{name}: {mail}");
            assert_eq!(mail.matches("Grüße, the last line.").count(), 3, "{name}: {mail}");
            let right = started.elapsed();
            let wrong = read(site, Way { password: "wrong", ..*way }, by);
            assert!(wrong.is_err(), "{name}: a wrong password reads {wrong:?}");
            eprintln!("{name}: {right:?}, refused in {:?}", started.elapsed() - right);
        }
    }
}

#[test]
fn all_send_on_port_25() {
    let site = Site::start(&ACCOUNTS);
    sends(&site, &[way(site.suite.smtp, Tls::Starttls, "")]);
}

#[test]
fn all_read_by_imap() {
    let site = Site::start(&ACCOUNTS);
    reads(&site, By::Imap, &[way(site.suite.imaps, Tls::Implicit, READER)]);
}

#[test]
fn all_read_by_pop3() {
    let site = Site::start(&ACCOUNTS);
    let ports = [(site.suite.pop3s, Tls::Implicit), (site.suite.pop3, Tls::Starttls)];
    reads(&site, By::Pop3, &ports.map(|(port, tls)| way(port, tls, READER)));
}
