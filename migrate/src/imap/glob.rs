//! Names with wildcards: `*` is any number of characters, `?` is one.

/// Does the pattern stand for that name, all of it?
pub(super) fn stands_for(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0_usize, 0_usize);
    // behind the last `*`, and how far that has reached
    let mut retry: Option<(usize, usize)> = None;
    while let Some(character) = name.get(from) {
        match pattern.get(at) {
            Some('*') => {
                at = at.saturating_add(1);
                retry = Some((at, from));
            }
            Some(wanted) if wanted == character || *wanted == '?' => {
                (at, from) = (at.saturating_add(1), from.saturating_add(1));
            }
            _ => {
                let Some((behind, reached)) = retry else { return false };
                (at, from) = (behind, reached.saturating_add(1));
                retry = Some((at, from));
            }
        }
    }
    pattern.iter().skip(at).all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name, stands) in [
            ("INBOX", "INBOX", true),
            ("Sent*", "Sent/2024", true),
            ("*/2024", "Sent/2024", true),
            ("*a*b", "xaxbxab", true),
            ("?nbox", "Inbox", true),
            ("Entw?rfe", "Entwürfe", true),
            ("", "", true),
            ("**", "", true),
            ("Sent", "Sent/2024", false),
            ("Sent?", "Sent", false),
            ("*a*b", "xaxbxa", false),
        ] {
            assert_eq!(stands_for(pattern, name), stands, "{pattern} {name}");
        }
    }

    /// The same in a few words, and slow.
    fn simply(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=name.len()).any(|skipped| simply(rest, &name[skipped..])),
            (['?', rest @ ..], [_, behind @ ..]) => simply(rest, behind),
            ([wanted, rest @ ..], [character, behind @ ..]) => wanted == character && simply(rest, behind),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn as_simply_told(pattern in "[ab*?]{0,7}", name in "[ab]{0,9}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(stands_for(&pattern, &name), simply(&chars(&pattern), &chars(&name)));
        }
    }
}
