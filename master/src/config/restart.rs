//! What a reload cannot change: named, with its place in the new file.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors};
use super::resolved::Config;

/// Whether the suite can go on with `new`, which `text` says, in the place of `old`.
///
/// # Errors
/// Everything in it that takes a restart.
pub fn reloadable(file: &Path, text: &str, old: &Config, new: &Config) -> Result<(), ConfigErrors> {
    let changed = [
        ("domain", "", old.domain != new.domain),
        ("state_dir", "", old.state_dir != new.state_dir),
        ("run_dir", "", old.run_dir != new.run_dir),
        ("uid_base", "", old.ids != new.ids),
        ("waive", "", old.waived != new.waived),
        // it is made, and given away, with privileges that are gone by now
        ("listen_unix", "lmtp", old.lmtp.unix != new.lmtp.unix),
        // shared out among the store's sessions once
        ("upload_memory", "store", old.upload_memory != new.upload_memory),
    ];
    let errors: Vec<_> = changed
        .into_iter()
        .filter(|(_, _, changed)| *changed)
        .map(|(key, section, _)| {
            let name = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            let hint = "restart the suite for that, or write what it was".to_owned();
            let message = format!("`{name}` cannot change while the suite runs");
            ConfigError::new(file, text, place(text, section, key), message, Some(hint))
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
}

/// Where the key's value is, or, when the key is not written, its section.
fn place(text: &str, section: &str, key: &str) -> Option<std::ops::Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let find = |table: &DeTable<'_>, key: &str| {
        table.iter().find(|(there, _)| there.get_ref() == key).map(|(_, value)| value.span())
    };
    if section.is_empty() {
        return find(document.get_ref(), key);
    }
    let (_, value) = document.get_ref().iter().find(|(there, _)| there.get_ref() == section)?;
    match value.get_ref() {
        DeValue::Table(table) => find(table, key).or_else(|| Some(value.span())),
        _ => Some(value.span()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "hostname = \"h.example\"\ndomain = \"example.org\"\n";

    fn said(old: &str, new: &str) -> String {
        let path = Path::new("t.toml");
        let of = |text: &str| super::super::parse(path, text).unwrap_or_else(|errors| panic!("{errors}"));
        reloadable(path, new, &of(old), &of(new)).err().map(|errors| errors.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_takes_a_restart_is_named_in_its_place() {
        let why = "cannot change while the suite runs; restart the suite for that, or write what it was";
        for (more, expected) in [
            ("state_dir = \"/x\"\n", "t.toml:3:13: `state_dir`"),
            ("waive = [\"uid\"]\n", "t.toml:3:9: `waive`"),
            ("uid_base = 70000\n", "t.toml:3:12: `uid_base`"),
            ("[mx]\n[store]\nupload_memory = \"1 GiB\"\n", "t.toml:5:17: `store.upload_memory`"),
            ("[lmtp]\n", "t.toml:3:1: `lmtp.listen_unix`"),
        ] {
            assert_eq!(said(LEAST, &format!("{LEAST}{more}")), format!("{expected} {why}"));
        }
        // what is gone has no place
        let with = format!("{LEAST}run_dir = \"/run/other\"\n");
        assert_eq!(said(&with, LEAST), format!("t.toml: `run_dir` {why}"));
    }

    #[test]
    fn everything_else_can_change() {
        let new = "hostname = \"other.example\"\ndomain = \"example.org\"\nlog = \"debug\"\n[mx]\nworkers = 7\n\
                   listen = [\"127.0.0.1:2525\"]\nmax_connections = 9\n[pop3]\n[submission]\n[tls]\n\
                   certificate = \"/c\"\nkey = \"/k\"\n[replace]\nafter = \"1h\"\n";
        assert_eq!(said(LEAST, new), "");
    }
}
