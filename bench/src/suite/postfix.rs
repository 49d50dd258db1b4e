//! Postfix, as an instance of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use super::stage::{Stage, write};
use super::{Account, DOMAIN, Places, dovecot};
use crate::failure::{Failure, Result, at};
use crate::group::Group;

/// Debian's.
const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// The directories of a queue, who owns them (the user `postfix` but for `pid`), and their mode, as `postfix-files` has it.
const QUEUE: &[(&str, Owner, u32)] = &[
    ("active", Owner::Postfix, 0o700),
    ("bounce", Owner::Postfix, 0o700),
    ("corrupt", Owner::Postfix, 0o700),
    ("defer", Owner::Postfix, 0o700),
    ("deferred", Owner::Postfix, 0o700),
    ("flush", Owner::Postfix, 0o700),
    ("hold", Owner::Postfix, 0o700),
    ("incoming", Owner::Postfix, 0o700),
    ("private", Owner::Postfix, 0o700),
    ("saved", Owner::Postfix, 0o700),
    ("trace", Owner::Postfix, 0o700),
    ("maildrop", Owner::Postdrop, 0o730),
    ("public", Owner::Postdrop, 0o710),
    ("pid", Owner::Root, 0o755),
];

#[derive(Clone, Copy)]
enum Owner {
    Root,
    Postfix,
    /// The user `postfix` with the group `postdrop`.
    Postdrop,
}

/// Services that it needs, as in Debian's `master.cf`, none of them in a root of its own: type, private, chroot, wake-up
/// and the most processes are `fields`.
const SERVICES: &[(&str, &str, &str)] = &[
    ("pickup", "unix n - n 60 1", "pickup"),
    ("cleanup", "unix n - n - 0", "cleanup"),
    ("qmgr", "unix n - n 300 1", "qmgr"),
    ("tlsmgr", "unix - - n 1000? 1", "tlsmgr"),
    ("rewrite", "unix - - n - -", "trivial-rewrite"),
    ("bounce", "unix - - n - 0", "bounce"),
    ("defer", "unix - - n - 0", "bounce"),
    ("trace", "unix - - n - 0", "bounce"),
    ("verify", "unix - - n - 1", "verify"),
    ("flush", "unix n - n 1000? 0", "flush"),
    ("proxymap", "unix - - n - -", "proxymap"),
    ("showq", "unix n - n - -", "showq"),
    ("error", "unix - - n - -", "error"),
    ("retry", "unix - - n - -", "error"),
    ("discard", "unix - - n - -", "discard"),
    ("lmtp", "unix - - n - -", "lmtp"),
    ("anvil", "unix - - n - 1", "anvil"),
    ("scache", "unix - - n - 1", "scache"),
    ("postlog", "unix-dgram n - n - 1", "postlogd"),
];

/// Starts it.
pub(super) fn start(stage: &Stage, places: &Places, group: &mut Group) -> Result<()> {
    let base = stage.path("postfix");
    directories(stage, &base)?;
    write(&base.join("etc/main.cf"), &main_cf(stage, &base))?;
    let mut master_cf = format!("127.0.0.1:{} inet n - n - - smtpd\n", places.smtp.port);
    for (name, fields, program) in SERVICES {
        master_cf.push_str(&format!("{name} {fields} {program}\n"));
    }
    write(&base.join("etc/master.cf"), &master_cf)?;
    let recipients: String = Account::all().map(|account| format!("{} ok\n", account.address)).collect();
    write(&base.join("etc/recipients"), &recipients)?;
    let config = base.join("etc").display().to_string();
    group.start(Path::new(MASTER), &["-c", &config], &base.join("log"))
}

fn directories(stage: &Stage, base: &Path) -> Result<()> {
    let id = |option: &str, name: &str| -> Result<u32> {
        let said = stage.run(Path::new("getent"), &[option, name])?;
        let number = said.split(':').nth(2).and_then(|number| number.trim().parse().ok());
        number.ok_or_else(|| Failure::Machine(format!("there is no {option} {name}: is Postfix installed?")))
    };
    let (user, group, postdrop) =
        (id("passwd", "postfix")?, id("group", "postfix")?, id("group", "postdrop")?);
    let make = |path: &Path, owner: Owner, mode: u32| -> Result<()> {
        fs::create_dir(path).map_err(at(path))?;
        let (uid, gid) = match owner {
            Owner::Root => (0, 0),
            Owner::Postfix => (user, group),
            Owner::Postdrop => (user, postdrop),
        };
        chown(path, Some(uid), Some(gid)).map_err(at(path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(at(path))
    };
    make(base, Owner::Root, 0o755)?;
    make(&base.join("etc"), Owner::Root, 0o755)?;
    make(&base.join("data"), Owner::Postfix, 0o700)?;
    make(&base.join("queue"), Owner::Root, 0o755)?;
    QUEUE.iter().try_for_each(|(name, owner, mode)| make(&base.join("queue").join(name), *owner, *mode))
}

fn main_cf(stage: &Stage, base: &Path) -> String {
    let (certificate, key, lmtp) = (stage.certificate(), stage.key(), dovecot::lmtp_socket(stage));
    let (base, lmtp) = (base.display(), lmtp.display());
    format!(
        "compatibility_level = 3.6\n\
         config_directory = {base}/etc\nqueue_directory = {base}/queue\ndata_directory = {base}/data\n\
         daemon_directory = /usr/lib/postfix/sbin\ncommand_directory = /usr/sbin\n\
         mail_owner = postfix\nsetgid_group = postdrop\n\
         maillog_file = {base}/mail.log\nmaillog_file_prefixes = {base}\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mail.{DOMAIN}\nmydestination =\n\
         mynetworks =\nsmtpd_relay_restrictions = reject_unauth_destination\n\
         local_recipient_maps =\nalias_maps =\nalias_database =\nnotify_classes =\n\
         virtual_mailbox_domains = {DOMAIN}\nvirtual_mailbox_maps = texthash:{base}/etc/recipients\n\
         virtual_transport = lmtp:unix:{lmtp}\n\
         smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\nsmtpd_tls_security_level = may\n\
         # tuned: no limits for one address, no names looked up, no brake on who delivers, LMTP at full width at once\n\
         smtpd_client_connection_count_limit = 0\nsmtpd_peername_lookup = no\nin_flow_delay = 0\n\
         message_size_limit = 52428800\n\
         initial_destination_concurrency = 20\nlmtp_destination_concurrency_limit = 20\n"
    )
}
