//! Moving between us and a real Dovecot: its account by IMAP, its Maildir, and ours opened by it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use bulkhead_tests::clients::{Site, Tls, Way, outcome, read};
use bulkhead_tests::dovecot::{Dovecot, MAIL_UID, Names};
use bulkhead_tests::folders;
use bulkhead_tests::suite::text_of;
use serde_json::Value;

const LOGIN: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";
/// As we name folders.
const PLAIN: Names = Names { prefix: "", separator: '/', sent: "Sent" };
/// As many others do.
const BENEATH: Names = Names { prefix: "INBOX.", separator: '.', sent: "Sent Items" };

fn site() -> Site {
    Site::start(&[(LOGIN, PASSWORD)])
}

fn seen(port: u16) -> Value {
    folders::seen(port, LOGIN, PASSWORD)
}

fn filled(names: Names) -> Option<Dovecot> {
    let dovecot = Dovecot::start(names, LOGIN, PASSWORD)?;
    folders::fill(dovecot.imaps, LOGIN, PASSWORD, names.prefix, names.separator);
    Some(dovecot)
}

/// `bulkhead ARGUMENTS`, which succeeds.
fn done(site: &Site, arguments: &[&str]) -> String {
    let output = site.suite.bulkhead(arguments, &format!("{PASSWORD}\n"));
    assert!(output.status.success(), "{arguments:?}: {}\n{}", text_of(&output), site.suite.log());
    text_of(&output)
}

/// What is there has to be here; what is here besides has no messages, and no subscription is missing.
fn assert_here(here: &Value, there: &Value, name_here: impl Fn(&str) -> String) {
    let names = |value: &Value| -> Vec<String> {
        let names = value["(subscribed)"].as_array().expect("names").iter();
        names.map(|name| name.as_str().expect("text").to_owned()).collect()
    };
    let subscribed = names(here);
    for name in names(there).iter().map(|name| name_here(name)) {
        assert!(subscribed.contains(&name), "{name} of {subscribed:?}");
    }
    let (mut here, there) = (here.clone(), there.as_object().expect("folders"));
    let there = there.iter().map(|(name, folder)| (name_here(name), folder.clone()));
    let there: Value =
        there.filter(|(name, _)| name != "(subscribed)").collect::<serde_json::Map<_, _>>().into();
    here.as_object_mut().expect("folders").retain(|name, folder| {
        let messages = folder.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
        messages > 0 || there.get(name).is_some()
    });
    assert_eq!(folders::differences(&here, &there), [""; 0]);
}

#[test]
fn an_account_comes_along_by_imap() {
    let Some(dovecot) = filled(BENEATH) else { return };
    let site = site();
    let name_here = |name: &str| {
        let bare = name.strip_prefix("INBOX.").unwrap_or(name).replace('.', "/");
        if bare == "Sent Items" { "Sent".to_owned() } else { bare }
    };
    let there = seen(dovecot.imaps);
    let files = messages(&dovecot.maildir(LOGIN));
    assert_eq!((files.len(), files.keys().filter(|name| name.contains("/new/")).count()), (63, 30));
    let import = |port: u16, options: &[&str]| {
        let from = format!("{LOGIN}@localhost:{port}");
        let certificate = dovecot.certificate();
        let arguments = ["import", "imap", LOGIN, "--password-stdin", "--from", &from, "--ca", &certificate];
        done(&site, &[&arguments, options].concat())
    };
    assert!(
        import(dovecot.imaps, &[]).contains(": 63 messages, 0 were there already\n"),
        "{}",
        dovecot.log()
    );
    assert_here(&seen(site.suite.imaps), &there, name_here);
    assert!(import(dovecot.imap, &["--starttls"]).contains(": 0 messages, 63 were there already"));
    // no flag, and what is new there is new
    assert_eq!(folders::differences(&seen(dovecot.imaps), &there), [""; 0]);
    assert!(messages(&dovecot.maildir(LOGIN)).keys().eq(files.keys()));
}

#[test]
fn its_maildir_comes_along() {
    let Some(dovecot) = filled(PLAIN) else { return };
    let site = site();
    let there = seen(dovecot.imaps);
    let maildir = dovecot.maildir(LOGIN).display().to_string();
    let said = done(&site, &["import", "maildir", LOGIN, &maildir]);
    assert!(said.contains(": 63 messages, 0 were there already\n"), "{said}");
    assert_here(&seen(site.suite.imaps), &there, str::to_owned);
}

/// We to Dovecot: it knows each message as clients know it, and mbsync, which knows them from us, fetches none again.
#[test]
fn our_export_is_its_maildir() {
    let Some(dovecot) = Dovecot::start(PLAIN, LOGIN, PASSWORD) else { return };
    let site = site();
    folders::fill(site.suite.imaps, LOGIN, PASSWORD, "", '/');
    let near = site.new_directory("near");
    let synced = |port: u16, certificate: &str| {
        let way = Way { port, tls: Tls::Implicit, login: LOGIN, password: PASSWORD };
        let channel = "Patterns *\nCreate Near\nSync Pull";
        let recipe = read::mbsync_recipe(&site, way, &near.display().to_string(), channel);
        let recipe = site.write("mbsyncrc", &recipe.replace(&site.certificate(), certificate));
        let mut command = site.command("mbsync");
        command.args(["-c", &recipe, "all"]);
        outcome(command, "").unwrap_or_else(|said| panic!("{said}\n{}", dovecot.log()));
        messages(&near)
    };
    let before = synced(site.suite.imaps, &site.certificate());
    assert_eq!(before.len(), 63);

    let here = seen(site.suite.imaps);
    let out = site.suite.directory.path().join("out");
    done(&site, &["export", "maildir", LOGIN, &out.display().to_string()]);
    let to = dovecot.maildir(LOGIN);
    let home = to.parent().expect("a home");
    fs::create_dir_all(home).expect("a home");
    for (program, arguments) in [
        ("cp", vec!["-a".into(), out.display().to_string(), to.display().to_string()]),
        ("chown", vec!["-R".into(), format!("{MAIL_UID}:{MAIL_UID}"), home.display().to_string()]),
    ] {
        assert!(Command::new(program).args(arguments).status().expect("it runs").success());
    }
    assert_here(&seen(dovecot.imaps), &here, str::to_owned);
    let after = synced(dovecot.imaps, &dovecot.certificate());
    assert!(after == before, "something came again, or went: {:?}", after.keys());
}

/// The files of a Maildir, with what is in them.
fn messages(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        let of_messages = directory.ends_with("cur") || directory.ends_with("new");
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if of_messages {
                files.insert(path.display().to_string(), fs::read(&path).expect("a file"));
            }
        }
    }
    files
}
