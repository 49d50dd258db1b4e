//! The keys there are, to name the nearest one when another is written.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::ConfigError;

/// Keys outside any section, and the sections themselves.
const ROOT: &[&str] = &[
    "hostname",
    "domain",
    "state_dir",
    "run_dir",
    "log",
    "uid_base",
    "waive",
    "tls",
    "limits",
    "mx",
    "imap",
    "pop3",
    "submission",
    "lmtp",
    "replace",
    "store",
];

/// The keys of each section.
const SECTIONS: &[(&str, &[&str])] = &[
    ("tls", &["certificate", "key", "certificates"]),
    ("limits", &["block_after", "block_minutes", "never_block"]),
    (
        "mx",
        &[
            "listen",
            "workers",
            "max_message_size",
            "max_recipients",
            "max_connections",
            "max_connections_per_address",
            "max_connections_per_network",
            "proxy_from",
        ],
    ),
    (
        "imap",
        &[
            "listen",
            "listen_tls",
            "workers",
            "idle_minutes",
            "max_connections",
            "max_connections_per_address",
            "max_connections_per_network",
            "proxy_from",
        ],
    ),
    (
        "pop3",
        &[
            "listen",
            "listen_tls",
            "workers",
            "idle_minutes",
            "max_connections",
            "max_connections_per_address",
            "max_connections_per_network",
            "proxy_from",
        ],
    ),
    (
        "submission",
        &[
            "listen",
            "listen_tls",
            "workers",
            "max_recipients",
            "max_recipients_per_hour",
            "max_connections",
            "max_connections_per_address",
            "max_connections_per_network",
            "proxy_from",
        ],
    ),
    (
        "lmtp",
        &[
            "listen",
            "listen_unix",
            "unix_mode",
            "unix_group",
            "workers",
            "max_recipients",
            "max_connections",
            "max_connections_per_address",
            "max_connections_per_network",
            "proxy_from",
        ],
    ),
    ("replace", &["after", "connections", "drain"]),
    ("store", &["upload_memory"]),
];

/// Every key of the document that is none of ours.
pub(super) fn unknown(file: &Path, text: &str, document: &DeTable<'_>) -> Vec<ConfigError> {
    let mut errors = of_table(file, text, document, "", ROOT);
    for (section, known) in SECTIONS {
        let table =
            document.iter().find(|(key, _)| key.get_ref() == section).map(|(_, value)| value.get_ref());
        if let Some(DeValue::Table(table)) = table {
            errors.extend(of_table(file, text, table, section, known));
        }
    }
    errors
}

fn of_table(file: &Path, text: &str, table: &DeTable<'_>, section: &str, known: &[&str]) -> Vec<ConfigError> {
    let mut errors: Vec<_> = table
        .keys()
        .filter(|key| !known.contains(&key.get_ref().as_ref()))
        .map(|key| {
            let name = key.get_ref();
            let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
            let message = format!("there is no key `{name}`{place}");
            (
                key.span(),
                ConfigError::new(file, text, Some(key.span()), message, Some(hint(name, section, known))),
            )
        })
        .collect();
    errors.sort_by_key(|(span, _)| span.start);
    errors.into_iter().map(|(_, error)| error).collect()
}

fn hint(name: &str, section: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(name, known) {
        return format!("did you mean `{near}`?");
    }
    let elsewhere: Vec<String> = SECTIONS
        .iter()
        .filter(|(other, keys)| *other != section && keys.contains(&name))
        .map(|(other, _)| format!("[{other}]"))
        .collect();
    if !elsewhere.is_empty() {
        return format!("it belongs in {}", elsewhere.join(" or "));
    }
    if !section.is_empty() && ROOT.contains(&name) {
        return "it belongs above the first [section]".into();
    }
    format!("there are {}", known.join(", "))
}

/// The known name that a written one was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let tolerated = name.chars().count().div_ceil(3).min(3);
    let begins = |known: &str| name.len() >= 3 && known.starts_with(name);
    known
        .iter()
        .map(|known| (if begins(known) { 1 } else { distance(name, known) }, *known))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (above, b) in row.iter().skip(1).zip(&b) {
            let exchanged = diagonal.saturating_add(usize::from(a != *b));
            left = exchanged.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The keys that a document does not have.
#[cfg(test)]
pub(super) fn missing(document: &DeTable<'_>) -> Vec<String> {
    let has = |table: &DeTable<'_>, key: &str| table.keys().any(|there| there.get_ref() == key);
    let mut missing: Vec<String> =
        ROOT.iter().filter(|key| !has(document, key)).map(|key| (*key).to_owned()).collect();
    for (section, keys) in SECTIONS {
        let table =
            document.iter().find(|(key, _)| key.get_ref() == section).map(|(_, value)| value.get_ref());
        let Some(DeValue::Table(table)) = table else { continue };
        missing.extend(keys.iter().filter(|key| !has(table, key)).map(|key| format!("{section}.{key}")));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_offered() {
        assert_eq!(nearest("hostnam", ROOT), Some("hostname"));
        assert_eq!(nearest("listen", &["listen_tls", "workers"]), Some("listen_tls"));
        assert_eq!(nearest("quota", ROOT), None);
    }
}
