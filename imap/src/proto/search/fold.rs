//! Texts without their case.

use std::borrow::Cow;

/// In lower case, character by character: a part of a text has to become the same as it does within the whole. So sigma
/// is the same at the end of a word, which [`str::to_lowercase`] would make depend on what is behind.
pub(super) fn folded(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text
            .chars()
            .flat_map(char::to_lowercase)
            .map(|char| if char == 'ς' { 'σ' } else { char })
            .collect();
    }
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text;
    }
    let mut text = text.into_owned();
    text.make_ascii_lowercase();
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_gone() {
        for (text, want) in [
            ("", ""),
            ("plain", "plain"),
            ("Re: Hello", "re: hello"),
            ("MÜLLER", "müller"),
            ("ПРИВЕТ", "привет"),
            ("ΟΔΥΣΣΕΥΣ οδός", "οδυσσευσ οδόσ"),
            ("Straße", "straße"),
            ("日本", "日本"),
        ] {
            assert_eq!(folded(text.into()), want);
        }
    }
}
