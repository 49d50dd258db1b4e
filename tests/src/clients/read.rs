//! Programs that read mail, by IMAP and by POP3.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::send::{in_url, neomutt_tls};
use super::{HOST, Site, Way, outcome};

/// A protocol to read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// IMAP
    Imap,
    /// POP3
    Pop3,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Imap => "imap",
            By::Pop3 => "pop3",
        }
    }
}

/// A program that brings all messages of INBOX here, and leaves them there.
///
/// # Errors
/// What it said, when it does not say that it succeeded, or brought nothing.
pub type Read = fn(&Site, Way<'_>, By) -> Result<String, String>;

/// The one that cannot begin TLS in a session.
pub const IMPLICIT_ONLY: &str = "getmail";

/// Those that read by IMAP.
pub const IMAP: [(&str, Read); 10] = [
    ("curl", curl),
    ("mbsync", mbsync),
    ("offlineimap", offlineimap),
    ("getmail", getmail),
    ("fetchmail", fetchmail),
    ("neomutt", neomutt),
    ("s-nail", s_nail),
    ("imaplib", imaplib),
    ("imapclient", imapclient),
    ("imapflow", imapflow),
];

/// Those that read by POP3.
pub const POP3: [(&str, Read); 6] = [
    ("curl", curl),
    ("getmail", getmail),
    ("fetchmail", fetchmail),
    ("neomutt", neomutt),
    ("s-nail", s_nail),
    ("poplib", poplib),
];

fn curl(site: &Site, way: Way<'_>, by: By) -> Result<String, String> {
    let mut all = String::new();
    for number in 1.. {
        let mut command = site.command("curl");
        command.args(["--silent", "--show-error", "--cacert", &site.certificate(), "--ssl-reqd"]);
        command.args(["--user", &format!("{}:{}", way.login, way.password)]);
        let scheme = format!("{}{}", by.name(), way.either("s", ""));
        let path = match by {
            By::Imap => format!("INBOX;MAILINDEX={number}"),
            By::Pop3 => number.to_string(),
        };
        command.arg(format!("{scheme}://{HOST}:{}/{path}", way.port));
        match outcome(command, "") {
            Ok(message) => all.push_str(&message),
            // there are no more
            Err(_) if number > 1 => break,
            Err(said) => return Err(said),
        }
    }
    Ok(all)
}

/// mbsync's configuration, with what is to be said of the channel.
#[must_use]
pub fn mbsync_recipe(site: &Site, way: Way<'_>, maildir: &str, channel: &str) -> String {
    format!(
        "IMAPAccount account\nHost {HOST}\nPort {}\nUser {}\nPass \"{}\"\nSSLType {}\nSystemCertificates no\n\
         CertificateFile {}\n\nIMAPStore far\nAccount account\n\nMaildirStore near\nPath {maildir}/\n\
         Inbox {maildir}/INBOX\nSubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\n{channel}\nSyncState *\n",
        way.port,
        way.login,
        way.password,
        way.either("IMAPS", "STARTTLS"),
        site.certificate()
    )
}

fn mbsync(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    let maildir = site.new_directory("mbsync");
    let recipe = mbsync_recipe(site, way, &maildir.display().to_string(), "Patterns INBOX\nSync PullNew");
    let mut command = site.command("mbsync");
    command.args(["-c", &site.write("mbsyncrc", &recipe), "all"]);
    let said = outcome(command, "")?;
    Ok(said + &all_files(&maildir))
}

/// offlineimap's configuration.
#[must_use]
pub fn offlineimap_recipe(site: &Site, way: Way<'_>, maildir: &str) -> String {
    format!(
        "[general]\naccounts = account\nmetadata = {maildir}-state\nui = basic\n[Account account]\n\
         localrepository = near\nremoterepository = far\n[Repository near]\ntype = Maildir\n\
         localfolders = {maildir}\n[Repository far]\ntype = IMAP\nremotehost = {HOST}\nremoteport = {}\n\
         remoteuser = {}\nremotepass = {}\nssl = {}\nstarttls = {}\nsslcacertfile = {}\n\
         auth_mechanisms = PLAIN, LOGIN\n",
        way.port,
        way.login,
        way.password,
        way.either("yes", "no"),
        way.either("no", "yes"),
        site.certificate()
    )
}

fn offlineimap(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    let maildir = site.new_directory("offlineimap");
    let _ = site.new_directory("offlineimap-state");
    let recipe = offlineimap_recipe(site, way, &maildir.display().to_string());
    let mut command = site.command("offlineimap");
    command.args(["-o", "-c", &site.write("offlineimaprc", &recipe)]);
    let said = outcome(command, "")?;
    Ok(said + &all_files(&maildir))
}

fn getmail(site: &Site, way: Way<'_>, by: By) -> Result<String, String> {
    let home = site.new_directory("getmail");
    for part in ["cur", "new", "tmp"] {
        let _ = site.new_directory(&format!("getmail/maildir/{part}"));
    }
    let retriever = format!("Simple{}SSLRetriever", by.name().to_uppercase());
    let recipe = format!(
        "[retriever]\ntype = {retriever}\nserver = {HOST}\nport = {}\nusername = {}\npassword = {}\n\
         ca_certs = {}\n[destination]\ntype = Maildir\npath = {}/maildir/\n[options]\nread_all = true\n\
         delete = false\n",
        way.port,
        way.login,
        way.password,
        site.certificate(),
        home.display()
    );
    fs::write(home.join("getmailrc"), recipe).expect("a file");
    let mut command = site.command_of_nobody("getmail", &home);
    command.arg(format!("--getmaildir={}", home.display())).arg("--rcfile=getmailrc");
    let said = outcome(command, "")?;
    found(said, all_files(&home.join("maildir")))
}

fn fetchmail(site: &Site, way: Way<'_>, by: By) -> Result<String, String> {
    let home = site.new_directory("fetchmail");
    let mailbox = home.join("mailbox");
    let recipe = format!(
        "poll {HOST} protocol {} port {}\n user \"{}\" password \"{}\" {} sslcertck sslcertfile \"{}\" keep fetchall\n\
         mda \"cat >>{}\"\n",
        by.name(),
        way.port,
        way.login,
        way.password,
        way.either("ssl", "sslproto TLS1.2+"),
        site.certificate(),
        mailbox.display()
    );
    let mut command = site.command("fetchmail");
    command.args(["-f", &site.write("fetchmailrc", &recipe), "--nosyslog", "--pidfile"]);
    command.arg(home.join("pid")).arg("-i").arg(home.join("ids")).env("FETCHMAILHOME", &home);
    let said = outcome(command, "")?;
    found(said, fs::read_to_string(mailbox).unwrap_or_default())
}

fn neomutt(site: &Site, way: Way<'_>, by: By) -> Result<String, String> {
    let home = site.new_directory("neomutt");
    let saved = home.join("saved");
    let (kind, mailbox) = match by {
        By::Imap => ("imap", "INBOX"),
        By::Pop3 => ("pop", ""),
    };
    let text = format!(
        "set {kind}_user = \"{}\"\nset {kind}_pass = \"{}\"\nset quit = yes\nset confirmappend = no\n\
         set confirmcreate = no\nset mbox_type = mbox\nset mark_old = no\nset pop_delete = no\n\
         set folder = {}\n{}",
        way.login,
        way.password,
        // it asks whether to make the one it has by default
        home.display(),
        neomutt_tls(site)
    );
    let url = format!("{kind}{}://{HOST}:{}/{mailbox}", way.either("s", ""), way.port);
    let keys =
        format!("push '<tag-pattern>~A<enter><tag-prefix><copy-message>{}<enter><exit>'", saved.display());
    // it wants a terminal; and when it is refused it waits for somebody to say so, for a few seconds only
    let mut command = site.library("terminal.py");
    command.args([
        "timeout",
        "10",
        "neomutt",
        "-n",
        "-F",
        &site.write("muttrc", &text),
        "-f",
        &url,
        "-e",
        &keys,
    ]);
    let said = match outcome(command, "") {
        Ok(said) | Err(said) => said,
    };
    found(said, fs::read_to_string(saved).unwrap_or_default())
}

fn s_nail(site: &Site, way: Way<'_>, by: By) -> Result<String, String> {
    let mut command = site.command("s-nail");
    command.args([
        "-n",
        "-#",
        "-R",
        "-S",
        "v15-compat",
        "-S",
        "tls-verify=strict",
        "-S",
        "tls-ca-no-defaults",
    ]);
    command.args(["-S", &format!("tls-ca-file={}", site.certificate())]);
    let (starttls, mailbox) = match by {
        By::Imap => ("imap-use-starttls", "/INBOX"),
        By::Pop3 => ("pop3-use-starttls", ""),
    };
    command.args(way.either(&[][..], &["-S", starttls]));
    let user = format!("{}:{}", in_url(way.login), in_url(way.password));
    let scheme = format!("{}{}", by.name(), way.either("s", ""));
    command.args([
        "-Y",
        "Print *",
        "-Y",
        "exit",
        "-f",
        &format!("{scheme}://{user}@{HOST}:{}{mailbox}", way.port),
    ]);
    let said = outcome(command, "")?;
    if said.contains("Subject:") { Ok(said) } else { Err(said) }
}

fn imaplib(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    by_library(site.library("read.py"), way, "imaplib")
}

fn imapclient(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    by_library(site.library("read.py"), way, "imapclient")
}

fn poplib(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    by_library(site.library("read.py"), way, "poplib")
}

fn imapflow(site: &Site, way: Way<'_>, _: By) -> Result<String, String> {
    by_library(site.library("node/read.js"), way, "imapflow")
}

fn by_library(mut command: Command, way: Way<'_>, library: &str) -> Result<String, String> {
    command.args([
        library,
        way.either("implicit", "starttls"),
        &way.port.to_string(),
        way.login,
        way.password,
    ]);
    outcome(command, "")
}

fn found(said: String, mail: String) -> Result<String, String> {
    if mail.is_empty() { Err(said) } else { Ok(mail) }
}

/// The text of all files beneath a directory.
#[must_use]
pub fn all_files(directory: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.push_str(&all_files(&path));
        } else {
            all.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap_or_default()));
        }
    }
    all
}
