//! Patterns of LIST and LSUB.

use super::mailbox::MailboxName;

/// A pattern with `*` (anything) and `%` (anything within one level), RFC 3501 section 6.3.8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPattern(String);

impl ListPattern {
    pub(super) fn new(pattern: String) -> Self {
        ListPattern(pattern)
    }

    /// The pattern in Unicode. The empty one asks for the delimiter and the root, RFC 3501 section 6.3.8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Does a name match the reference followed by this pattern? The first level `INBOX` does in any case.
    ///
    /// Takes time in proportion to the product of the two lengths at most.
    #[must_use]
    pub fn matches(&self, reference: &str, name: &str) -> bool {
        let pattern: Vec<char> = reference.chars().chain(self.0.chars()).collect();
        let inbox = name.split(MailboxName::DELIMITER).next() == Some("INBOX");
        // reached: the positions in the pattern that the name read so far can have led to
        let mut reached = vec![false; pattern.len().saturating_add(1)];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        pass_wildcards(&pattern, &mut reached);
        for (at, c) in name.chars().enumerate() {
            let any_case = inbox && at < "INBOX".len();
            reached = step(&pattern, &reached, c, any_case);
            pass_wildcards(&pattern, &mut reached);
            if !reached.contains(&true) {
                return false;
            }
        }
        reached.last().copied().unwrap_or_default()
    }
}

/// From each position over the one character `c`.
fn step(pattern: &[char], reached: &[bool], c: char, any_case: bool) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    for (at, expected) in pattern.iter().enumerate() {
        if !reached.get(at).copied().unwrap_or_default() {
            continue;
        }
        let to = match expected {
            '*' => Some(at),
            '%' if c != MailboxName::DELIMITER => Some(at),
            '%' => None,
            literal if *literal == c || any_case && literal.eq_ignore_ascii_case(&c) => at.checked_add(1),
            _ => None,
        };
        if let Some(position) = to.and_then(|to| next.get_mut(to)) {
            *position = true;
        }
    }
    next
}

/// A wildcard may stand for nothing.
fn pass_wildcards(pattern: &[char], reached: &mut [bool]) {
    for (at, c) in pattern.iter().enumerate() {
        let passes = matches!(c, '*' | '%') && reached.get(at).copied().unwrap_or_default();
        if let Some(next) = reached.get_mut(at.saturating_add(1)).filter(|_| passes) {
            *next = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (reference, pattern, name, want) in [
            ("", "*", "a/b/c", true),
            ("", "%", "a", true),
            ("", "%", "a/b", false),
            ("", "a/%", "a/b", true),
            ("", "a/%", "a", false),
            ("", "a*", "a", true),
            ("a/", "%", "a/b", true),
            ("a/", "%", "b", false),
            ("", "%/%", "a/b", true),
            ("", "*b", "a/b", true),
            ("", "*%", "a/b/c", true),
            ("", "inbox", "INBOX", true),
            ("", "inbox/x", "INBOX/x", true),
            ("", "inbox/X", "INBOX/x", false),
            ("", "in%", "INBOX", true),
            ("", "INBOXES", "INBOX", false),
            ("", "A", "a", false),
            ("", "Entw%", "Entwürfe", true),
            ("", "", "", true),
            ("", "", "a", false),
        ] {
            let got = ListPattern::new(pattern.to_owned()).matches(reference, name);
            assert_eq!(got, want, "{reference:?} {pattern:?} {name:?}");
        }
    }

    #[test]
    fn many_wildcards_take_no_exponential_time() {
        let pattern = ListPattern::new("*a".repeat(400));
        assert!(!pattern.matches("", &format!("{}b", "a".repeat(1000))));
    }
}
