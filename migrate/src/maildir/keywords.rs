//! `dovecot-keywords`: which letter stands for which keyword.

use std::ops::RangeInclusive;

/// The letters there are.
pub(super) const LETTERS: RangeInclusive<u8> = b'a'..=b'z';
const COUNT: usize = 26;

/// Keywords by letter, from `a` on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeywordList(Vec<Option<String>>);

impl KeywordList {
    /// Reads lines `number keyword`; others are passed over.
    pub(super) fn parse(file: &[u8]) -> Self {
        let mut list = vec![None; COUNT];
        for line in String::from_utf8_lossy(file).lines() {
            if let Some((number, keyword)) = line.split_once(' ')
                && let Ok(number) = number.parse::<usize>()
                && let Some(place) = list.get_mut(number)
                && !keyword.is_empty()
            {
                *place = Some(keyword.to_owned());
            }
        }
        KeywordList(list)
    }

    /// The lines of it.
    pub(super) fn format(&self) -> String {
        let known = self.0.iter().enumerate().filter_map(|(at, keyword)| Some((at, keyword.as_ref()?)));
        known.map(|(at, keyword)| format!("{at} {keyword}\n")).collect()
    }

    pub(super) fn get(&self, letter: u8) -> Option<&str> {
        self.0.get(usize::from(letter.checked_sub(b'a')?))?.as_deref()
    }

    pub(super) fn letter(&self, keyword: &str) -> Option<u8> {
        let is =
            |known: &Option<String>| known.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(keyword));
        LETTERS.zip(&self.0).find(|(_, known)| is(known)).map(|(letter, _)| letter)
    }

    /// Gives the keyword a letter, if it has none and one is left. Is it there now?
    pub(super) fn add(&mut self, keyword: &str) -> bool {
        if self.letter(keyword).is_some() {
            return true;
        }
        if let Some(free) = self.0.iter_mut().find(|known| known.is_none()) {
            *free = Some(keyword.to_owned());
            return true;
        }
        if self.0.len() < COUNT {
            self.0.push(Some(keyword.to_owned()));
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_letters() {
        let list = KeywordList::parse(b"0 one\n25 last\n26 none\nx y\n3 \n");
        assert_eq!((list.get(b'a'), list.get(b'z'), list.get(b'b')), (Some("one"), Some("last"), None));
        assert_eq!(list.letter("ONE"), Some(b'a'));
        assert_eq!(KeywordList::parse(list.format().as_bytes()), list);
    }

    #[test]
    fn there_are_26() {
        let mut list = KeywordList::default();
        for number in 0..26 {
            assert!(list.add(&format!("k{number}")));
        }
        assert!(list.add("K3") && !list.add("one too many"));
        assert_eq!(list.letter("k25"), Some(b'z'));
    }
}
