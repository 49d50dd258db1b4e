//! The search for texts in the body of one message.

use std::collections::VecDeque;

use mime::{Limits, Scanner, Span, Structure, TextDecoder, header, words};

use super::fold::folded;
use super::needle::Needles;
use crate::proto::work::{Product, Work};

/// Octets between two pieces that are read rather than passed over: to ask anew costs about as much.
const GAP: u64 = 32 * 1024;
/// Octets of the header of a part that are searched.
const HEADER_MAX: usize = 64 * 1024;

/// Texts that are looked for in one message, of which only what can hold them is read.
#[derive(Debug)]
pub struct BodySearch {
    needles: Needles,
    /// What is still to be read, in its order.
    pieces: VecDeque<Piece>,
    /// Where in the message the next octet is that comes.
    at: u64,
    /// Where the run ends that was asked for last.
    end: u64,
}

/// A run of the message that is read in one way.
#[derive(Debug)]
struct Piece {
    span: Span,
    how: How,
}

#[derive(Debug)]
enum How {
    /// As it was sent.
    Raw,
    /// The header of the message, as it was sent: its fields are searched elsewhere.
    Header,
    /// The header of a part, collected so far.
    PartHeader(Vec<u8>),
    /// Text.
    Text(Box<TextDecoder>),
}

impl BodySearch {
    /// Through the parts of a message that are text, and all headers.
    pub(crate) fn new(structure: &Structure, needles: Needles) -> Self {
        let mut pieces = VecDeque::new();
        for (at, part) in structure.parts().iter().enumerate() {
            match at {
                0 if needles.read_header() => pieces.push_back(Piece { span: part.header, how: How::Header }),
                0 => {}
                _ => pieces.push_back(Piece { span: part.header, how: How::PartHeader(Vec::new()) }),
            }
            let decoder = TextDecoder::of(part).map(Box::new);
            pieces.extend(decoder.map(|decoder| Piece { span: part.body, how: How::Text(decoder) }));
        }
        pieces.retain(|piece| piece.span.len > 0);
        Self::through(pieces, needles)
    }

    /// The search of a message that is at hand.
    pub(crate) fn whole(bytes: Vec<u8>, needles: Needles) -> Work {
        // to find the structure takes about as long as to look for a text
        let octets = bytes.len().saturating_mul(needles.count().saturating_add(2));
        Work::new(octets, move || {
            let mut scanner = Scanner::new(Limits::default());
            scanner.push(&bytes);
            let mut search = Self::new(&scanner.finish(), needles);
            while let Some(run) = search.next_run() {
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                search.feed(bytes.get(place(run.offset)..place(run.end())).unwrap_or_default());
            }
            Product::Searched(Box::new(search))
        })
    }

    /// Through all octets of a message that nobody parses.
    pub(crate) fn raw(size: u32, needles: Needles) -> Self {
        let span = Span { offset: 0, len: size.into() };
        Self::through(VecDeque::from([Piece { span, how: How::Raw }]), needles)
    }

    fn through(pieces: VecDeque<Piece>, needles: Needles) -> Self {
        BodySearch { needles, pieces, at: 0, end: 0 }
    }

    /// The next run of the message to be fed; none when it is decided which texts are there.
    pub(crate) fn next_run(&mut self) -> Option<Span> {
        // what was asked for and did not come is not there
        self.pieces.retain(|piece| piece.span.offset >= self.end);
        if self.needles.all_found() {
            return None;
        }
        let first = self.pieces.front()?.span;
        let mut end = first.end();
        for Piece { span, .. } in &self.pieces {
            if span.offset > end.saturating_add(GAP) {
                break;
            }
            end = end.max(span.end());
        }
        (self.at, self.end) = (first.offset, end);
        Some(Span::between(first.offset, end))
    }

