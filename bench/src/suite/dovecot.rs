//! Dovecot, with mdbox, LMTP, and its settings for many connections.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::stage::{Stage, write};
use super::{Account, Places};
use crate::failure::{Result, at};
use crate::group::Group;

/// Owns all mail.
const MAIL_UID: u32 = 64_298;

/// Where Postfix delivers to.
pub(super) fn lmtp_socket(stage: &Stage) -> PathBuf {
    stage.path("dovecot/run/lmtp")
}

/// Starts it; where the mailboxes are.
pub(super) fn start(stage: &Stage, places: &Places, group: &mut Group) -> Result<PathBuf> {
    let base = stage.path("dovecot");
    let mail = base.join("mail");
    for directory in [base.clone(), base.join("run"), base.join("state"), mail.clone()] {
        fs::create_dir(&directory).map_err(at(&directory))?;
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).map_err(at(&directory))?;
    }
    chown(&mail, Some(MAIL_UID), Some(MAIL_UID)).map_err(at(&mail))?;
    // In plain: whatever scheme it had, this one costs it the least.
    let passwords: String = Account::all()
        .map(|account| format!("{}:{{PLAIN}}{}\n", account.address, account.password))
        .collect();
    write(&base.join("passwords"), &passwords)?;
    let config = base.join("dovecot.conf");
    write(&config, &text(stage, places, &base))?;
    group.start(
        Path::new("/usr/sbin/dovecot"),
        &["-F", "-c", &config.display().to_string()],
        &base.join("log"),
    )?;
    Ok(mail)
}

fn text(stage: &Stage, places: &Places, base: &Path) -> String {
    let base = base.display();
    let port = |place: &Option<crate::client::Place>| place.as_ref().map_or(0, |place| place.port);
    let (lmtp, imap, pop3) = (port(&places.lmtp), port(&places.imap), port(&places.pop3));
    let (imaps, pop3s) = (places.imaps.port, places.pop3s.port);
    let (certificate, key) = (stage.certificate(), stage.key());
    format!(
        "base_dir = {base}/run\nstate_dir = {base}/state\ninstance_name = bench\nlog_path = {base}/mail.log\n\
         protocols = imap pop3 lmtp\nlisten = 127.0.0.1\nhostname = mail.example.org\n\
         ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\ndisable_plaintext_auth = no\n\
         mail_location = mdbox:{base}/mail/%u\nmail_uid = {MAIL_UID}\nmail_gid = {MAIL_UID}\n\
         first_valid_uid = {MAIL_UID}\nfirst_valid_gid = {MAIL_UID}\n\
         passdb {{\n driver = passwd-file\n args = {base}/passwords\n}}\n\
         userdb {{\n driver = static\n args = uid={MAIL_UID} gid={MAIL_UID} home={base}/mail/%u\n}}\n\
         namespace inbox {{\n inbox = yes\n}}\n\
         # tuned: login processes that serve many, mail processes that are used again, no limits in the way\n\
         auth_cache_size = 16 M\nmail_max_userip_connections = 0\n\
         default_client_limit = 16000\ndefault_process_limit = 4000\ndefault_vsz_limit = 1 G\n\
         service imap-login {{\n service_count = 0\n process_min_avail = 2\n client_limit = 4000\n\
         \u{20}inet_listener imap {{\n port = {imap}\n }}\n inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n\
         service pop3-login {{\n service_count = 0\n process_min_avail = 2\n client_limit = 4000\n\
         \u{20}inet_listener pop3 {{\n port = {pop3}\n }}\n inet_listener pop3s {{\n port = {pop3s}\n ssl = yes\n }}\n}}\n\
         service imap {{\n service_count = 256\n process_limit = 4000\n}}\n\
         service pop3 {{\n service_count = 256\n process_limit = 4000\n}}\n\
         service lmtp {{\n process_min_avail = 4\n unix_listener lmtp {{\n mode = 0666\n }}\n\
         \u{20}inet_listener lmtp {{\n address = 127.0.0.1\n port = {lmtp}\n }}\n}}\n"
    )
}
