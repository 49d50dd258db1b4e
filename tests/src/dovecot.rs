//! A Dovecot of one's own with Maildir, for what moves from it and to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid, chown};

use crate::clients::certify;
use crate::suite::{free_port, is_root, signal};

/// Owns all mail.
pub const MAIL_UID: u32 = 64_298;
const PROGRAM: &str = "/usr/sbin/dovecot";

/// A running Dovecot. It is stopped when dropped.
pub struct Dovecot {
    /// The port of IMAP over TLS.
    pub imaps: u16,
    /// The port of IMAP with STARTTLS.
    pub imap: u16,
    directory: tempfile::TempDir,
    master: Child,
}

/// How its folders are named.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// What goes before each but the inbox's.
    pub prefix: &'static str,
    /// What is between levels.
    pub separator: char,
    /// The folder for what was sent.
    pub sent: &'static str,
}

impl Dovecot {
    /// Starts one with an account, whose mail is at [`Dovecot::maildir`]; none, which is said, where there is no Dovecot or
    /// no root to run it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(names: Names, login: &str, password: &str) -> Option<Dovecot> {
        if !is_root() || !Path::new(PROGRAM).exists() {
            eprintln!("NOT RUN: it takes root and {PROGRAM} (apt-get install dovecot-imapd)");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("bulkhead-dovecot-").tempdir().expect("a directory");
        let base = directory.path();
        fs::set_permissions(base, fs::Permissions::from_mode(0o755)).expect("chmod");
        for name in ["run", "state", "mail"] {
            fs::create_dir(base.join(name)).expect("a directory");
        }
        let owner = (Some(Uid::from_raw(MAIL_UID)), Some(Gid::from_raw(MAIL_UID)));
        chown(&base.join("mail"), owner.0, owner.1).expect("chown");
        certify(&base.join("certificate.pem"), &base.join("key.pem"));
        fs::write(base.join("passwords"), format!("{login}:{{PLAIN}}{password}\n")).expect("written");
        let (imap, imaps) = (free_port(), free_port());
        fs::write(base.join("dovecot.conf"), text(base, imap, imaps, names)).expect("written");
        let mut command = Command::new(PROGRAM);
        command.arg("-F").arg("-c").arg(base.join("dovecot.conf"));
        let log = fs::File::create(base.join("log")).expect("a log");
        let master =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        let dovecot = Dovecot { imaps, imap, directory, master };
        dovecot.wait();
        Some(dovecot)
    }

    /// Where an account's mail is.
    #[must_use]
    pub fn maildir(&self, login: &str) -> PathBuf {
        self.directory.path().join("mail").join(login).join("Maildir")
    }

    /// Its certificate's file.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.directory.path().join("certificate.pem").display().to_string()
    }

    /// All it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.directory.path().join(name)).unwrap_or_default();
        read("log") + &read("mail.log")
    }

    fn wait(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.imaps)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // its processes end with it
        signal(self.master.id(), "TERM");
        let _ = self.master.wait();
    }
}

fn text(base: &Path, imap: u16, imaps: u16, names: Names) -> String {
    let base = base.display();
    let Names { prefix, separator, sent } = names;
    format!(
        "base_dir = {base}/run\nstate_dir = {base}/state\ninstance_name = test\nlog_path = {base}/mail.log\n\
         protocols = imap\nlisten = 127.0.0.1\nssl = required\nssl_cert = <{base}/certificate.pem\n\
         ssl_key = <{base}/key.pem\nmail_location = maildir:{base}/mail/%u/Maildir\nmail_uid = {MAIL_UID}\n\
         mail_gid = {MAIL_UID}\nfirst_valid_uid = {MAIL_UID}\nfirst_valid_gid = {MAIL_UID}\n\
         passdb {{\n driver = passwd-file\n args = {base}/passwords\n}}\n\
         userdb {{\n driver = static\n args = uid={MAIL_UID} gid={MAIL_UID} home={base}/mail/%u\n}}\n\
         namespace inbox {{\n inbox = yes\n prefix = {prefix}\n separator = {separator}\n\
         \u{20}mailbox \"{sent}\" {{\n special_use = \\Sent\n auto = subscribe\n }}\n}}\n\
         service imap-login {{\n inet_listener imap {{\n port = {imap}\n }}\n\
         \u{20}inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n"
    )
}
