//! Moving in and moving out: Maildir and mbox, by `bulkhead import` and `bulkhead export`, seen by an IMAP client.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use bulkhead_tests::mail::python_says;
use bulkhead_tests::suite::{Options, Suite, User, is_root, text_of};
use nix::unistd::{Gid, Uid, chown};

const ANNA: &str = "anna@example.org";
const BOB: &str = "bob@example.org";
const PASSWORD: &str = "correct horse";
const MESSAGE: &str = include_str!("../corpus/attachments.eml");

fn suite(user: User) -> Suite {
    let suite = Suite::start(user, Options::default());
    suite.import(&[(ANNA, PASSWORD), (BOB, PASSWORD)]);
    suite
}

fn done(suite: &Suite, arguments: &[&str]) -> String {
    let output = suite.bulkhead(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}\n{}", text_of(&output), suite.log());
    text_of(&output)
}

fn seen(suite: &Suite, login: &str) -> serde_json::Value {
    let said = python_says(suite, "folders.py", &[login, PASSWORD]);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn hand_over(path: &Path, to: u32) {
    if is_root() {
        chown(path, Some(Uid::from_raw(to)), Some(Gid::from_raw(to))).unwrap();
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| hand_over(&entry.unwrap().path(), to));
        }
    }
}

/// A Maildir as Dovecot leaves one, in a directory that its owner can reach.
fn maildir(suite: &Suite) -> std::path::PathBuf {
    let root = suite.directory.path().join("old");
    let lf = MESSAGE.replace("\r\n", "\n");
    for folder in ["", ".Sent", ".Projekte.Br&APw-cken"] {
        for directory in ["cur", "new", "tmp"] {
            fs::create_dir_all(root.join(folder).join(directory)).unwrap();
        }
    }
    write(&root, "cur/1700000003.M3P1.old,S=20:2,FSa", "Subject: three\n\n3\n");
    write(&root, "cur/1700000001.M1P1.old:2,RT", "Subject: one\n\n1\n");
    write(&root, "new/1700000009.M9P1.old", &lf);
    write(
        &root,
        "dovecot-uidlist",
        "3 V1600000077 N40\n7 :1700000001.M1P1.old\n31 :1700000003.M3P1.old,S=20\n",
    );
    write(&root, "dovecot-keywords", "0 work\n");
    write(&root, "subscriptions", "V\t2\n\nSent\nProjekte\tBr&APw-cken\ngone\n");
    write(&root, ".Sent/cur/1700000004.M4P1.old:2,SP", "Subject: sent\n\n4\n");
    write(&root, ".Projekte.Br&APw-cken/cur/1700000005.M5P1.old:2,D", "Subject: draft\n\n5\n");
    symlink("/etc/shadow", root.join("cur/1700000006.M6P1.old:2,")).unwrap();
    hand_over(&root, 64_321);
    root
}

