//! The files that say which folders are subscribed: Dovecot's `subscriptions`, Courier's `courierimapsubscribed`.

use super::layout::{Layout, join};

/// The names in a file, as folders are named here.
pub(super) fn parse(file: &[u8], layout: Layout) -> Vec<String> {
    let text = String::from_utf8_lossy(file);
    let mut lines = text.lines().peekable();
    let version_2 = lines.next_if(|line| line.starts_with("V\t2")).is_some();
    let names = lines.map(str::trim_end).filter(|line| !line.is_empty());
    let name = |line: &str| match (version_2, layout) {
        (true, _) => join(line.split('\t').map(unescaped)),
        (false, Layout::Flat) => join(line.split('.').map(str::to_owned)),
        (false, Layout::Nested) => join(line.split('/').map(str::to_owned)),
    };
    names.filter_map(name).collect()
}

/// Version 2, with its levels between tabs.
pub(super) fn format<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = "V\t2\n\n".to_owned();
    for name in names {
        let levels: Vec<String> = name.split('/').map(|level| escaped(&mime::utf7::encode(level))).collect();
        out.push_str(&levels.join("\t"));
        out.push('\n');
    }
    out
}

/// Dovecot's escapes of what would end a field: `\001` and a character each.
const ESCAPES: [(&str, char); 4] =
    [("\u{1}1", '\u{1}'), ("\u{1}0", '\0'), ("\u{1}t", '\t'), ("\u{1}n", '\n')];

fn unescaped(level: &str) -> String {
    ESCAPES.iter().rev().fold(level.to_owned(), |text, (escape, is)| text.replace(escape, &is.to_string()))
}

fn escaped(level: &str) -> String {
    ESCAPES.iter().fold(level.to_owned(), |text, (escape, is)| text.replace(*is, escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_and_both_layouts() {
        assert_eq!(
            parse(b"INBOX\nSent.2024\nEntw&APw-rfe\n", Layout::Flat),
            ["INBOX", "Sent/2024", "Entwürfe"]
        );
        assert_eq!(parse(b"a/b\n", Layout::Nested), ["a/b"]);
        assert_eq!(parse(b"V\t2\n\nSent\t20.24\n", Layout::Flat), ["Sent/20.24"]);
        assert_eq!(parse(b"INBOX.Sent\n", Layout::Flat), ["INBOX/Sent"]);
    }

    #[test]
    fn what_is_written_is_read() {
        let names = ["INBOX", "Entwürfe/a.b", "x"];
        assert_eq!(parse(format(names).as_bytes(), Layout::Flat), names);
    }
}
