//! Address lists (RFC 5322 section 3.4, with the obsolete forms of section 4.4, and what real senders write).

use super::lexer::{Lexer, is_space};
use crate::structure::{Address, Text};

/// The addresses of one unfolded field value, in order, with a mark where a group begins and ends.
pub(crate) struct Addresses<'a> {
    lexer: Lexer<'a>,
    place: Place,
    comment: Option<Vec<u8>>,
}

/// Where the next address stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Group,
}

/// Words up to a special: as the display name they may be, and as the local part.
#[derive(Default)]
struct Words {
    name: Vec<u8>,
    local: Vec<u8>,
}

impl<'a> Addresses<'a> {
    pub(crate) const fn new(value: &'a [u8]) -> Self {
        Addresses { lexer: Lexer::new(value), place: Place::Top, comment: None }
    }

    /// What words turn out to be when the byte behind them is seen. `None` when they are no address.
    fn classify(&mut self, words: Words) -> Option<Address> {
        match self.lexer.peek() {
            Some(b'<') => Some(self.angle(words.name)),
            Some(b'@') => Some(self.bare(words.local)),
            Some(b':') => {
                self.lexer.eat(b':');
                self.group(words.name)
            }
            _ if words.name.is_empty() => None,
            _ => Some(self.finish(Vec::new(), Vec::new(), words.local, Vec::new())),
        }
    }

    fn group(&mut self, name: Vec<u8>) -> Option<Address> {
        if self.place == Place::Group {
            return None;
        }
        self.place = Place::Group;
        Some(Address::group_start(Text::new(name)))
    }

    /// `local@domain`, at the `@`. Some write an address in front of `<address>`: then it is the display name.
    fn bare(&mut self, local: Vec<u8>) -> Address {
        self.lexer.eat(b'@');
        let host = self.domain();
        if self.lexer.peek() == Some(b'<') {
            let name = [local, host].join(&b'@');
            return self.angle(name);
        }
        self.finish(Vec::new(), Vec::new(), local, host)
    }

    /// `<route:local@domain>`, at the `<`.
    fn angle(&mut self, name: Vec<u8>) -> Address {
        self.lexer.eat(b'<');
        let route = self.route();
        let mut words = self.words();
        // not an address but seen often: <mailto:local@domain>
        while self.lexer.eat(b':') {
            words = self.words();
        }
        let host = if self.lexer.eat(b'@') { self.domain() } else { Vec::new() };
        self.lexer.take_while(|byte| !matches!(byte, b'>' | b',' | b';'));
        self.lexer.eat(b'>');
        self.finish(name, route, words.local, host)
    }

    /// `@a,@b:`, the obsolete route, without its colon.
    fn route(&mut self) -> Vec<u8> {
        let mut route = Vec::new();
        self.skip();
        let before = self.lexer.clone();
        while self.lexer.eat(b'@') {
            if !route.is_empty() {
                route.push(b',');
            }
            route.push(b'@');
            route.extend(self.domain());
            while self.lexer.eat(b',') {
                self.skip();
            }
        }
        if !route.is_empty() && !self.lexer.eat(b':') {
            // <@domain>: no route, an address without its local part
            self.lexer = before;
            route.clear();
        }
        route
    }

    /// Words as far as the next special.
    fn words(&mut self) -> Words {
        let mut words = Words::default();
        loop {
            let spaced = self.skip();
            match self.lexer.peek() {
                Some(b'"') => words.push(&self.lexer.quoted(), spaced),
                Some(byte) if !is_special(byte) => words.push(self.lexer.take_while(is_atom), spaced),
                _ => return words,
            }
        }
    }

    /// A domain or domain literal; white space around its dots is dropped.
    fn domain(&mut self) -> Vec<u8> {
        let mut domain = Vec::new();
        loop {
            self.skip();
            match self.lexer.peek() {
                Some(b'[') => {
                    domain.extend_from_slice(self.lexer.take_while(|byte| byte != b']'));
                    if self.lexer.eat(b']') {
                        domain.push(b']');
                    }
                }
                Some(byte) if is_atom(byte) && (byte == b'.' || is_open(&domain)) => {
                    domain.extend_from_slice(self.lexer.take_while(|byte| is_atom(byte) && byte != b'['));
                }
                _ => return domain,
            }
        }
    }

    /// Skips white space and comments, remembers the comment, says whether there was anything.
    fn skip(&mut self) -> bool {
        let before = self.lexer.rest().len();
        if let Some(comment) = self.lexer.skip_cfws().filter(|comment| !comment.is_empty()) {
            self.comment = Some(comment);
        }
        self.lexer.rest().len() != before
    }

    /// An address of these pieces; its name may be a comment, also one behind it.
    fn finish(&mut self, name: Vec<u8>, route: Vec<u8>, local: Vec<u8>, host: Vec<u8>) -> Address {
        self.skip();
        self.lexer.take_while(|byte| !matches!(byte, b',' | b';' | b'('));
        self.skip();
        self.lexer.take_while(|byte| !matches!(byte, b',' | b';'));
        let name = if name.is_empty() { self.comment.take() } else { Some(name) };
        Address {
            name: name.map(Text::new),
            adl: Some(route).filter(|route| !route.is_empty()).map(Text::new),
            mailbox: Some(Text::new(local)),
            host: Some(Text::new(host)),
        }
    }
}

impl Iterator for Addresses<'_> {
    type Item = Address;

    fn next(&mut self) -> Option<Address> {
        loop {
            self.comment = None;
            let words = self.words();
            if let Some(address) = self.classify(words) {
                return Some(address);
            }
            let ends = self.lexer.peek().is_none_or(|byte| byte == b';');
            if ends && self.place == Place::Group {
                self.place = Place::Top;
                self.lexer.eat(b';');
                return Some(Address::group_end());
            }
            self.lexer.peek()?;
            self.lexer.skip_one();
        }
    }
}

impl Words {
    fn push(&mut self, word: &[u8], spaced: bool) {
        if spaced && !self.name.is_empty() {
            self.name.push(b' ');
            if !self.local.ends_with(b".") && !word.starts_with(b".") {
                self.local.push(b' ');
            }
        }
        self.name.extend_from_slice(word);
        self.local.extend_from_slice(word);
    }
}

/// Can a domain go on behind white space?
fn is_open(domain: &[u8]) -> bool {
    domain.is_empty() || domain.ends_with(b".")
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'@' | b',' | b';' | b':' | b'"' | b'(')
}

const fn is_atom(byte: u8) -> bool {
    !is_special(byte) && !is_space(byte)
}

#[cfg(test)]
mod tests;
