//! One mail through the walls: in by swaks over STARTTLS, out by curl and Python's imaplib over TLS; as root with a uid for
//! each role, and as an ordinary user.

use bulkhead_tests::mail::{Smtp, curl, python_runs, python_says, swaks};
use bulkhead_tests::suite::{Options, Suite, User, text_of};

const MESSAGE: &str = include_str!("../corpus/attachments.eml");

#[test]
fn one_mail_through_the_walls() {
    for user in User::here() {
        let suite = Suite::start(user, Options::default());
        suite.import(&[("anna@example.org", "correct horse"), ("ben@example.org", "battery staple")]);
        let sent = swaks(&suite, "anna@example.org", MESSAGE);
        assert!(sent.status.success(), "{user:?}: {}\n{}", text_of(&sent), suite.log());
        assert!(
            text_of(&sent).contains("STARTTLS") && text_of(&sent).contains("TLS started"),
            "{}",
            text_of(&sent)
        );

        let read = curl(&suite, "anna@example.org:correct horse", "INBOX;MAILINDEX=1", None);
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        assert!(read.status.success(), "{user:?}: {}\n{}", text_of(&read), suite.log());
        // What arrives is what was sent, behind the fields that say where it came through.
        let body = MESSAGE.replace("\r\n", "\n").replace('\n', "\r\n");
        assert!(text.contains("Return-Path: <someone@elsewhere.example>\r\n"), "{text}");
        assert!(text.contains("with ESMTPS"), "{text}");
        assert!(text.trim_end().ends_with(body.trim_end()), "{text}");

        let wrong = curl(&suite, "anna@example.org:wrong", "INBOX;MAILINDEX=1", None);
        assert_eq!(wrong.status.code(), Some(67), "curl's code for a refused login: {}", text_of(&wrong));
        let other = curl(&suite, "ben@example.org:battery staple", "", Some("STATUS INBOX (MESSAGES)"));
        assert!(text_of(&other).contains("MESSAGES 0"), "{}", text_of(&other));
    }
}

#[test]
fn every_role_is_locked_down_and_says_so() {
    for user in User::here() {
        let suite = Suite::start(user, Options::default());
        let status = suite.status();
        let rows = status.as_array().expect("rows");
        assert_eq!(
            rows.len(),
            11,
            "store, keys, auth, two mx, two imap, two pop3, submission, lmtp: {status}"
        );
        let mut uids = std::collections::BTreeSet::new();
        for row in rows {
            let layers: Vec<_> =
                row["layers"].as_array().expect("layers").iter().filter_map(|name| name.as_str()).collect();
            let expected = if user == User::Root { 11 } else { 10 };
            assert_eq!(layers.len(), expected, "{row}");
            assert!(
                layers.contains(&"seccomp")
                    && layers.contains(&"landlock")
                    && layers.contains(&"net-namespace")
            );
            // What the kernel says of it, not what it says of itself.
            let pid = row["pid"].as_u64().expect("a pid");
            let kernel = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
            for line in
                ["Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"]
            {
                assert!(kernel.contains(line), "{row}: no {line} in\n{kernel}");
            }
            let uid = kernel.lines().find(|line| line.starts_with("Uid:")).expect("uid").to_owned();
            uids.insert((row["role"].to_string(), uid));
        }
        if user == User::Root {
            let distinct: std::collections::BTreeSet<_> = uids.iter().map(|(_, uid)| uid.clone()).collect();
            assert_eq!(distinct.len(), 8, "a uid for each role: {uids:?}");
            assert!(!distinct.iter().any(|uid| uid.starts_with("Uid:\t0")), "{uids:?}");
        }
    }
}

#[test]
fn local_addresses_only() {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[("anna@example.org", "correct horse")]);
    let mut smtp = Smtp::connect(suite.smtp).expect("a greeting");
    for (command, code) in [
        ("EHLO client.example", "250"),
        ("MAIL FROM:<someone@elsewhere.example>", "250"),
        ("RCPT TO:<somebody@elsewhere.example>", "554"),
        ("RCPT TO:<nobody@example.org>", "550"),
        ("RCPT TO:<anna%elsewhere.example@example.org>", "550"),
        ("RCPT TO:<anna+lists@example.org>", "250"),
        ("RCPT TO:<ANNA@EXAMPLE.ORG>", "250"),
        ("RCPT TO:<postmaster>", "250"),
        ("AUTH PLAIN AGFubmEAeA==", "50"),
        ("QUIT", "221"),
    ] {
        let reply = smtp.say(command).expect("a reply");
        assert!(reply.starts_with(code), "{command}: {reply}");
    }
}