    /// The next octets of the run.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while let Some(piece) = self.pieces.front_mut().filter(|_| !bytes.is_empty()) {
            let before = piece.span.offset.saturating_sub(self.at);
            let (passed, rest) = split(bytes, before);
            self.at = self.at.saturating_add(passed.len() as u64);
            let (fed, rest) = split(rest, piece.span.end().saturating_sub(self.at));
            self.at = self.at.saturating_add(fed.len() as u64);
            piece.how.feed(fed, &mut self.needles);
            bytes = rest;
            if self.at >= piece.span.end() {
                self.end_piece();
            }
        }
    }

    fn end_piece(&mut self) {
        if let Some(piece) = self.pieces.pop_front() {
            piece.how.end(&mut self.needles);
            self.needles.part();
        }
    }

    /// How many octets are gone through to feed so many.
    pub(crate) fn cost(&self, octets: usize) -> usize {
        octets.saturating_mul(self.needles.count().saturating_add(1))
    }

    /// Which of the texts were there.
    pub(crate) fn found(&self) -> Vec<bool> {
        self.needles.found()
    }
}

impl How {
    fn feed(&mut self, bytes: &[u8], needles: &mut Needles) {
        match self {
            How::Raw => needles.feed(bytes, false),
            How::Header => needles.feed(bytes, true),
            How::PartHeader(header) => {
                let room = HEADER_MAX.saturating_sub(header.len());
                header.extend(bytes.iter().take(room));
            }
            How::Text(decoder) => needles.feed(folded(decoder.push(bytes).into()).as_bytes(), false),
        }
    }

    fn end(self, needles: &mut Needles) {
        match self {
            How::Raw | How::Header => {}
            How::PartHeader(header) => {
                for field in header::fields(&header) {
                    needles.part();
                    needles.feed(field.name, false);
                    needles.feed(b": ", false);
                    needles.feed(folded(words::decode(&field.unfolded())).as_bytes(), false);
                }
            }
            How::Text(decoder) => needles.feed(folded(decoder.finish().into()).as_bytes(), false),
        }
    }
}

/// At most so many octets, and the rest.
fn split(bytes: &[u8], most: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::super::needle::{Collected, Scope};
    use super::*;

    /// Feeds what is asked for, in pieces; which texts were found, and how much was read.
    fn search(mail: &str, scope: Scope, texts: &[&str], size: usize) -> (Vec<bool>, u64) {
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(mail.as_bytes());
        let mut collected = Collected::default();
        for text in texts {
            collected.add(scope, text);
        }
        let mut search = BodySearch::new(&scanner.finish(), collected.compiled(16).unwrap());
        let mut read = 0;
        while let Some(Span { offset, len }) = search.next_run() {
            read += len;
            let run = &mail.as_bytes()[offset as usize..(offset + len) as usize];
            run.chunks(size).for_each(|chunk| search.feed(chunk));
        }
        (search.found(), read)
    }

    fn mixed(attachment: usize) -> String {
        format!(
            "Subject: top\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\n\r\nfirst part\r\n--b\r\nContent-Type: application/zip\r\n\r\n{}\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nlast\r\n--b--\r\n",
            "x".repeat(attachment)
        )
    }

    #[test]
    fn what_can_hold_no_text_is_not_read() {
        let mail = mixed(3_000_000);
        for size in [1 << 20, 7] {
            let (found, read) = search(&mail, Scope::Body, &["FIRST", "last", "xx", "top", "zip"], size);
            assert_eq!(found, [true, true, false, false, true]);
            assert!(read < 300, "{read}");
        }
    }

    #[test]
    fn when_all_is_found_nothing_more_is_read() {
        let mail = mixed(100_000);
        let (found, read) = search(&mail, Scope::Body, &["first"], 100);
        assert_eq!(found, [true]);
        assert!(read < mail.find("xx").unwrap() as u64, "{read}");
    }

    #[test]
    fn what_lies_close_is_read_at_once() {
        let mail = mixed(1000);
        for scope in [Scope::Body, Scope::Whole] {
            for size in 1..50 {
                let (found, _) =
                    search(&mail, scope, &["last", "absent", "partcontent", "subject: top"], size);
                assert_eq!(found, [true, false, false, scope == Scope::Whole], "{scope:?} by {size}");
            }
        }
    }

    #[test]
    fn a_message_without_text_is_decided() {
        assert_eq!(search("", Scope::Whole, &["x", ""], 1), (vec![false, true], 0));
        let mail = "Content-Type: image/png\r\n\r\nx";
        assert_eq!(search(mail, Scope::Body, &["x"], 1), (vec![false], 0));
    }
}