#[test]
fn a_maildir_keeps_what_clients_know_it_by() {
    for user in User::here() {
        let suite = suite(user);
        let old = maildir(&suite);
        let import =
            |login: &str, from: &Path| done(&suite, &["import", "maildir", login, from.to_str().unwrap()]);
        assert!(import(ANNA, &old).contains("3 mailboxes: 5 messages, 0 were there already"));
        let anna = seen(&suite, ANNA);
        let inbox = &anna["INBOX"];
        assert_eq!(
            (inbox["uidvalidity"].as_str(), inbox["uidnext"].as_str()),
            (Some("1600000077"), Some("41")),
            "{anna}"
        );
        let rows: Vec<_> = inbox["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["uid"].as_str().unwrap(), row["flags"].to_string()))
            .collect();
        assert_eq!(
            rows,
            [
                ("7", r#"["\\Answered","\\Deleted"]"#.to_owned()),
                ("31", r#"["\\Flagged","\\Seen","work"]"#.to_owned()),
                ("40", "[]".to_owned())
            ]
        );
        assert_eq!(anna["Sent"]["messages"][0]["flags"].to_string(), r#"["$Forwarded","\\Seen"]"#);
        assert_eq!(anna["Projekte/Br&APw-cken"]["messages"][0]["flags"].to_string(), r#"["\\Draft"]"#);
        assert!(anna["(subscribed)"].to_string().contains("gone"), "{anna}");

        // again: nothing is doubled; and with something new, that and nothing else
        assert!(import(ANNA, &old).contains(": 0 messages, 5 were there already"));
        assert_eq!(seen(&suite, ANNA), anna);
        write(&old, "new/1700000010.M10P1.old", "Subject: late\n\n10\n");
        hand_over(&old.join("new/1700000010.M10P1.old"), 64_321);
        assert!(import(ANNA, &old).contains(": 1 messages, 5 were there already"));

        // out, and in for somebody else, and out again
        let (first, second) = (suite.directory.path().join("first"), suite.directory.path().join("second"));
        let export =
            |login: &str, to: &Path| done(&suite, &["export", "maildir", login, to.to_str().unwrap()]);
        let said = export(ANNA, &first);
        assert!(said.contains(": 6 messages, 0 were there already"), "{said}");
        assert!(export(ANNA, &first).contains(": 0 messages, 6 were there already"));
        import(BOB, &first);
        assert_eq!(seen(&suite, BOB), seen(&suite, ANNA));
        export(BOB, &second);
        assert_eq!(tree(&first), tree(&second));
    }
}

/// Every file beneath a directory, with what is in it, and when it was modified where that is part of a message.
fn tree(root: &Path) -> BTreeMap<String, (String, Option<i64>)> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let modified = name.contains("cur/").then(|| fs::metadata(&path).unwrap().mtime());
            files.insert(name, (fs::read_to_string(&path).unwrap(), modified));
        }
    }
    files
}

#[test]
fn an_mbox_goes_in_and_comes_out() {
    let suite = suite(User::here()[0]);
    let file = suite.directory.path().join("old.mbox");
    let lf = MESSAGE.replace("\r\n", "\n");
    let from = "From carla@elsewhere.example Fri Feb 13 23:31:30 2009\n";
    let text = format!(
        "{from}X-IMAPbase: 1500000001 0000000020\nX-UID: 9\nStatus: RO\nX-Keywords: work\nSubject: one\n\n>From here\n\n{from}X-UID: 20\nStatus: O\nX-Status: F\n{lf}\n\n"
    );
    fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let import = ["import", "mbox", ANNA, path, "--mailbox", "Old/2009"];
    assert!(done(&suite, &import).contains("1 mailboxes: 2 messages"));
    assert!(done(&suite, &import).contains("0 messages, 2 were there already"));
    let anna = seen(&suite, ANNA);
    let old = &anna["Old/2009"];
    assert_eq!(
        (old["uidvalidity"].as_str(), old["uidnext"].as_str()),
        (Some("1500000001"), Some("21")),
        "{anna}"
    );
    assert_eq!(old["messages"][0]["flags"].to_string(), r#"["\\Seen","work"]"#);
    assert_eq!(old["messages"][1]["uid"], "20");
    assert!(old["messages"][0]["date"].as_str().unwrap().starts_with("13-Feb-2009 23:31:30"));
    let out = suite.directory.path().join("out");
    done(&suite, &["export", "mbox", ANNA, out.to_str().unwrap()]);
    let exported = out.join("Old%2F2009.mbox");
    done(&suite, &["import", "mbox", BOB, exported.to_str().unwrap(), "--mailbox", "Old/2009"]);
    assert_eq!(seen(&suite, BOB)["Old/2009"], *old);
}

fn refused(output: &Output, status: i32, word: &str) {
    assert_eq!(output.status.code(), Some(status), "{}", text_of(output));
    assert!(text_of(output).contains(word), "{}", text_of(output));
}

#[test]
fn what_cannot_be_moved_is_said() {
    let suite = suite(User::here()[0]);
    let nothing = suite.directory.path().join("nothing");
    let at = |path: &Path| path.to_str().unwrap().to_owned();
    refused(&suite.bulkhead(&["import", "maildir", ANNA, &at(&nothing)], ""), 66, "nothing");
    fs::create_dir(&nothing).unwrap();
    refused(&suite.bulkhead(&["import", "maildir", ANNA, &at(&nothing)], ""), 65, "no Maildir");
    fs::create_dir(nothing.join("cur")).unwrap();
    refused(
        &suite.bulkhead(&["import", "maildir", "nobody@example.org", &at(&nothing)], ""),
        67,
        "no account",
    );
    let text = nothing.join("text");
    fs::write(&text, "Dear all,\n").unwrap();
    refused(&suite.bulkhead(&["import", "mbox", ANNA, &at(&text)], ""), 65, "no mbox");
}

/// A kill in the middle: what is imported again goes on from there, without a double.
#[test]
fn an_import_that_was_cut_off_goes_on() {
    let suite = suite(User::here()[0]);
    let old = suite.directory.path().join("old");
    for directory in ["cur", "new", "tmp"] {
        fs::create_dir_all(old.join(directory)).unwrap();
    }
    let mut list = "3 V1600000077 N9999\n".to_owned();
    for number in 1..=400 {
        write(&old, &format!("cur/17{number:08}.x:2,S"), &format!("Subject: {number}\n\n{number}\n"));
        list.push_str(&format!("{} :17{number:08}.x\n", number * 3));
    }
    write(&old, "dovecot-uidlist", &list);
    hand_over(&old, 64_321);
    let mut command: Command = suite.command("bulkhead");
    command.args([
        "--config",
        suite.config().to_str().unwrap(),
        "import",
        "maildir",
        ANNA,
        old.to_str().unwrap(),
    ]);
    let mut importing = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(150));
    for pid in suite.pids("store") {
        bulkhead_tests::suite::signal(pid, "KILL");
    }
    let cut = importing.wait().unwrap();
    let said = done(&suite, &["import", "maildir", ANNA, old.to_str().unwrap()]);
    let inbox = &seen(&suite, ANNA)["INBOX"];
    let uids: Vec<usize> = inbox["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["uid"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(uids, (1..=400).map(|number| number * 3).collect::<Vec<_>>(), "after {cut:?}: {said}");
    assert_eq!(inbox["uidnext"], "9999");
}