#[test]
fn a_hundred_accounts_in_one_call_and_a_whole_imap_session() {
    let suite = Suite::start(User::here()[0], Options::default());
    let names: Vec<(String, String)> =
        (0..100).map(|number| (format!("user{number}@example.org"), format!("password {number}"))).collect();
    let accounts: Vec<(&str, &str)> =
        names.iter().map(|(name, password)| (name.as_str(), password.as_str())).collect();
    suite.import(&accounts);
    let listed = suite.bulkhead(&["account", "list", "--json"], "");
    let rows: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(rows.as_array().expect("rows").len(), 100);
    let said = python_says(&suite, "imap_session.py", &["user42@example.org", "password 42"]);
    assert!(said.contains("all checks passed"), "{said}\n{}", suite.log());
}

#[test]
fn an_id_follows_a_message_and_no_secret_is_logged() {
    let suite = Suite::start(User::here()[0], Options { top: "log = \"debug\"", ..Options::default() });
    suite.import(&[("anna@example.org", "a secret password")]);
    let sent = swaks(&suite, "anna@example.org", MESSAGE);
    assert!(sent.status.success(), "{}", text_of(&sent));
    let read = curl(&suite, "anna@example.org:a secret password", "INBOX;MAILINDEX=1", None);
    assert!(read.status.success(), "{}", text_of(&read));
    let log = suite.log();
    let text = text_of(&sent);
    let id = text
        .split_whitespace()
        .find(|word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let id = id.unwrap_or_else(|| panic!("the reply to DATA names the id: {text}"));
    for role in ["mx/", "auth", "store", "imap/"] {
        let named = log.lines().any(|line| line.contains(id) && line.starts_with(role));
        assert!(named, "{role} does not name {id}:\n{log}");
    }
    for secret in ["a secret password", "UTF-8 body", "Quarterly", "iVBORw0KGgo"] {
        assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
    }
}

#[test]
fn an_account_that_is_removed_is_gone() {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[("anna@example.org", "correct horse"), ("ben@example.org", "battery staple")]);
    assert!(swaks(&suite, "anna@example.org", MESSAGE).status.success());
    let removed = suite.bulkhead(&["account", "remove", "anna@example.org"], "");
    assert!(removed.status.success(), "{}", text_of(&removed));
    let again = suite.bulkhead(&["account", "remove", "anna@example.org"], "");
    assert_eq!(again.status.code(), Some(67), "EX_NOUSER: {}", text_of(&again));
    assert_eq!(curl(&suite, "anna@example.org:correct horse", "", None).status.code(), Some(67));
    assert!(!swaks(&suite, "anna@example.org", MESSAGE).status.success());
    suite.import(&[("anna@example.org", "another one")]);
    let fresh = curl(&suite, "anna@example.org:another one", "", Some("STATUS INBOX (MESSAGES)"));
    assert!(
        text_of(&fresh).contains("MESSAGES 0"),
        "a new account of that name is empty: {}",
        text_of(&fresh)
    );
}

#[test]
fn passwords_change_and_aliases_lead() {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[("anna@example.org", "old one")]);
    let mut open = python_runs(&suite, "ended.py", &["anna@example.org", "old one"]);
    assert_eq!(open.next_line(), "open");
    assert!(
        suite.bulkhead(&["account", "passwd", "anna@example.org", "--stdin"], "new one\n").status.success()
    );
    assert_eq!(curl(&suite, "anna@example.org:old one", "", None).status.code(), Some(67));
    let farewell = open.next_line();
    assert!(farewell.starts_with("* BYE"), "who knew the old password goes on: {farewell:?}");
    assert!(curl(&suite, "anna@example.org:new one", "", None).status.success());
    assert!(suite.bulkhead(&["domain", "add", "example.net"], "").status.success());
    let set = suite.bulkhead(&["alias", "set", "sales@example.net", "anna@example.org"], "");
    assert!(set.status.success(), "{}", text_of(&set));
    assert!(swaks(&suite, "sales@example.net", MESSAGE).status.success());
    let status = curl(&suite, "anna@example.org:new one", "", Some("STATUS INBOX (MESSAGES)"));
    assert!(text_of(&status).contains("MESSAGES 1"), "{}", text_of(&status));
}

#[test]
fn a_stop_is_a_clean_end_and_mail_stays() {
    let mut suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[("anna@example.org", "correct horse")]);
    assert!(swaks(&suite, "anna@example.org", MESSAGE).status.success());
    assert_eq!(suite.stop().code(), Some(0), "{}", suite.log());
    suite.run();
    let status = curl(&suite, "anna@example.org:correct horse", "", Some("STATUS INBOX (MESSAGES)"));
    assert!(text_of(&status).contains("MESSAGES 1"), "{}\n{}", text_of(&status), suite.log());
}
