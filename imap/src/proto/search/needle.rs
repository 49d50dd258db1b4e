//! Texts that are looked for in messages as they stream by.

use std::sync::Arc;

use memchr::memmem::Finder;

use super::fold::folded;

/// Where a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Behind the header.
    Body,
    /// In header and body.
    Whole,
}

/// Texts, each at a place of its own in one message. Clones look for the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needles {
    needles: Vec<(Scope, Needle)>,
}

/// Texts on their way to become [`Needles`].
#[derive(Debug, Default)]
pub(super) struct Collected {
    texts: Vec<(Scope, Vec<u8>)>,
}

impl Collected {
    /// Adds a text; its number.
    pub(super) fn add(&mut self, scope: Scope, text: &str) -> usize {
        let text = (scope, folded(text.into()).into_owned().into_bytes());
        let at = self.texts.iter().position(|known| *known == text);
        at.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len().saturating_sub(1)
        })
    }

    /// `None` when there are more than `most`.
    pub(super) fn compiled(self, most: usize) -> Option<Needles> {
        let fits = self.texts.len() <= most;
        let needles = || self.texts.into_iter().map(|(scope, text)| (scope, Needle::new(text))).collect();
        fits.then(|| Needles { needles: needles() })
    }
}

impl Needles {
    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.needles.len()
    }

    /// Is one of them looked for in headers?
    pub(super) fn read_header(&self) -> bool {
        self.needles.iter().any(|(scope, _)| *scope == Scope::Whole)
    }

    /// The next octets, which are the header's or not.
    pub(super) fn feed(&mut self, bytes: &[u8], of_header: bool) {
        for (_, needle) in self.needles.iter_mut().filter(|(scope, _)| !of_header || *scope == Scope::Whole) {
            needle.feed(bytes);
        }
    }

    /// What comes next is not the continuation of what came before.
    pub(super) fn part(&mut self) {
        for (_, needle) in self.needles.iter_mut().filter(|(_, needle)| !needle.is_found()) {
            needle.matched = 0;
        }
    }

    /// Which were there.
    pub(crate) fn found(&self) -> Vec<bool> {
        self.needles.iter().map(|(_, needle)| needle.is_found()).collect()
    }

    /// Were all there?
    pub(super) fn all_found(&self) -> bool {
        self.needles.iter().all(|(_, needle)| needle.is_found())
    }
}

/// One text, found in a time that is in proportion to what is searched, whatever it is: where nothing of it matches, at the
/// speed of the machine's vectors; across the edges of pieces by Knuth, Morris and Pratt. The case of ASCII letters makes no
/// difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    pattern: Arc<Pattern>,
    /// Octets of the text that match the last ones seen.
    matched: usize,
}

#[derive(Debug)]
struct Pattern {
    /// In lower case.
    text: Vec<u8>,
    /// For each length of text matched: the longest proper beginning of it that is its end, too.
    borders: Vec<usize>,
    /// Finds the text as a whole.
    finder: Finder<'static>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Needle {
    /// Of a text in lower case.
    pub(super) fn new(text: Vec<u8>) -> Self {
        Needle { pattern: Arc::new(Pattern::of(text)), matched: 0 }
    }

    /// Is the text in these octets?
    pub(super) fn is_in(&mut self, bytes: &[u8]) -> bool {
        self.matched = 0;
        self.feed(bytes);
        self.is_found()
    }

    fn is_found(&self) -> bool {
        self.matched >= self.pattern.text.len()
    }

    fn feed(&mut self, bytes: &[u8]) {
        let rest = self.step(bytes);
        if self.is_found() || rest.is_empty() {
            return;
        }
        // nothing of it matches: what is in here is in here as a whole, or has its beginning at the end
        let Pattern { text, finder, .. } = &*self.pattern;
        if finder.find(&rest.to_ascii_lowercase()).is_some() {
            self.matched = text.len();
            return;
        }
        let beginning = text.len().saturating_sub(1);
        let end = rest.get(rest.len().saturating_sub(beginning)..).unwrap_or_default();
        end.iter().for_each(|byte| self.take(*byte));
    }

    /// Goes on while something of it matches; what is behind.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        while let Some((byte, behind)) = rest.split_first().filter(|_| self.matched > 0 && !self.is_found()) {
            self.take(*byte);
            rest = behind;
        }
        rest
    }

    /// The next octet; the text has not been found.
    fn take(&mut self, byte: u8) {
        let Pattern { text, borders, .. } = &*self.pattern;
        let byte = Some(byte.to_ascii_lowercase());
        while self.matched > 0 && text.get(self.matched).copied() != byte {
            self.matched = borders.get(self.matched).copied().unwrap_or_default();
        }
        if text.get(self.matched).copied() == byte {
            self.matched = self.matched.saturating_add(1);
        }
    }
}

impl Pattern {
    fn of(text: Vec<u8>) -> Self {
        let mut borders = vec![0; text.len().saturating_add(1)];
        let mut border = 0;
        for end in 1..text.len() {
            let byte = text.get(end).copied();
            while border > 0 && text.get(border).copied() != byte {
                border = borders.get(border).copied().unwrap_or_default();
            }
            if text.get(border).copied() == byte {
                border = border.saturating_add(1);
            }
            if let Some(place) = borders.get_mut(end.saturating_add(1)) {
                *place = border;
            }
        }
        let finder = Finder::new(&text).into_owned();
        Pattern { text, borders, finder }
    }
}
