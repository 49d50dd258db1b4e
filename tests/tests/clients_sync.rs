//! Mailboxes kept here and there by mbsync and by offlineimap: what is done on one side is found on the other. And a day
//! with two libraries, whose checks are in `clients/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bulkhead_tests::clients::{Site, Tls, Way, outcome, read, send};
use bulkhead_tests::mail::curl;
use bulkhead_tests::suite::text_of;

const LOGIN: &str = "ben@example.org";
const OTHER: &str = "carla@example.org";
const PASSWORD: &str = "correct horse";

/// Mailboxes, the subjects in them, their flags.
type State = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn site() -> Site {
    Site::start(&[(LOGIN, PASSWORD), (OTHER, PASSWORD)])
}

fn inside(site: &Site) -> Way<'static> {
    Way { port: site.suite.imaps, tls: Tls::Implicit, login: LOGIN, password: PASSWORD }
}

/// Far: what the server has.
fn far(site: &Site) -> State {
    let mut command = site.library("state.py");
    command.args([&site.suite.imaps.to_string(), LOGIN, PASSWORD]);
    let said = outcome(command, "").unwrap_or_else(|said| panic!("{said}\n{}", site.suite.log()));
    let state: State = serde_json::from_str(&said).expect("JSON");
    state.into_iter().filter(|(_, messages)| !messages.is_empty()).collect()
}

/// Near: what the maildir has, its flags spelled as IMAP does.
fn near(maildir: &Path) -> State {
    let mut state = State::new();
    for file in files(maildir) {
        let mailbox = file.parent().and_then(Path::parent).expect("a maildir").strip_prefix(maildir);
        let mailbox = mailbox.expect("below it").display().to_string();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let letters = name.split_once(":2,").map_or("", |(_, letters)| letters);
        let flags = letters.chars().filter_map(|letter| match letter {
            'D' => Some("\\Draft"),
            'F' => Some("\\Flagged"),
            'R' => Some("\\Answered"),
            'S' => Some("\\Seen"),
            'T' => Some("\\Deleted"),
            _ => None,
        });
        let subject = subject_of(&file);
        let flags = flags.map(str::to_owned).collect();
        let known = state.entry(mailbox).or_default().insert(subject.clone(), flags);
        assert!(known.is_none(), "{subject} is there twice");
    }
    state
}

/// The messages of a maildir.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.parent().is_some_and(|parent| parent.ends_with("cur") || parent.ends_with("new")) {
            found.push(path);
        }
    }
    found
}

fn subject_of(file: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(file).expect("a message")).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
    line.expect("a subject").to_owned()
}

fn named(maildir: &Path, subject: &str) -> PathBuf {
    let found = files(maildir).into_iter().find(|file| subject_of(file) == subject);
    found.unwrap_or_else(|| panic!("no {subject} in {}", maildir.display()))
}

fn flag(maildir: &Path, subject: &str, letters: &str) {
    let file = named(maildir, subject);
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let name = name.split_once(":2,").map_or(name.clone(), |(name, _)| name.to_owned());
    let mailbox = file.parent().and_then(Path::parent).expect("a maildir");
    fs::rename(&file, mailbox.join("cur").join(format!("{name}:2,{letters}"))).expect("it is renamed");
}

/// Moves it as mail programs do that leave the rest to be synchronised: under a name that says nothing of its UID.
fn move_to(maildir: &Path, subject: &str, mailbox: &str) {
    let file = named(maildir, subject);
    fs::rename(&file, maildir.join(mailbox).join("cur").join(format!("1000.moved-{subject}.here:2,S")))
        .expect("it is moved");
}

fn put(maildir: &Path, mailbox: &str, subject: &str) {
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(mailbox).join(part)).expect("a directory");
    }
    let text = format!(
        "From: ben@example.org\nSubject: {subject}\nMessage-ID: <{subject}@near.example>\n\nput here\n"
    );
    fs::write(maildir.join(mailbox).join("cur").join(format!("1000.put-{subject}.here:2,S")), text)
        .expect("a message");
}

fn asked(site: &Site, mailbox: &str, request: &str) {
    let said = curl(&site.suite, &format!("{LOGIN}:{PASSWORD}"), mailbox, Some(request));
    assert!(said.status.success(), "{request}: {}\n{}", text_of(&said), site.suite.log());
}

fn state(rows: &[(&str, &str, &[&str])]) -> State {
    let mut state = State::new();
    for (mailbox, subject, flags) in rows {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        state.entry((*mailbox).to_owned()).or_default().insert((*subject).to_owned(), flags);
    }
    state
}

