//! The lexical tokens of header fields (RFC 5322 section 3.2), on an unfolded value.

/// What is left of a field's value.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(value: &'a [u8]) -> Self {
        Lexer { rest: value }
    }

    /// All that is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte, not taken.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next byte if it is this one.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Drops the next byte.
    pub(crate) fn skip_one(&mut self) {
        self.bump();
    }

    /// Takes bytes as long as they are wanted.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Skips white space and comments (CFWS); returns the last comment, if there was one.
    pub(crate) fn skip_cfws(&mut self) -> Option<Vec<u8>> {
        let mut last = None;
        loop {
            self.take_while(is_space);
            if !self.eat(b'(') {
                return last;
            }
            last = Some(self.comment());
        }
    }

    /// The content of a quoted string whose opening quote is the next byte; an unclosed one goes on to the end.
    pub(crate) fn quoted(&mut self) -> Vec<u8> {
        self.eat(b'"');
        let mut content = Vec::new();
        loop {
            content.extend_from_slice(self.take_while(|byte| byte != b'"' && byte != b'\\'));
            if self.eat(b'\\') {
                content.extend(self.bump());
            } else {
                self.eat(b'"');
                return content;
            }
        }
    }

    /// The content of a comment whose opening parenthesis is taken; inner ones keep theirs.
    fn comment(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        let mut inner: usize = 0;
        loop {
            content.extend_from_slice(self.take_while(|byte| !matches!(byte, b'(' | b')' | b'\\')));
            match self.bump() {
                Some(b'\\') => content.extend(self.bump()),
                Some(b')') if inner > 0 => {
                    inner = inner.saturating_sub(1);
                    content.push(b')');
                }
                Some(b'(') => {
                    inner = inner.saturating_add(1);
                    content.push(b'(');
                }
                _ => return content.trim_ascii().to_vec(),
            }
        }
    }

    fn bump(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

/// Space or tab.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A byte of a token (RFC 2045 section 5.1).
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_the_last_one_counts() {
        let mut lexer = Lexer::new(b" (one) (two (in\\) ner) )x");
        assert_eq!(lexer.skip_cfws().unwrap(), b"two (in) ner)");
        assert_eq!(lexer.peek(), Some(b'x'));
    }

    #[test]
    fn what_is_not_closed_goes_on_to_the_end() {
        let mut lexer = Lexer::new(b"\"a\\\"b");
        assert_eq!(lexer.quoted(), b"a\"b");
        assert_eq!(lexer.peek(), None);
        assert_eq!(Lexer::new(b"((((").skip_cfws().unwrap(), b"(((");
    }
}