/// The same day for whatever synchronises.
fn both_ways(site: &Site, maildir: &Path, synchronise: &dyn Fn()) {
    let post = Way { port: site.suite.smtp, tls: Tls::Starttls, login: "", password: "" };
    for subject in ["one", "two", "three", "four"] {
        (send::ALL[0].1)(site, post, LOGIN, subject).expect("it is sent");
    }
    synchronise();
    let unread: Vec<_> = ["one", "two", "three", "four"].map(|subject| ("INBOX", subject, &[][..])).to_vec();
    assert_eq!(near(maildir), state(&unread));

    // flags, a move, a deletion, a message and a mailbox of one's own
    flag(maildir, "one", "FS");
    move_to(maildir, "two", "Archive");
    fs::remove_file(named(maildir, "three")).expect("it is removed");
    put(maildir, "Sent", "five");
    put(maildir, "Projects", "six");
    synchronise();
    let expected = state(&[
        ("INBOX", "one", &["\\Flagged", "\\Seen"]),
        ("INBOX", "four", &[]),
        ("Archive", "two", &["\\Seen"]),
        ("Sent", "five", &["\\Seen"]),
        ("Projects", "six", &["\\Seen"]),
    ]);
    assert_eq!(far(site), expected, "far\n{}", site.suite.log());
    assert_eq!(near(maildir), expected, "near");

    // and the other way
    asked(site, "INBOX", "STORE 1 +FLAGS (\\Answered)");
    asked(site, "INBOX", "STORE 1 -FLAGS (\\Flagged)");
    asked(site, "INBOX", "MOVE 2 Junk");
    asked(site, "Archive", "STORE 1 +FLAGS (\\Deleted)");
    asked(site, "Archive", "EXPUNGE");
    asked(site, "Sent", "COPY 1 Drafts");
    synchronise();
    let expected = state(&[
        ("INBOX", "one", &["\\Answered", "\\Seen"]),
        ("Junk", "four", &[]),
        ("Sent", "five", &["\\Seen"]),
        ("Drafts", "five", &["\\Seen"]),
        ("Projects", "six", &["\\Seen"]),
    ]);
    assert_eq!(near(maildir), expected, "near");
    assert_eq!(far(site), expected, "far\n{}", site.suite.log());

    // nothing is left to do
    let before = files(maildir);
    synchronise();
    assert_eq!(files(maildir), before);
    assert_eq!(far(site), expected);
}

#[test]
fn mbsync_both_ways() {
    let site = site();
    let maildir = site.new_directory("both-ways");
    let channel = "Patterns *\nCreate Both\nExpunge Both\nSync All";
    let recipe = read::mbsync_recipe(&site, inside(&site), &maildir.display().to_string(), channel);
    let recipe = site.write("mbsyncrc", &recipe);
    both_ways(&site, &maildir, &|| {
        let mut command = site.command("mbsync");
        command.args(["-c", &recipe, "all"]);
        outcome(command, "").unwrap_or_else(|said| panic!("{said}\n{}", site.suite.log()));
    });
}

#[test]
fn offlineimap_both_ways() {
    let site = site();
    let maildir = site.new_directory("both-ways");
    let recipe = read::offlineimap_recipe(&site, inside(&site), &maildir.display().to_string());
    let recipe = site.write("offlineimaprc", &recipe);
    both_ways(&site, &maildir, &|| {
        let mut command = site.command("offlineimap");
        command.args(["-o", "-c", &recipe]);
        outcome(command, "").unwrap_or_else(|said| panic!("{said}\n{}", site.suite.log()));
    });
}

/// Over both ports.
fn a_day_with(program: &str) {
    let site = site();
    for (how, port) in [("implicit", site.suite.imaps), ("starttls", site.suite.imap)] {
        let (login, password) = if how == "implicit" { (LOGIN, PASSWORD) } else { (OTHER, PASSWORD) };
        let mut command = site.library(program);
        command.args([how, &port.to_string(), login, password]);
        let said = outcome(command, "").unwrap_or_else(|said| panic!("{how}: {said}\n{}", site.suite.log()));
        assert!(said.contains("all checks passed"), "{said}");
    }
}

#[test]
fn a_day_with_imapclient() {
    a_day_with("imapclient_session.py");
}

#[test]
fn a_day_with_imapflow() {
    a_day_with("node/imapflow_session.js");
}
